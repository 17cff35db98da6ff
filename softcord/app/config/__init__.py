"""From conf/ and a command to a plan of runs."""
