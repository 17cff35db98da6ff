"""From an image to a soft cord mask in the image's own space."""
