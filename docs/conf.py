"""The documentation as a site: `python -m sphinx -W -c docs . build/docs`.

What is read is what lies in the repository: README.md, the pages of docs, the studies.
"""

from __future__ import annotations

import re
from typing import Any

project = "qexp"
extensions = ["myst_parser"]
include_patterns = [
    "README.md",
    "docs/**.md",
    "experiments/**README.md",
    "benchmarks/README.md",
]
root_doc = "docs/index"
myst_heading_anchors = 3
html_theme = "furo"
html_title = "qexp"
html_show_copyright = False

_ROW = re.compile(r"^\| (?!to \||---)(?P<caption>[^|]+) \| (?P<links>.+) \|$", re.M)
_LINK = re.compile(r"\]\((?P<page>[^)#]+\.md)\)")


def navigation(index: str) -> str:
    """The site's navigation, which is the table of the first page.

    Args:
        index: That page's text.

    Returns:
        A table of contents for each row, which does not show on the page itself.
    """
    made = []
    for row in _ROW.finditer(index):
        pages = "\n".join(_LINK.findall(row["links"]))
        caption = row["caption"].capitalize()
        made.append(f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{pages}\n```\n")
    return "\n".join(made)


def _add_navigation(_: Any, name: str, content: list[str]) -> None:
    if name == root_doc:
        content[0] += f"\n{navigation(content[0])}"


def setup(app: Any) -> None:
    """Sphinx asks for what is to be done while it reads."""
    app.connect("source-read", _add_navigation)
