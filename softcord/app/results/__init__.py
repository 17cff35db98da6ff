"""What reports and pages are made of."""
