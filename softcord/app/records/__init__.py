"""What a run writes down about itself, in its folder and in the store."""
