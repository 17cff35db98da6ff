"""The images and labels that a run reads."""
