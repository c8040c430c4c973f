"""The line that says why a fault was missed or an event should not have been."""

import pytest

from reporting.wording.durations import duration
from simulators.truth.labels import Label
from tests.urbansense.evaluation.scoring.grading.truths import NIGHT, decoy, label, told
from urbansense.evaluation.scoring.grading import ScoredEvent, match
from urbansense.evaluation.scoring.grading.findings import misses, strays


@pytest.mark.parametrize(
    ("labels", "events", "why"),
    [
        pytest.param([label(60, 90)], [], "nothing was told; no excuse", id="silence"),
        pytest.param(
            [label(60, 90, hard="it dims before it dies")],
            [],
            "nothing was told; hard: it dims before it dies",
            id="hard",
        ),
        pytest.param(
            [label(60, 90)],
            [told(65, rule="lamp-low-power", problem="low-power")],
            "lamp-low-power told low-power of L1; no excuse",
            id="another problem instead",
        ),
        pytest.param(
            [label(60, 90)],
            [told(65, withdrawn=True)],
            "lamp-out told lamp-out of L1 and withdrew it; no excuse",
            id="taken back",
        ),
        pytest.param(
            [label(60, 90)], [told(65, heard=82)], "lamp-out was told 12m after the deadline; no excuse", id="told late"
        ),
        pytest.param(
            [label(60, 90)], [told(82)], "lamp-out opened 12m after the deadline; no excuse", id="opened late"
        ),
        pytest.param([label(60, 90)], [told(30, 40)], "nothing was told; no excuse", id="told of something before"),
    ],
)
def test_a_miss_says_what_was_told_instead_and_whether_it_is_hard(
    labels: list[Label], events: list[ScoredEvent], why: str
) -> None:
    (found,) = misses(match(labels, events, NIGHT))
    assert found.why == why
    assert (found.what, found.where, found.problem) == ("lamp-dead", "L1", "lamp-out")


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        pytest.param([], "nothing was wrong", id="nothing"),
        pytest.param([decoy(60, 90)], "during traffic, which asks for nothing", id="a decoy"),
        pytest.param(
            [label(60, 90, expects=("offline", "link-lost"), kind="dead-battery")],
            "during dead-battery, which asks for offline or link-lost",
            id="another fault of the device",
        ),
        pytest.param(
            [decoy(60, 90, place="F1", kind="sag", affected=("L1",))],
            "during sag of F1, which asks for nothing",
            id="a fault of another that touches it",
        ),
        pytest.param([label(10, 30)], "nothing was wrong; lamp-dead had ended 35m before", id="after a fault"),
        pytest.param(
            [label(10, 30), decoy(20, 60)], "nothing was wrong; traffic had ended 5m before", id="after two faults"
        ),
        pytest.param([label(100, 130)], "nothing was wrong yet; lamp-dead began 32m later", id="before a fault"),
        pytest.param([decoy(60, 90, place="L7")], "nothing was wrong", id="a fault elsewhere"),
    ],
)
def test_a_false_event_says_what_was_the_matter_with_its_device(labels: list[Label], why: str) -> None:
    (found,) = strays(match(labels, [told(68, since=65)], NIGHT))
    assert (found.verdict, found.why) == ("false", why)


def test_a_repeated_event_names_the_fault_that_was_told_before() -> None:
    (found,) = strays(match([label(60, 90)], [told(63, 70), told(75, 80)], NIGHT))
    assert (found.verdict, found.label) == ("repeated", "lamp-dead/L1/60")
    assert found.why == "told again for lamp-dead/L1/60: it cleared and opened once more"


@pytest.mark.parametrize(
    ("length_ms", "words"),
    [(0, "0s"), (999, "999ms"), (1_000, "1s"), (59_600, "1m"), (7_500_000, "2h 5m"), (86_400_000, "1d"),
     (90_061_000, "1d 1h")],
)  # fmt: skip
def test_a_duration_is_told_in_one_or_two_units(length_ms: int, words: str) -> None:
    assert duration(length_ms) == words
