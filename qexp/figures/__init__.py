"""Pictures of a run: measured outcomes, the circuit, the scores.

Every picture is a pure function that returns a ``matplotlib`` ``Figure``; ``png`` turns
one into bytes. Nothing here touches the global state of ``pyplot``.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["png"]


def png(figure: Figure) -> bytes:
    """Return the figure as PNG; the same figure gives the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = BytesIO()
    # The software field would name the matplotlib version.
    FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()
