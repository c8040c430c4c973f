"""Flapping, sentence by sentence: of too many openings one unstable event."""

from tests.rules.correlation.bench import HOT, Bench, escalations, ms


def test_one_opening_too_many_is_an_unstable_event_until_it_has_been_quiet() -> None:
    bench = Bench(HOT)
    for opened in (1, 3, 5, 7):
        bench.opens("hot", "L1", opened)
        bench.clears("hot", "L1", opened, opened + 1)
    bench.clock(16.9)
    event = bench.event("hot", "L1")
    assert (event["opened_at_ms"], event["status"], event["unstable"]) == (ms(5), "open", True)
    bench.clock(17)
    assert bench.history() == [("hot", "L1", 1, 2, None), ("hot", "L1", 3, 4, None), ("hot", "L1", 5, 17, None)]


def test_an_unstable_event_lasts_as_long_as_its_condition() -> None:
    bench = Bench(HOT)
    for opened in (1, 3):
        bench.opens("hot", "L1", opened)
        bench.clears("hot", "L1", opened, opened + 1)
    bench.opens("hot", "L1", 5)
    bench.clock(30)
    bench.clears("hot", "L1", 5, 31)
    bench.clock(31)
    assert bench.history()[-1] == ("hot", "L1", 5, 31, None)


def test_an_unstable_event_escalates_by_its_own_age() -> None:
    bench = Bench(HOT[:-1] + ", escalate: [{after: 8m, severity: major}, {after: 20m, severity: critical}]}")
    for opened in (1, 3, 5, 7, 9, 11):
        bench.opens("hot", "L1", opened)
        bench.clears("hot", "L1", opened, opened + 1)
    bench.clock(12.9)
    assert bench.event("hot", "L1")["severity"] == "minor"
    bench.forget_published()
    bench.clock(13)
    assert escalations(bench) == [("escalated", "major")]
    bench.clock(30)
    event = bench.event("hot", "L1")
    assert (event["cleared_at_ms"], event["severity"]) == (ms(21), "major")
