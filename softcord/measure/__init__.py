"""Morphometry and metrics of spinal cord masks: NumPy and SciPy only, soft from end to end."""
