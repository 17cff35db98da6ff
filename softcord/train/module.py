"""The Lightning module: one net, one loss, Adam with a cosine schedule. Nothing else."""

from typing import Any

import lightning
import torch
from torch import Tensor, nn

from softcord.nets.activation import Activation, activate
from softcord.train.narrow import Narrow


class CordModule(lightning.LightningModule):
    """Train ``net`` to map images to soft cord masks.

    ``loss``, a :class:`~softcord.losses.deep.DeepSupervisionLoss`, compares the net's raw outputs (a list,
    finest first) with soft masks in [0, 1], shape (batch, 1, R-L, A-P, S-I). ``activation`` turns an output
    into a soft mask. ``narrow`` cuts some batches, of training and of validation, to smaller patches;
    ``fused`` updates all weights in one operation. Adam and a cosine schedule per epoch to zero are the
    paper's (section 2.3.5).
    """

    def __init__(
        self,
        net: nn.Module,
        loss: nn.Module,
        activation: Activation,
        learning_rate: float,
        epochs: int,
        narrow: Narrow | None = None,
        fused: bool = True,
    ) -> None:
        super().__init__()
        self.net = net
        self.loss = loss
        self.activation = activation
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.narrow = narrow
        self.fused = fused

    def forward(self, image: Tensor) -> Any:
        """Return the net's raw output."""
        return self.net(image)

    def training_step(self, batch: dict[str, Tensor], index: int) -> Tensor:
        """Loss of one batch of augmented patches."""
        batch = self.narrow(batch, self.current_epoch, index) if self.narrow else batch
        loss: Tensor = self.loss(self.net(batch["image"]), batch["softseg"])
        self._log("train/loss", loss.detach(), batch)
        return loss

    def validation_step(self, batch: dict[str, Tensor], index: int) -> None:
        """Log the loss and the soft Dice of the highest resolution, clipped to [0, 1]."""
        # Of the same size and place in every epoch, so that losses compare.
        batch = self.narrow(batch, 0, self._of_all_ranks(index)) if self.narrow else batch
        output = self.net(batch["image"])
        self._log("val/loss", self.loss(output, batch["softseg"]), batch)
        softseg = activate(output[0], self.activation)
        overlap = 2 * (softseg * batch["softseg"]).sum() + 1
        self._log("val/dice_soft", overlap / (softseg.sum() + batch["softseg"].sum() + 1), batch)

    def _of_all_ranks(self, index: int) -> int:
        """Number of a validation batch among those of all ranks, which take them in turn."""
        return index * self.trainer.world_size + self.trainer.global_rank

    def _log(self, name: str, value: Tensor, batch: dict[str, Tensor]) -> None:
        """Average over the epoch's samples, of all ranks."""
        self.log(name, value, on_step=False, on_epoch=True, batch_size=len(batch["image"]), sync_dist=True)

    def configure_optimizers(self) -> Any:
        """Adam without weight decay; the learning rate falls to zero along a cosine over all epochs."""
        optimizer = torch.optim.Adam(self.parameters(), lr=self.learning_rate, fused=self.fused)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=self.epochs)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "epoch"}}
