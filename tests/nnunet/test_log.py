"""What nnU-Net prints while it trains."""

from softcord.nnunet.log import EpochReader

# As nnU-Net 2.8 writes them.
LINES = """
2026-11-22 20:47:03.561012: Using splits from existing split file: preprocessed/splits_final.json
2026-11-22 20:47:07.123456:
2026-11-22 20:47:07.223456: Epoch 0
2026-11-22 20:47:07.323456: Current learning rate: 0.01
2026-11-22 20:47:24.123456: train_loss 0.8093
2026-11-22 20:47:24.223456: val_loss -0.6747
2026-11-22 20:47:24.323456: Pseudo dice [np.float32(0.8125)]
2026-11-22 20:47:24.423456: Epoch time: 17.12 s
2026-11-22 20:47:25.123456: Yayy! New best EMA pseudo Dice: 0.8125
2026-11-22 20:47:26.223456: Epoch 1
2026-11-22 20:47:36.123456: train_loss 1e-05
2026-11-22 20:47:36.223456: val_loss 0.5286
2026-11-22 20:47:36.323456: Pseudo dice [nan]
2026-11-22 20:47:36.423456: Epoch time: 10.19 s
2026-11-22 20:47:37.223456: Epoch 2
2026-11-22 20:47:38.123456: train_loss 0.5
"""


def test_each_whole_epoch_gives_its_losses_and_pseudo_dice() -> None:
    seen = []
    reader = EpochReader(lambda epoch, metrics: seen.append((epoch, dict(metrics))))
    for line in LINES.splitlines():
        reader(line)
    assert seen == [
        (
            0,
            {
                "train/loss": 0.8093,
                "val/loss": -0.6747,
                "val/pseudo_dice": 0.8125,
                "train/epoch_seconds": 17.12,
            },
        ),
        (1, {"train/loss": 1e-05, "val/loss": 0.5286, "train/epoch_seconds": 10.19}),
    ]
