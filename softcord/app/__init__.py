"""The application: command line, Hydra and everything that turns a configuration into library calls."""
