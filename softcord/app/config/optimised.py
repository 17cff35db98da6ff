"""Let Hydra's parser work under ``python -O`` too, which leaves out assertions (and PYTHONOPTIMIZE)."""

import inspect


def keep_parser_assertions() -> None:
    """Compile Hydra's visitor anew with its assertions, where this Python leaves them out.

    Hydra 1.3 takes ``(`` of ``range(1,3)`` and ``:`` of ``{a: 1}`` from its input within assertions.
    """
    if __debug__:
        return
    from hydra.core.override_parser import overrides_parser, overrides_visitor

    code = compile(inspect.getsource(overrides_visitor), "hydra", "exec", dont_inherit=True, optimize=0)
    names = dict(vars(overrides_visitor))
    exec(code, names)
    overrides_parser.HydraOverrideVisitor = names["HydraOverrideVisitor"]  # type: ignore[attr-defined]
