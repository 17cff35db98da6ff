"""What measures.csv says about how a method was made."""

from softcord.app.config.plan import Plan
from softcord.io.tables import MISSING


def method_labels(plan: Plan) -> dict[str, str]:
    """Return the columns of measures.csv that say which method this is, "n/a" where nothing was trained."""
    of_training = {
        "gt": plan.gt.name,
        "contrasts_trained": " ".join(plan.contrasts),
        "loss": plan.choices["loss" if "loss" in plan.engine.reads else "engine"],
        "seed": str(plan.seed),
    }
    how = of_training if plan.engine.trains else dict.fromkeys(of_training, MISSING)
    return {"method": plan.method, **how}
