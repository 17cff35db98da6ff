"""What one run does from its start to its end."""
