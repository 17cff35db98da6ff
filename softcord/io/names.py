"""Names of files: of an image without its extension, of its sidecar, and of anything that has a name."""

import hashlib
import re
from pathlib import Path
from urllib.parse import unquote_to_bytes

NIFTI_EXTENSIONS = (".nii.gz", ".nii")
# Beyond this, file systems refuse the name once an extension is added.
LONGEST = 180
_CUT = "%%"


def is_nifti(path: Path | str) -> bool:
    """Whether the name is that of a NIfTI file."""
    return str(path).endswith(NIFTI_EXTENSIONS)


def nifti_stem(path: Path | str) -> str:
    """Return a file's name without ``.nii.gz`` or ``.nii``; other names stay as they are.

    >>> nifti_stem("anat/sub-01_T2w.nii.gz"), nifti_stem("v1.2_t2.nii")
    ('sub-01_T2w', 'v1.2_t2')
    """
    name = Path(path).name
    for extension in NIFTI_EXTENSIONS:
        if name.endswith(extension):
            return name.removesuffix(extension)
    return name


def sidecar_of(image: Path) -> Path:
    """Return where the JSON sidecar of a NIfTI file lies.

    >>> sidecar_of(Path("anat/sub-01_T2w.nii.gz")).as_posix()
    'anat/sub-01_T2w.json'
    """
    return image.with_name(f"{nifti_stem(image)}.json")


def file_name(name: str, extension: str = "") -> str:
    """Turn any name (of a method, a run, a question) into a file's name, never a path.

    Letters, digits and most signs stay; the rest, control characters and slashes among it, is written as
    ``%`` and two hexadecimal digits a byte, so that two names never meet in one file (where the file system
    tells capitals from small letters) and :func:`name_of` finds the name again. Of a very long name the
    beginning and a checksum are left.

    >>> file_name("soft_all_epsilon0.5", ".csv"), file_name("a/b: is A < B?"), file_name("..")
    ('soft_all_epsilon0.5.csv', 'a%2Fb%3A is A %3C B%3F', '%2E.')
    """
    written = re.sub(r"[^A-Za-z0-9_.=+,@() -]", _percent, name)
    # A dot hides the file or is a folder, a hyphen is an option; spaces at the ends get lost.
    written = re.sub(r"^[.\- ]|[ ]$", _percent, written) or "%"
    if len(written) > LONGEST:
        digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:16]
        written = f"{written[: LONGEST - 18]}{_CUT}{digest}"
    return written + extension


def name_of(file: str) -> str:
    """Return the name that :func:`file_name` wrote, without an extension.

    Raises:
        ValueError: it was too long to be written whole.

    >>> name_of(file_name("méthode 1/2"))
    'méthode 1/2'
    """
    if _CUT in file:
        raise ValueError(f"{file}: is the beginning of a longer name")
    return "" if file == "%" else unquote_to_bytes(file).decode(errors="surrogatepass")


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode(errors="surrogatepass"))
