"""What is said of a series of volumes where one is wanted."""

from softcord.errors import DataError

CHOOSE_VOLUME = "Give the mean, or choose one of the volumes"


class SeriesError(DataError):
    """A series of volumes stands where one volume is wanted."""
