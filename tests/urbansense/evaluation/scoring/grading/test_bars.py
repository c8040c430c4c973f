"""Bars hold or are missed, exactly at their figure."""

import pytest

from domain.time.units import MINUTE_MS
from tests.urbansense.evaluation.scoring.grading.truths import NIGHT, label, told
from urbansense.evaluation.scoring.grading import Bars, Score, match, score_of


def score() -> Score:
    """Three of four faults found, each five minutes after its start; three of four events right."""
    labels = [label(60, 90, place=f"L{n}") for n in range(4)]
    events = [told(65, subject=f"L{n}") for n in range(3)] + [told(300, subject="L9")]
    return score_of(match(labels, events, NIGHT), devices=48)


@pytest.mark.parametrize(
    ("bars", "holds", "words"),
    [
        (Bars(min_recall=0.75), True, "recall 0.7500, asked for at least 0.75"),
        (Bars(min_recall=0.7501), False, "recall 0.7500, asked for at least 0.7501"),
        (Bars(min_precision=0.75), True, "precision 0.7500, asked for at least 0.75"),
        (Bars(min_precision=0.76), False, "precision 0.7500, asked for at least 0.76"),
        (Bars(max_delay_p95_ms=5 * MINUTE_MS), True, "delay p95 5m, asked for at most 5m"),
        (Bars(max_delay_p95_ms=5 * MINUTE_MS - 1), False, "delay p95 5m, asked for at most 5m"),
        (Bars(max_false=50), True, "false events per 1,000 device-days 50.00, asked for at most 50"),
        (Bars(max_false=49.9), False, "false events per 1,000 device-days 50.00, asked for at most 49.9"),
    ],
)
def test_a_bar_holds_at_its_figure_and_not_beyond(bars: Bars, holds: bool, words: str) -> None:
    (bar,) = bars.judge(score())
    assert bar.holds is holds
    assert bar.words == words


def test_nothing_is_asked_unless_somebody_asks() -> None:
    assert list(Bars().judge(score())) == []


def test_a_figure_that_does_not_exist_holds_no_bar() -> None:
    empty = score_of(match([], [], NIGHT))
    bars = list(Bars(0.0, 0.0, 10**9, 10**9).judge(empty))
    assert [bar.holds for bar in bars] == [False] * 4
    assert all("unknown" in bar.words for bar in bars)
