"""One file a verb: its SUMMARY and its main."""
