"""Of Optuna: a trial that another process has asked for."""

import optuna


def trial_of(study: optuna.Study, frozen: optuna.trial.FrozenTrial) -> optuna.trial.Trial:
    """Return a trial that can report, from the one that a database knows."""
    return optuna.trial.Trial(study, frozen._trial_id)
