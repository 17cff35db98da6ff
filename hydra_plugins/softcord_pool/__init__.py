"""Hydra finds plugins in this namespace only: the launcher that runs each job in a process of its own."""
