"""The soft ground truth: hard masks of several contrasts, aligned, averaged and brought back."""
