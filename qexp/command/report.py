"""The verb `report`: what sweeps found, on one page."""

from __future__ import annotations

from pathlib import Path

from qexp.command import loaded
from qexp.command.chosen import split
from qexp.errors import ConfigError
from qexp.findings import story
from qexp.shown.screen import Screen

OUT = "out"


def report(arguments: list[str], screen: Screen) -> int:
    """Write the page about a sweep, or about several.

    Returns:
        The exit status.

    Raises:
        QexpError: There is no such sweep, or the page cannot be written.
    """
    names, values, _ = split(arguments, "report", more=(OUT,))
    uri = values.get("tracking.uri")
    wanted: list[str | None] = [*names] or [None]
    found = [loaded.findings(name, uri) for name in wanted]
    file = Path(values.get(OUT, "report.html"))
    with screen.step("drawing"):
        made = story.page_of(found)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(made)
    except OSError as error:
        raise ConfigError(
            f"out = {file}: cannot be written ({error.strerror})."
        ) from error
    for one in found:
        screen.line(f"{one.gathered.title} ({one.gathered.sweep})")
        if one.told:
            screen.line(one.told)
        screen.line()
    screen.line(f"see it    {file.absolute()}")
    return 0
