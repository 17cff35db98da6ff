"""The wheel is what users get: it holds everything, and works where there is no checkout."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable
from importlib.metadata import PathDistribution
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

import softcord
from tests.alone import ALONE, may_be_alone
from tests.quick import HEADLINE

ROOT = Path(__file__).parents[1]
# Where each folder of the checkout lies in the wheel.
PLACES = {
    "softcord": "softcord",
    "hydra_plugins": "hydra_plugins",
    "conf": "softcord/conf",
    "experiments": "softcord/experiments",
}

pytestmark = pytest.mark.slow
Run = Callable[..., str]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel made of a source distribution that is made of the checkout, so that this is whole as well."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        capture_output=True,
        check=True,
    )
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel, and what it depends on from the present one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index"]
    subprocess.run([*pip, str(wheel)], capture_output=True, check=True)
    # The folder is added, but not what its own .pth files name: no editable install of the checkout.
    paths = folder / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages" / "dependencies.pth"
    paths.write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing in it but what the tests below write."""
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def run(installed: Path, elsewhere: Path) -> Run:
    """Run a program of the environment without network, checkout and home; return what it prints."""
    if not may_be_alone():
        pytest.skip("network namespaces are not allowed here")
    kept = {"PATH", "OMP_NUM_THREADS", "MKL_NUM_THREADS"}
    environment = {name: value for name, value in os.environ.items() if name in kept}

    def run_one(program: str, *words: str) -> str:
        done = subprocess.run(
            [*ALONE, str(installed.with_name(program)), *words],
            cwd=elsewhere,
            env={**environment, "HOME": str(elsewhere / "home")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{program} {' '.join(words)}\n{done.stdout}{done.stderr[-3000:]}"
        return done.stdout

    return run_one


def test_every_file_of_the_checkout_that_softcord_reads_is_in_the_wheel(wheel: Path) -> None:
    ours = {
        f"{place}/{path.relative_to(ROOT / folder).as_posix()}"
        for folder, place in PLACES.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    names = set(zipfile.ZipFile(wheel).namelist())
    assert ours - names == set()
    assert {name for name in names - ours if ".dist-info/" not in name} == set()
    # The walk above finds what there is; these have to be there at all.
    for name in (
        *("softcord/py.typed", "softcord/conf/config.yaml", "softcord/experiments/fig5_baselines.yaml"),
        *(
            "softcord/measure/norms/t2w.csv",
            "softcord/drift/present.csv",
            "softcord/report/templates/page.html",
        ),
        *("softcord/models/synthetic-v2/weights.safetensors", "hydra_plugins/softcord_pool/launcher.py"),
    ):
        assert name in names


def test_the_wheel_names_its_version_and_licence(installed: Path) -> None:
    found = list(installed.parents[1].glob("lib/python*/site-packages/softcord-*.dist-info"))
    assert len(found) == 1
    assert PathDistribution(found[0]).version == softcord.__version__
    assert (found[0] / "licenses" / "LICENSE").exists()


def test_what_is_imported_is_the_wheel(run: Run, installed: Path) -> None:
    code = "import softcord, hydra_plugins.softcord_pool as pool; print(softcord.__file__, pool.__file__)"
    for path in run("python", "-c", code).split():
        assert Path(path).is_relative_to(installed.parents[1])


def test_help_needs_no_checkout(run: Run) -> None:
    assert "predict" in run("softcord", "--help")
    assert softcord.__version__ in run("softcord", "--version")
    everything = run("python", "-m", "softcord.train", "--help", "--all")
    for choice in ("dicece", "fig5_baselines", "synthetic", "softcord_optuna"):
        assert choice in everything


def test_the_headline_study_runs_to_its_report_and_an_image_of_it_is_segmented(
    run: Run, elsewhere: Path
) -> None:
    run(
        "python",
        "-m",
        "softcord.train",
        *HEADLINE,
        "study=wheel",
        "hydra/launcher=pool",
        "hydra.launcher.n_jobs=1",
    )
    run("python", "-m", "softcord.compare", "study=wheel", "machine.threads=1")
    assert len(list(elsewhere.glob("outputs/wheel/*/measures.csv"))) == 4
    assert (elsewhere / "outputs/wheel/report.html").exists()
    image = next(elsewhere.glob("data/**/sub-*/anat/*_T2w.nii.gz"))
    run("softcord", "predict", "-i", str(image), "-o", "softseg.nii.gz", "-threads", "1")
    softseg = nib.nifti1.load(elsewhere / "softseg.nii.gz")
    assert softseg.shape == nib.nifti1.load(image).shape
    assert np.asarray(softseg.dataobj).max() > 0.9
    run("softcord", "measure", "-i", "softseg.nii.gz", "-o", "csa.csv")
    assert (elsewhere / "csa.csv").exists()
