"""The user's `conf` folder on Hydra's search path, in qexp's own runs only.

Hydra imports this in every application of an environment, so it is small and imports
nothing but Hydra and a module that imports nothing.
"""

from __future__ import annotations

from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin

from qexp import userconf

SCHEME = "qexp-groups"


class GroupsOnly(FileConfigSource):
    """A folder whose groups count, but not the files at its top.

    A `qexp.yaml` or `config.yaml` that lies there belongs to another project and must
    not replace the built-in primary config.
    """

    @staticmethod
    def scheme() -> str:
        """The scheme in a search path."""
        return SCHEME

    def is_config(self, config_path: str) -> bool:
        """Whether a path is a config inside a group."""
        return "/" in config_path and super().is_config(config_path)


class UserConf(SearchPathPlugin):
    """Puts the user's folder before the built-in one."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Prepend the folder, if qexp is running and there is one."""
        folder = userconf.active()
        if folder is not None:
            search_path.prepend(provider="user", path=f"{SCHEME}://{folder}")
