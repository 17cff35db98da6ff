"""Does a new model measure what the old one did? Masks of the same images, equivalence, one verdict."""
