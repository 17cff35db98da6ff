"""Predict the test images in their own space and measure them."""
