"""Predictions made elsewhere: whose they are, whether they can be measured, and programs that make them."""
