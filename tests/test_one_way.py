"""What is done in one place, so that it is done safely: tables, the terminal, and reading others' files."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = {
    str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
    for folder in ("softcord", "hydra_plugins")
    for path in sorted((ROOT / folder).rglob("*.py"))
}
TABLES = {"to_csv", "to_latex", "to_markdown", "to_excel", "to_html", "to_json", "writerow", "writerows"}
# They make objects of what is in a file, of any class that it names.
OBJECTS = {
    *("pickle", "cloudpickle", "dill", "shelve", "marshal", "joblib.load", "read_pickle", "np.fromregex"),
    *("yaml.unsafe_load", "yaml.full_load", "yaml.load_all"),
}
# Of a process that softcord itself has started, through a pipe that nobody else has.
OWN_PIPE = "hydra_plugins/softcord_pool/worker.py"
# Runs in nnU-Net's environment, which lacks softcord; its answers are JSON, and it refuses all but weights.
NNUNET = "softcord/nnunet/predict_images.py"


def dotted(node: ast.AST) -> str:
    """Return ``module.name`` or ``name``; of what is computed only the last name."""
    if isinstance(node, ast.Attribute):
        return f"{node.value.id}.{node.attr}" if isinstance(node.value, ast.Name) else f".{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


CALLS = [
    (path, dotted(node.func), node)
    for path, tree in SOURCES.items()
    for node in ast.walk(tree)
    if isinstance(node, ast.Call)
]


def keyword(call: ast.Call, name: str) -> str | None:
    return next((ast.unparse(one.value) for one in call.keywords if one.arg == name), None)


def test_there_is_something_to_look_through() -> None:
    assert len(SOURCES) > 200
    assert any(name == "torch.load" for _, name, _ in CALLS)


def test_tables_are_written_by_one_writer() -> None:
    writers = {path for path, name, _ in CALLS if name.rpartition(".")[2] in TABLES}
    assert writers == {"softcord/io/tables.py"}


def test_verbs_speak_to_the_terminal_through_one_module() -> None:
    speakers = {path for path, name, _ in CALLS if name == "print"}
    assert speakers == {"softcord/app/console/streams.py", NNUNET}


def test_weights_and_arrays_are_read_as_numbers_only() -> None:
    for path, name, call in CALLS:
        if name == "torch.load":
            assert keyword(call, "weights_only") == "True", path
        if name == "yaml.load":
            assert "SafeLoader" in ast.unparse(SOURCES[path]), path
            assert keyword(call, "Loader") == "loader", path
        if name in ("np.load", "numpy.load"):
            assert keyword(call, "allow_pickle") in (None, "False"), path


def test_nothing_makes_objects_of_what_a_file_says() -> None:
    for path, tree in SOURCES.items():
        if path not in (OWN_PIPE, NNUNET):
            names = {dotted(node) for node in ast.walk(tree)}
            imports = {
                alias.name
                for node in ast.walk(tree)
                if isinstance(node, ast.Import | ast.ImportFrom)
                for alias in node.names
            }
            assert not (names | imports) & OBJECTS, path


def test_text_is_run_as_code_only_where_softcord_writes_it() -> None:
    assert {path for path, name, _ in CALLS if name in ("eval", "exec")} <= {
        "softcord/app/config/optimised.py"
    }
