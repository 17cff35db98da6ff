"""Many runs: which, in what order, how far."""
