"""Cords drawn from formulas: unlimited label maps and images to train on, without a patient."""
