"""Where configuration lies: folders of one's own first, then what softcord ships."""

import logging
import os
from pathlib import Path

from softcord.errors import UsageError
from softcord.hints import and_more

# Folders like conf/, separated as those of $PATH are; --config-dir DIR puts one before them.
OWN_CONF = "SOFTCORD_CONF"
# Groups of which softcord ships no option: what a dataset of one's own may need.
OWN_GROUPS = ("contrast", "metric")

logger = logging.getLogger("softcord")


def shipped(name: str) -> Path:
    """Return a folder that softcord ships: inside the installed package, else at the top of the checkout."""
    package = Path(__file__).parents[2]
    inside = package / name
    return inside if inside.is_dir() else package.parent / name


def config_dir() -> Path:
    """Return the conf/ that softcord ships."""
    return shipped("conf")


def use_conf(folder: str) -> None:
    """Read a folder like conf/ first, in this process and those that it starts (``--config-dir``).

    Raises:
        UsageError: it is no folder, or holds no group.
    """
    path = Path(folder).absolute()
    _check_given(path, "--config-dir")
    given = [one for one in os.environ.get(OWN_CONF, "").split(os.pathsep) if one]
    os.environ[OWN_CONF] = os.pathsep.join(dict.fromkeys([str(path), *given]))


def own_confs() -> tuple[Path, ...]:
    """Return the folders of one's own in the order in which they are read, before softcord's.

    Those that were given (``--config-dir``, then ``$SOFTCORD_CONF``), then ``conf`` in the current folder,
    if it is one for softcord, and belongs to who runs this: a folder that somebody else put there may name
    no class.

    Raises:
        UsageError: a given one is no folder, or holds no group.
    """
    given = [Path(one).absolute() for one in os.environ.get(OWN_CONF, "").split(os.pathsep) if one]
    for path in given:
        _check_given(path, f"${OWN_CONF}")
    here = Path("conf").absolute()
    found = [*given, *([here] if _why_unread(here) == "" else [])]
    ours = config_dir().resolve()
    return tuple({path.resolve(): path for path in found if path.resolve() != ours}.values())


def say_own_confs() -> None:
    """Log whose configuration is read before softcord's, what it adds, and what of softcord's it hides."""
    for folder in own_confs():
        files = _options_in(folder)
        added = [f"{path.parent.relative_to(folder)}={path.stem}" for path in files]
        shown = ", ".join(added[:6]) + and_more(len(added) - 6)
        logger.info("%s is read before softcord's own configuration: %s", _shown(folder), shown)
        for path in files:
            if (config_dir() / path.relative_to(folder)).is_file():
                group = path.parent.relative_to(folder)
                logger.warning("%s=%s is %s, not the one that softcord ships", group, path.stem, _shown(path))
    here = Path("conf").absolute()
    if (why := _why_unread(here)) and here not in own_confs() and _options_in(here):
        logger.warning("conf/ in this folder is not read: %s", why)


def groups() -> list[str]:
    """Return the names of all groups, ``hydra/launcher`` among them."""
    names = set(OWN_GROUPS)
    for conf in (*own_confs(), config_dir()):
        for folder in (*conf.glob("*"), *conf.glob("hydra/*")):
            if folder.is_dir() and folder.name not in ("hydra", "experiment", "__pycache__"):
                names.add(folder.relative_to(conf).as_posix())
    return sorted(names)


def options(group: str) -> list[str]:
    """Return the names of a group's options, one's own and softcord's."""
    if group == "experiment":
        return sorted(experiments())
    folders = (conf / group for conf in (*own_confs(), config_dir()))
    return sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})


def option_file(group: str, name: str) -> Path | None:
    """Return the file of an option, one's own before softcord's; None if there is none."""
    for conf in (*own_confs(), config_dir()):
        path = conf / group / f"{name}.yaml"
        # os.path says no where the system refuses a path for its length, or for a character in it.
        if os.path.isfile(path):
            return path
    return None


def own_option_files(group: str) -> dict[str, Path]:
    """Return the files of one's own options of a group by name."""
    files = [path for conf in reversed(own_confs()) for path in sorted((conf / group).glob("*.yaml"))]
    return {path.stem: path for path in files}


def experiments() -> dict[str, Path]:
    """Return the yamls of experiments/ by name: shipped, in this folder, in $SOFTCORD_EXPERIMENTS."""
    extra = os.environ.get("SOFTCORD_EXPERIMENTS")
    folders = [shipped("experiments"), Path("experiments"), *([Path(extra)] if extra else [])]
    folders += [conf / "experiment" for conf in own_confs()]
    return {path.stem: path for folder in folders for path in sorted(folder.glob("**/*.yaml"))}


def _check_given(path: Path, where: str) -> None:
    if not path.is_dir():
        raise UsageError(where, f"{path} is no folder", "Name a folder that holds loss/, model/, data/, …")
    if (path / "config.yaml").exists() and path.resolve() != config_dir().resolve():
        what = f"{path / 'config.yaml'} would take the place of softcord's own"
        raise UsageError(where, what, "Keep options of groups there, and settings of a study in experiments/")
    if not _options_in(path):
        what = f"{path} holds no option of a group"
        raise UsageError(where, what, "An option is a file such as loss/NAME.yaml or model/NAME.yaml in it")


def _why_unread(here: Path) -> str | None:
    """Return why ``conf`` of the current folder is not read, "" where it is, None where there is nothing."""
    if not _options_in(here) or here.resolve() == config_dir().resolve():
        return None
    if (here / "config.yaml").exists():
        return "it has a config.yaml, so it is another program's"
    if here.stat().st_uid != os.geteuid():
        return "it belongs to another user; --config-dir conf reads it, and runs the classes that it names"
    return ""


def _options_in(folder: Path) -> list[Path]:
    known = {*OWN_GROUPS, "hydra/launcher", "hydra/sweeper", "experiment"}
    known |= {path.name for path in config_dir().iterdir() if path.is_dir()} - {"hydra"}
    return [path for group in sorted(known) for path in sorted((folder / group).glob("*.yaml"))]


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
