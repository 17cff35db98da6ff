"""The library's errors in the words of the command line: the one table from its causes to keys and hints."""

import re
from collections.abc import Mapping

from softcord.errors import SettingError, SoftcordError
from softcord.remedies import Remedy

# The configuration key of an argument of the library, by who takes it.
KEYS: Mapping[tuple[str, str], str] = {
    ("DataSettings", "participants"): "data.participants",
    ("DataSettings", "person_pattern"): "data.person_pattern",
    ("SplitSettings", "train, val, test"): "split.train, split.val, split.test",
    ("SearchSettings", "sampler"): "hydra.sweeper.sampler",
    ("check_dataset", "depth"): "check.depth",
}

HINTS: Mapping[Remedy, str] = {
    Remedy.FIND_ROOT: "Set data.root to the folder that holds sub-*",
    Remedy.OTHER_ROOT: "Set data.root to another folder",
    Remedy.CHECK_ROOT: "Check data.root",
    Remedy.MAP_IMAGE_NAMES: "Expected sub-XX/anat/sub-XX_T2w.nii.gz; data.image_names maps other names",
    Remedy.SAY_IMAGE_NAMES: "Say with data.image_names which contrasts they are",
    Remedy.NAME_THE_CONTRAST: (
        "data.image_names says which contrast a name is; of two runs only one can be used"
    ),
    Remedy.CONTRAST_OF_NOBODY: (
        "Leave it out of contrasts, or say with data.image_names how its images are named"
    ),
    Remedy.PLACE_DERIVATIVES: "Masks belong in its folder labels; data.derivatives says where else it is",
    Remedy.SEE_ALL_FINDINGS: "`softcord check` lists all of them",
    Remedy.CHOOSE_VOLUME: "Give the mean, or -volume N (the first is 0)",
    Remedy.DOWNLOAD: "Download it with `softcord fetch` or `git annex get`",
    Remedy.CHECK_EXCLUSION_FILE: "Check data.exclude",
    Remedy.CHECK_EXCLUSION_ENTRY: "Check the entry's spelling in data.exclude",
    Remedy.CHECK_EXCLUSIONS: "Check data.exclude and data.participants",
    Remedy.ALL_EXCLUDED: "Check data.exclude",
    Remedy.MAY_NOT_READ: "Ask for permission, or leave it out with data.exclude",
    Remedy.EXCLUDE_IMAGES: "Leave them out with data.exclude if they cannot be repaired",
    Remedy.SAME_IMAGE: (
        "Leave one out with data.exclude, or tell that both are one person with data.same_person"
    ),
    Remedy.CHECK_SPLIT_FILE: "Check split.file",
    Remedy.CHECK_SPLIT_AND_ROOT: "Check split.file and data.root",
    Remedy.ADD_HARD_LABELS: "Add the masks under derivatives/labels, or name the images in data.exclude",
    Remedy.BUILD_SOFT_LABELS: "Build soft labels with `softcord prepare`, or set gt=hard",
    Remedy.BUILD_BINARISED_LABELS: "Build them with `softcord prepare`, or set gt=soft",
    Remedy.SOFT_LABEL_LATER: "`softcord prepare` builds it from the hard masks; training does so by itself",
    Remedy.DRAW_A_MASK: (
        "Draw one, say with data.label_names how masks are named, or name the image in data.exclude"
    ),
    Remedy.MASK_IS_SOFT: "A hard mask holds 0 and 1; use gt=soft if this one is soft",
    Remedy.MASKS_OF_A_MODEL: (
        "A net trained on them learns from another net: use release r20250310 "
        "(`softcord fetch dataset=spine_generic version=r20250310`), or gt=soft"
    ),
    Remedy.OTHER_REFERENCE: "Add a hard mask of it, or set gt.reference to a contrast that has one",
    Remedy.TRIM_LESS: "Set a smaller gt.trim_mm, or gt.beyond_reference=true",
    Remedy.BUILD_SOFT: "Set gt=soft",
    Remedy.LESS_MEMORY: (
        "Lower train.batch_size, train.patch_size_mm or model.features, whichever your question allows"
    ),
    Remedy.SLOWER: "Lower train.learning_rate",
    Remedy.INSTALL_NNUNET: (
        "Run `make nnunet`, or install nnunetv2 in its own environment and set machine.nnunet to its bin"
    ),
    Remedy.NAME_NNUNET: "Set machine.nnunet",
    Remedy.OTHER_MASK_FILE: "Name another file with -o",
    Remedy.OVERWRITE_MASK: "-overwrite replaces it; or name another file with -o",
    Remedy.FIND_PREDICTIONS: "Set path to the folder that holds the predictions",
    Remedy.CHECK_PREDICTIONS: "Check path",
    Remedy.MEASURE_FIRST: "Run `softcord evaluate` or `softcord measure` first",
    Remedy.ASK_OWN_QUESTIONS: "Measure CSA, or name compare.questions",
    Remedy.ALLOW_DIFFERENT: "Leave it out, or allow it with compare.allow_different=true",
    Remedy.NEW_SEARCH: "Add study=NAME or variant=WORD for a new search",
    Remedy.SEE_STORE: "`softcord ui` shows what is there",
}

# Longest first: one may begin as another does.
_ANY = re.compile("|".join(re.escape(one) for one in sorted(HINTS, key=len, reverse=True)))


def told(error: SoftcordError) -> str:
    """Return an error's line as the command line says it: keys for arguments, its own ways out."""
    if isinstance(error, SettingError) and (key := KEYS.get((error.owner, error.setting))):
        error = type(error)(error.owner, error.setting, error.what, error.hint, where=key)
    return with_keys(str(error))


def with_keys(text: str) -> str:
    """Return a text with each of the library's ways out in the words of the command line."""
    return _ANY.sub(lambda found: HINTS[Remedy(found[0])], text)
