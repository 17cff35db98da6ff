"""Pictures of images and masks, and figures as files: for every page that shows them."""
