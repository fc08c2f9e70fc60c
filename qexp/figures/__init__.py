"""Pictures of a run: measured outcomes, the circuit, the scores; of a sweep: its effects.

Every picture is a pure function that returns a ``matplotlib`` ``Figure``; ``png``, ``svg``
and ``pdf`` turn one into bytes. Nothing here touches the global state of ``pyplot``.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["pdf", "png", "svg"]


def png(figure: Figure) -> bytes:
    """Return the figure as PNG; the same figure gives the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = BytesIO()
    # The software field would name the matplotlib version.
    FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()


def svg(figure: Figure) -> bytes:
    """Return the figure as SVG with its letters as outlines; same figure, same bytes."""
    from matplotlib import rc_context

    buffer = BytesIO()
    # Without a salt the identifiers inside would be random.
    with rc_context({"svg.hashsalt": "qexp", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def pdf(figure: Figure) -> bytes:
    """Return the figure as PDF with TrueType letters; same figure, same bytes."""
    from matplotlib import rc_context

    buffer = BytesIO()
    nothing = {"CreationDate": None, "Creator": None, "Producer": None}
    # Many journals refuse the Type 3 fonts that are matplotlib's default.
    with rc_context({"pdf.fonttype": 42}):
        figure.savefig(buffer, format="pdf", metadata=nothing)
    return buffer.getvalue()
