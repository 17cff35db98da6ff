"""Networks, and the activations that turn their raw output into a soft mask."""
