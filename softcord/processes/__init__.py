"""Other processes: workers, programs of others, and this one's garbage collector."""
