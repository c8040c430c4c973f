"""The figures of a score, each against one worked out by hand, and what is sure about them."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.confidence import wilson_interval
from domain.time.units import MINUTE_MS
from simulators.truth.labels import Label
from tests.urbansense.evaluation.scoring.grading.truths import NIGHT, decoy, label, told
from urbansense.evaluation.scoring.grading import Score, ScoredEvent, match, score_of
from urbansense.evaluation.scoring.grading.figures import delays


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        # Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998), table I,
        # method 3 (score without continuity correction)
        pytest.param(81, 263, 0.2553, 0.3662, id="81 of 263"),
        pytest.param(15, 148, 0.0624, 0.1605, id="15 of 148"),
        pytest.param(0, 20, 0.0, 0.1611, id="0 of 20"),
        pytest.param(1, 29, 0.0061, 0.1718, id="1 of 29"),
        pytest.param(20, 20, 0.8389, 1.0, id="20 of 20"),
    ],
)
def test_the_interval_is_the_published_one(hits: int, of: int, low: float, high: float) -> None:
    interval = wilson_interval(hits, of)
    assert interval is not None
    assert interval == pytest.approx((low, high), abs=0.00005)


def test_nothing_has_no_interval_and_more_than_all_is_no_share() -> None:
    assert wilson_interval(0, 0) is None
    for hits, of in ((3, 2), (-1, 2)):
        with pytest.raises(ValueError, match="no share"):
            wilson_interval(hits, of)


@given(st.integers(1, 10_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_holds_the_share_and_narrows_with_more_of_the_same(case: tuple[int, int]) -> None:
    hits, of = case
    interval, larger = wilson_interval(hits, of), wilson_interval(100 * hits, 100 * of)
    assert interval is not None
    assert larger is not None
    low, high = interval
    assert 0 <= low <= hits / of <= high <= 1
    assert larger[1] - larger[0] < high - low


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.98])
def test_the_interval_holds_the_true_share_about_95_times_in_100(share: float) -> None:
    of = 60
    covered = 0.0
    for hits in range(of + 1):
        interval = wilson_interval(hits, of)
        assert interval is not None
        if interval[0] <= share <= interval[1]:
            covered += comb(of, hits) * share**hits * (1 - share) ** (of - hits)
    assert 0.92 < covered < 0.985


@pytest.mark.parametrize(
    ("known_ms", "p50_ms", "p95_ms", "max_ms"),
    [
        ([7], 7, 7, 7),
        ([3, 1], 1, 3, 3),
        ([3, 1, 2], 2, 3, 3),
        (list(range(1, 101)), 50, 95, 100),
        (list(range(1, 21)), 10, 19, 20),
        (list(range(1, 22)), 11, 20, 21),
        ([], None, None, None),
    ],
)
def test_delays_are_by_nearest_rank(
    known_ms: list[int], p50_ms: int | None, p95_ms: int | None, max_ms: int | None
) -> None:
    found = delays(known_ms)
    assert (found.known, found.p50_ms, found.p95_ms, found.max_ms) == (len(known_ms), p50_ms, p95_ms, max_ms)


def evening() -> tuple[list[Label], list[ScoredEvent]]:
    """Six faults (one hard and missed, one told late, one open), two decoys; eight events."""
    labels = [
        label(10, 40, place="L1"),
        label(50, 80, place="L2"),
        label(90, 120, place="L3", hard="it dims before it dies"),
        label(130, 160, place="L4"),
        label(200, 230, place="G1", kind="link-down", expects=("offline", "link-lost")),
        label(595, 640, place="L6"),
        decoy(300, 330, place="C1"),
        decoy(300, 330, place="C2"),
    ]
    events = [
        told(13, 20, heard=14),
        told(25, 40, heard=26),
        told(55, 80, subject="L2", heard=56),
        told(145, 150, subject="L4", heard=145),
        told(210, 230, subject="G1", rule="gateway-silent", problem="offline", since=200),
        told(310, 320, subject="C1", rule="cover-open"),
        told(400, subject="L3", withdrawn=True),
        told(413, 420, subject="L5", rule="cover-open"),
    ]
    return labels, events


def scored() -> Score:
    labels, events = evening()
    return score_of(match(labels, events, NIGHT), devices=48)


def test_the_figures_of_an_evening_are_those_counted_by_hand() -> None:
    labels, events = scored().overall.labels, scored().overall.events
    assert (labels.asked, labels.in_time, labels.late, labels.missed, labels.open) == (5, 3, 1, 1, 1)
    assert (labels.recall.hits, labels.recall.of, labels.recall.share) == (3, 5, 0.6)
    assert labels.recall_ever.share == 0.8
    assert (labels.recall_without_excuse.hits, labels.recall_without_excuse.of) == (3, 4)
    assert (events.right, events.repeated, events.false, events.explained, events.withdrawn) == (4, 1, 2, 0, 1)
    assert events.precision.share == pytest.approx(4 / 7)
    # 48 devices for ten hours are twenty device-days
    assert events.false_per_1000_device_days == pytest.approx(100)


def test_delays_run_from_the_start_of_the_fault_to_the_opening_and_to_the_telling() -> None:
    labels = scored().overall.labels
    assert (labels.opened.known, labels.opened.p50_ms, labels.opened.max_ms) == (4, 5 * MINUTE_MS, 15 * MINUTE_MS)
    assert (labels.told.known, labels.told.p50_ms, labels.told.max_ms) == (3, 6 * MINUTE_MS, 15 * MINUTE_MS)


def test_a_device_whose_clock_is_wrong_says_nothing_of_the_delay_to_the_opening() -> None:
    figures = score_of(match([label(60, 90)], [told(45, heard=66)], NIGHT)).overall.labels
    assert figures.opened.known == 0
    assert figures.told.max_ms == 6 * MINUTE_MS


def test_figures_stand_under_their_kind_problem_and_rule() -> None:
    score = scored()
    assert list(score.faults) == ["lamp-dead", "link-down", "traffic"]
    assert score.faults["lamp-dead"].labels.recall.of == 4
    assert score.faults["link-down"].labels.recall.hits == 1
    assert (score.faults["traffic"].decoys.quiet, score.faults["traffic"].decoys.disturbed) == (1, 1)
    assert score.decoys == score.faults["traffic"].decoys
    assert score.problems["lamp-out"].labels.recall.hits == 2
    assert score.problems["link-lost"].labels.recall.hits == 1, "it was told as offline, which the fault asks for too"
    assert score.problems["link-lost"].events.precision.of == 0
    assert score.problems["cover-open"].events.false == 2
    assert list(score.rules) == ["cover-open", "gateway-silent", "lamp-out"]
    assert score.rules["lamp-out"].events.precision.share == 0.75
    assert score.rules["lamp-out"].first_to_tell == 3
    assert score.rules["cover-open"].first_to_tell == 0


def test_without_the_number_of_devices_there_is_no_rate() -> None:
    labels, events = evening()
    assert score_of(match(labels, events, NIGHT)).overall.events.false_per_1000_device_days is None


def test_nothing_has_no_figure() -> None:
    overall = score_of(match([], [], NIGHT), 10).overall
    assert (overall.labels.recall.share, overall.labels.recall.low) == (None, None)
    assert overall.events.precision.share is None
    assert overall.events.false_per_1000_device_days == 0


def test_the_lists_name_every_miss_and_every_event_that_should_not_have_been() -> None:
    score = scored()
    assert [(one.verdict, one.where, one.hard) for one in score.misses] == [
        ("missed", "L3", True),
        ("late", "L4", False),
    ]
    assert [(one.verdict, one.where) for one in score.strays] == [("repeated", "L1"), ("false", "C1"), ("false", "L5")]
    assert score.disturbed == ["traffic/C1/300"]
    assert score.open_labels == ["lamp-dead/L6/595"]
    assert len(score.withdrawn) == 1


def test_a_score_survives_json() -> None:
    score = scored()
    assert Score.model_validate_json(score.model_dump_json()) == score
