"""What ``--help`` of the verbs that take ``key=value`` says first: usage, three examples, usual keys."""

from dataclasses import dataclass

# Said alike wherever a verb has the key.
_YOURS = "data=bids data.root=PATH   your images; without it a phantom dataset"
_CONTRASTS = "contrasts=[T1w,T2w]        the contrasts that are used; 2, 4 and 6 are the paper's sets"
_STUDY = "study=NAME                 results lie in outputs/NAME and are compared with each other"
_MEASURED = "reference=hard             the ground truth it is measured against: soft (default), hard"
_THREADS = "machine.threads=2          machine.jobs=2 machine.accelerator=gpu: what it runs on"
_PATHS = "paths.data=DIR             where phantoms and cached volumes lie; paths.outputs=DIR: results"


@dataclass(frozen=True)
class VerbHelp:
    """One verb: what it does, its own words after ``softcord VERB``, examples and usual keys, a line each."""

    what: str
    examples: tuple[str, str, str]
    keys: tuple[str, ...]
    words: str = "[key=value ...]"
    note: str = ""


VERB_HELP = {
    "train": VerbHelp(
        "train, predict, measure and record one method, or each of a sweep",
        (
            "softcord train -m gt=soft,hard loss=awing,dicece",
            "softcord train data=bids data.root=my-data gt=hard reference=hard contrasts=2 study=mine",
            "softcord train experiment=synthetic_then_real data.root=my-data train.start_from=synthetic-v2",
        ),
        (
            _YOURS,
            _CONTRASTS,
            "gt=soft                    soft, hard, soft_bin: learnt from; reference=hard: measured against",
            "loss=awing                 awing, dicece, dice or your own",
            "model=small                small, small_deep, nnunet or your own",
            "augment=light              none, light, paper, …; train=demo, laptop, paper, finetune",
            "split.hold_out_test=[sub-01]   who tests; drawn by a seed without it",
            "seed=1                     replicates: -m seed=1,2,3",
            _STUDY,
            _THREADS,
        ),
    ),
    "prepare": VerbHelp(
        "build the soft ground truth from the hard masks of several contrasts",
        (
            "softcord prepare data=bids data.root=my-data",
            "softcord prepare data=bids data.root=my-data 'contrasts=[T1w,T2w,T2star]'",
            "softcord prepare data=bids data.root=my-data gt.alignment=rigid",
        ),
        (
            _YOURS,
            _CONTRASTS,
            "gt.reference=T2w           the contrast whose space the others are aligned to",
            "gt.alignment=translation   rigid: rotation too",
            "gt.weighting=fov           fov, equal, user: how much each contrast counts in a voxel",
            "levels=2:3                 vertebral levels of the CSA that is reported",
            _THREADS,
        ),
        note="The labels lie in DATASET/derivatives/labels_softseg, a report beside them.",
    ),
    "phantom": VerbHelp(
        "write the synthetic dataset",
        (
            "softcord phantom",
            "softcord phantom phantom=tiny",
            "softcord phantom phantom=full phantom.seed=7 paths.data=elsewhere",
        ),
        (
            "phantom=demo               tiny (seconds), demo (60 people), full (267); sci_t2w, flair, …",
            "phantom.n_participants=12  how many people",
            "phantom.seed=2024          other people",
            _PATHS,
            _THREADS,
        ),
    ),
    "evaluate": VerbHelp(
        "test trained methods on another dataset",
        (
            "softcord evaluate model=mine/soft_all data=bids data.root=other-data study=other",
            "softcord evaluate model=synthetic-v2 data=bids data.root=my-data reference=hard study=other",
            "softcord evaluate -m model=mine/A,mine/B data=bids data.root=other-data study=other",
        ),
        (
            "model=STUDY/METHOD         a trained method, a package, or a built-in model (synthetic-v2)",
            _YOURS,
            "tested_contrasts=[T2w]     only these; all that are there without it",
            _MEASURED,
            "evaluate.participants=all  test: only the test list of the dataset's split",
            "levels=2:3                 vertebral levels of the CSA",
            _STUDY,
            _THREADS,
        ),
    ),
    "compare": VerbHelp(
        "paired statistics, tables, figures and report of a study",
        (
            "softcord compare study=mine",
            "softcord compare study=mine compare.reference=GT_soft compare.correction=holm",
            "softcord compare 'compare.measures=[a.csv,b.csv]' study=theirs",
        ),
        (
            "study=NAME                 whose finished runs are compared; written into outputs/NAME",
            "compare.measures=[a.csv]   tables to compare instead",
            "compare.reference=METHOD   what all others are compared with; all pairs without it",
            "compare.correction=bonferroni   bonferroni, holm, none",
            "compare.breakdown=[sex]    also by columns of participants.tsv",
            "compare.people=PATH        a BIDS folder with participants.tsv; as the runs recorded it without",
            "compare.questions=[...]    your own instead of the paper's (docs/statistics.md)",
            "compare.qc=12              how many images the visual check shows, worst first",
            "compare.overlays=0         how many participants the overlay figure shows",
        ),
    ),
    "check": VerbHelp(
        "look through a dataset and report what is missing, misnamed or inconsistent; changes nothing",
        (
            "softcord check data=bids data.root=my-data",
            "softcord check data=bids data.root=my-data gt=hard 'contrasts=[T1w,T2w]'",
            "softcord check data=bids data.root=my-data check.depth=names check.bids=true",
        ),
        (
            "data.root=PATH             the dataset",
            "gt=soft                    soft, hard: which labels a study of yours needs",
            _CONTRASTS,
            "check.depth=voxels         names: file names and sidecars; headers: those too; voxels: all",
            "check.bids=true            ask the official BIDS validator too, where it is installed",
            _PATHS,
        ),
        "data=bids data.root=PATH [key=value ...]",
        "Exit code 3: something that a study with this gt and these contrasts needs is missing or broken.",
    ),
    "fetch": VerbHelp(
        "download the files of a dataset that a study needs, with git and git-annex",
        (
            "softcord fetch dataset=spine_generic contrasts=T1w,T2w gt=hard",
            "softcord fetch dataset=spine_generic participants=sub-amu01,sub-amu02",
            "softcord fetch dataset=bids url=ADDRESS version=TAG root=my-data",
        ),
        (
            "dataset=spine_generic      the public dataset; dataset=bids: any other",
            "version=r20250310          the release: a tag or branch",
            "contrasts=T1w,T2w          only these (2, 4, 6 or names); left out: the study's",
            "participants=sub-a,sub-b   only these; left out: everybody",
            "gt=hard                    hard masks instead of soft labels",
            "root=PATH                  where to",
            "url=ADDRESS                where from, of dataset=bids",
        ),
        "dataset=NAME [key=value ...]",
        "Repeat the command after an interruption: what is here already is not downloaded again.",
    ),
    "ingest": VerbHelp(
        "adopt a method's predictions, or run a known program, and measure it",
        (
            "softcord ingest method=theirs path=masks data=bids data.root=my-data reference=hard study=mine",
            "softcord ingest method=theirs path=masks 'pattern={participant}_{contrast}.nii.gz' study=mine",
            "softcord ingest method=sct_deepseg_spinalcord data=bids data.root=my-data study=mine",
        ),
        (
            "method=NAME                what the method is called in tables",
            "path=FOLDER                its predictions: one mask an image, named as in BIDS derivatives",
            "pattern=...                or named otherwise: {participant}, {session}, {contrast},",
            "                           {image} (its name without extension) and * for anything",
            "method=PROGRAM             without path=, run on each test image:",
            "                           {tools}",
            _YOURS,
            _MEASURED,
            "tested_contrasts=[T2w]     only these; all that are there without it",
            "split.hold_out_test=[sub-01]   who is tested; split=all_test: everybody",
            _STUDY,
        ),
        "method=NAME [path=FOLDER] [key=value ...]",
    ),
}
