"""How much memory is free, so that a file is refused by its header rather than after it has filled it."""

import os
import resource
from contextlib import suppress
from pathlib import Path

from softcord.errors import DataError

# A file can claim more than it is worth: gzip packs a gigabyte of zeros into a megabyte. Images pack to a
# third and masks to a hundredth, so what unpacks to more than the second number is no image of a cord.
_SMALL_BYTES = 0.8e9
_BYTES_PER_FILE_BYTE = 250


def free_bytes() -> float:
    """Memory that this process may still take: of the machine, its container and its own limit."""
    bounds = [float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))]
    with suppress(OSError, ValueError, IndexError):
        words = Path("/proc/meminfo").read_text(encoding="ascii").split()
        bounds.append(1024.0 * int(words[words.index("MemAvailable:") + 1]))
    with suppress(OSError, ValueError):
        group = Path("/sys/fs/cgroup")
        limit = float((group / "memory.max").read_text(encoding="ascii"))
        bounds.append(limit - float((group / "memory.current").read_text(encoding="ascii")))
    limit_bytes = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit_bytes != resource.RLIM_INFINITY:
        bounds.append(float(limit_bytes))
    return max(0.0, min(bounds))


def refuse_too_large(path: Path, voxels: float, needed_bytes: float, reserve_bytes: float = 0) -> None:
    """Refuse an image for which there is not enough memory, or that claims far more than its file can hold.

    ``needed_bytes`` are what its voxels take, ``reserve_bytes`` what else has to be free.

    Raises:
        DataError: with the sizes.
    """
    claims = f"claims {voxels:.3g} voxels, which take {needed_bytes / 1e9:.3g} GB of memory"
    file_bytes = path.stat().st_size
    if needed_bytes > max(_SMALL_BYTES, _BYTES_PER_FILE_BYTE * file_bytes):
        what = f"{claims}, in a file of {file_bytes / 1e6:.3g} MB"
        raise DataError(path, what, "Its header is damaged, or it is empty: export it again, or crop it")
    if needed_bytes + reserve_bytes > (free := free_bytes()):
        raise DataError(path, claims, f"{free / 1e9:.3g} GB are free here; crop the image first")
