"""The real nnU-Net v2, in a process and an environment of its own: export, plan, train, predict."""
