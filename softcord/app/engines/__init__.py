"""What makes masks, one file an engine."""
