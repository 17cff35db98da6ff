"""Paired statistics over tidy measures: who is better, by how much, and whom the test left out."""
