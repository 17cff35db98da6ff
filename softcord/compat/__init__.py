"""Private parts of other packages that softcord cannot do without, one file a package.

Each is the smallest piece that does what no public part does. tests/test_compat.py tells which of them a new
release has changed.
"""
