"""What takes part in nothing passes through at once, and what is over is forgotten."""

from domain.events import Transition
from domain.time.units import MINUTE_MS
from tests.rules.correlation.bench import GROUPING, HOT, LAMP_OUT, SUPPRESSION, Bench, raw_event, three_out


def test_events_of_rules_that_take_part_in_nothing_pass_byte_by_byte_at_once() -> None:
    bench = Bench(LAMP_OUT, *SUPPRESSION)
    event = raw_event("lamp-out", "L1", 5)
    bench.give(Transition.OPENED, event)
    assert [output.value for output in bench.published] == [event.model_dump_json().encode()]


def test_a_suppressor_itself_waits_for_nothing() -> None:
    bench = Bench(*SUPPRESSION)
    bench.opens("power-loss", "F1", 5)
    assert bench.changes() == [("opened", "power-loss", "F1")]


def test_an_event_judged_over_history_is_not_correlated_and_leaves_the_others_alone() -> None:
    bench = Bench(*SUPPRESSION, LAMP_OUT)
    for rule in ("lamp-dim", "lamp-out"):
        bench.opens(rule, "L1", 50)
    bench.clock(50)
    bench.forget_published()
    for rule in ("lamp-dim", "lamp-out"):
        bench.opens(rule, "L1", 5, historical=True)
        bench.clears(rule, "L1", 5, 6, historical=True)
    assert [change[0] for change in bench.changes()] == ["opened", "cleared"] * 2
    bench.rules(*SUPPRESSION, *GROUPING)
    for n in (2, 3):
        bench.opens("lamp-out", f"L{n}", 50 + n)
    bench.clock(53)
    assert bench.history("feeder-fault") == [("feeder-fault", "F1", 53, None, None)]


def test_what_is_over_is_forgotten() -> None:
    bench = Bench(*SUPPRESSION, *GROUPING, HOT)
    three_out(bench)
    bench.opens("hot", "L1", 1)
    bench.clears("hot", "L1", 1, 2)
    for n in (1, 2, 3):
        bench.clears("lamp-out", f"L{n}", n, 9)
    bench.clock(10)
    bench.stage.take()
    for minute in (30, 60):
        bench.clock(minute)
    assert bench.stage.snapshot()["now"] == 60 * MINUTE_MS
    assert bench.stage.known() == 0
