"""The experiment store. Only this package knows MLflow."""
