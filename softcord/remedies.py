"""Ways out of errors and findings, in the words of the library's own arguments.

Whoever calls the library under other names (a command line, a configuration) has words of their own for each:
an application keeps one table from these to those.
"""

from enum import StrEnum


class Remedy(StrEnum):
    """What to do, as the hint of an error or a finding.

    >>> from softcord.errors import DataError
    >>> str(DataError("my-data", "every image is excluded", Remedy.CHECK_EXCLUSIONS))
    'my-data: every image is excluded. Check the list of exclusions and the chosen participants.'
    """

    # The dataset's folder and names
    FIND_ROOT = "Name the folder that holds sub-*"
    OTHER_ROOT = "Name another folder for the dataset"
    CHECK_ROOT = "Check the folder of the dataset"
    MAP_IMAGE_NAMES = "Expected sub-XX/anat/sub-XX_T2w.nii.gz; image_names maps other names"
    SAY_IMAGE_NAMES = "Say by image_names which contrasts they are"
    NAME_THE_CONTRAST = "image_names says which contrast a name is; of two runs only one can be used"
    CONTRAST_OF_NOBODY = "Leave the contrast out, or say by image_names how its images are named"
    PLACE_DERIVATIVES = "Masks belong in its folder labels; derivatives says where else it is"
    SEE_ALL_FINDINGS = "Checking the dataset lists all of them"
    CHOOSE_VOLUME = "Give the mean of the volumes, or choose one of them"
    DOWNLOAD = "Download its content with git annex get"
    # Exclusions, persons and splits
    CHECK_EXCLUSION_FILE = "Check the name of the file with exclusions"
    CHECK_EXCLUSION_ENTRY = "Check the spelling of the entry among the exclusions"
    CHECK_EXCLUSIONS = "Check the list of exclusions and the chosen participants"
    ALL_EXCLUDED = "Check the list of exclusions"
    MAY_NOT_READ = "Ask for permission to read it, or exclude it"
    EXCLUDE_IMAGES = "Exclude them if they cannot be repaired"
    SAME_IMAGE = "Exclude one of them, or say by same_person that both are one person"
    CHECK_SPLIT_FILE = "Check the file of the split"
    CHECK_SPLIT_AND_ROOT = "Check the file of the split and the folder of the dataset"
    # Labels and ground truth
    ADD_HARD_LABELS = "Add the masks under derivatives/labels, or exclude the images"
    BUILD_SOFT_LABELS = "Build soft labels first, or use the hard ones"
    BUILD_BINARISED_LABELS = "Build them first, or use the soft ones"
    SOFT_LABEL_LATER = "It is built from the hard masks when the ground truth is"
    DRAW_A_MASK = "Draw one, say by label_names how masks are named, or exclude the image"
    MASK_IS_SOFT = "A hard mask holds 0 and 1; ask for soft labels if this one is soft"
    MASKS_OF_A_MODEL = "A net trained on them learns from another net: use release r20250310, or soft labels"
    OTHER_REFERENCE = "Add a hard mask of it, or align to a reference that has one"
    TRIM_LESS = "Set a smaller trim_mm, or beyond_reference to True"
    BUILD_SOFT = "Ask for the ground truth called soft"
    # Training and nnU-Net
    LESS_MEMORY = "Lower batch_size, patch_size_mm or the features of the net, whichever your question allows"
    SLOWER = "Lower learning_rate"
    INSTALL_NNUNET = "Install nnunetv2 in an environment of its own, and name the folder of its commands"
    NAME_NNUNET = "Name the folder of its commands"
    # Predictions, measures and comparisons
    OTHER_MASK_FILE = "Write the mask to another file"
    OVERWRITE_MASK = "Set overwrite, or write the mask to another file"
    FIND_PREDICTIONS = "Name the folder that holds the predictions"
    CHECK_PREDICTIONS = "Check the folder of the predictions"
    MEASURE_FIRST = "Measure masks, and write their measures, first"
    ASK_OWN_QUESTIONS = "Measure CSA, or ask questions of your own"
    ALLOW_DIFFERENT = "Leave it out, or set allow_different to True"
    NEW_SEARCH = "Give the new search a name of its own"
    SEE_STORE = "Look into the store"
