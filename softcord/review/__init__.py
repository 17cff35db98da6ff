"""Look at every mask of a dataset and rate it: pictures, the page, its server, and the ratings as files."""
