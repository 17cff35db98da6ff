"""What is said of a series of volumes where one is wanted."""

from softcord.errors import DataError


class SeriesError(DataError):
    """A series of volumes stands where one volume is wanted."""
