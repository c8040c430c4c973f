"""A share over time as a line with dots, from 0 to 100 %."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reporting.charts.bars import HEIGHT, PAPER_LEFT, PAPER_WIDTH, TOP, level
from reporting.charts.svg import chart, element


@dataclass(frozen=True, slots=True)
class Dot:
    """A share from 0 to 1, and the words under the pointer."""

    share: float
    title: str


def share_line(dots: Sequence[Dot | None], title: str) -> Markup:
    """The dots evenly spread; the line is broken where there is none."""
    base = TOP + HEIGHT
    step = (PAPER_WIDTH - PAPER_LEFT) / len(dots)
    parts = [level(half / 2, f"{half * 50} %") for half in range(3)]
    path, pen = "", "M"
    for place, dot in enumerate(dots):
        if dot is None:
            pen = "M"
            continue
        x, y = PAPER_LEFT + (place + 0.5) * step, base - HEIGHT * dot.share
        path += f"{pen}{x:.1f} {y:.1f}"
        pen = "L"
        parts.append(element("circle", element("title", dot.title), class_="dot", cx=x, cy=y, r=2.6))
    return chart(PAPER_WIDTH, base + 8, title, [*parts, element("path", class_="line", d=path or "M0 0")])
