"""A synthetic cervical spine dataset with known truth, written in the layout of real data."""
