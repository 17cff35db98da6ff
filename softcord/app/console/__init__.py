"""What the person at the terminal sees: exit codes, flags, progress, words."""
