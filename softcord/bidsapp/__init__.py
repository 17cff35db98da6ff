"""A derivatives dataset as BIDS-Apps leave one: description, methods, a page per participant and an index."""
