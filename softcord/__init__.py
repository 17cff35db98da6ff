"""Soft, contrast-agnostic spinal cord segmentation studies: train, measure and compare."""

__version__ = "0.1.0"
