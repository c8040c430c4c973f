"""Bars that a score must clear: each holds or is missed, with the figure beside it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from reporting.wording.durations import duration
from urbansense.evaluation.scoring.grading.score import Score


class Bar(NamedTuple):
    """One bar in words: `recall 0.9950 of at least 0.98`."""

    words: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Bars:
    """What is asked of a score; None asks nothing. `max_false` is per 1,000 device-days."""

    min_recall: float | None = None
    min_precision: float | None = None
    max_delay_p95_ms: int | None = None
    max_false: float | None = None

    def judge(self, score: Score) -> Iterator[Bar]:
        """Every bar that is asked for. A figure that does not exist, for want of faults or events, holds none."""
        figures = score.overall
        for name, share, least in (
            ("recall", figures.labels.recall.share, self.min_recall),
            ("precision", figures.events.precision.share, self.min_precision),
        ):
            if least is not None:
                said = "is unknown" if share is None else f"{share:.4f}"
                yield Bar(f"{name} {said}, asked for at least {least:g}", share is not None and share >= least)
        if self.max_delay_p95_ms is not None:
            p95_ms = figures.labels.opened.p95_ms
            said = "is unknown" if p95_ms is None else duration(p95_ms)
            asked = duration(self.max_delay_p95_ms)
            yield Bar(f"delay p95 {said}, asked for at most {asked}", _within(p95_ms, self.max_delay_p95_ms))
        if self.max_false is not None:
            rate = figures.events.false_per_1000_device_days
            said = "are unknown: say --devices" if rate is None else f"{rate:.2f}"
            asked = f"{self.max_false:g}"
            yield Bar(
                f"false events per 1,000 device-days {said}, asked for at most {asked}", _within(rate, self.max_false)
            )


def _within(figure: float | None, most: float) -> bool:
    return figure is not None and figure <= most
