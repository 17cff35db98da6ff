"""Train one network: settings, data loading, the Lightning module and the function that everyone calls."""
