"""Hydra finds plugins in this namespace only: the folders of one's own configuration."""
