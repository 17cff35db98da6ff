"""Studies: which runs there are, which are done, which failed."""
