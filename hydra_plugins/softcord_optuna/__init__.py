"""Hydra finds plugins in this namespace only: the sweeper that searches with Optuna."""
