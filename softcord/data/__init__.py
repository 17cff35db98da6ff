"""Datasets: index, labels, splits, checks, cached volumes."""
