"""What can be wrong with a dataset, one file per kind of check."""
