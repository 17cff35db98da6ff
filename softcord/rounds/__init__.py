"""Rounds of predicting, correcting and training again: what to correct, what came back, what changed."""
