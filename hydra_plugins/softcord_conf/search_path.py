"""Let Hydra read one's own conf/ before softcord's."""

# Hydra imports every plugin at its start, and without entering it in sys.modules: keep imports light, and no
# `from __future__ import annotations`.
from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin


class OwnConfSearchPath(SearchPathPlugin):
    """Puts one's own folders first, where softcord composes; other Hydra programs are left alone."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Prepend the folders."""
        from softcord.app.own.folders import config_dir, own_confs

        paths = [str(element.path).removeprefix("file://") for element in search_path.get_path()]
        if str(config_dir()) not in paths:
            return
        for folder in reversed(own_confs()):
            search_path.prepend("own", f"file://{folder}")
