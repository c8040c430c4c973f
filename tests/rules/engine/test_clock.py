"""The clock that travels with the data."""

from rules.engine.clock import IGNORED_AFTER_TICKS, PartitionClock


def test_the_clock_is_the_smallest_last_tick_of_its_gateways() -> None:
    clock = PartitionClock()
    clock.tick(0, 1_000)
    clock.tick(1, 2_000)
    assert clock.now_ms == 1_000
    clock.tick(0, 5_000)
    assert clock.now_ms == 2_000


def test_the_clock_never_goes_back() -> None:
    clock = PartitionClock()
    clock.tick(0, 5_000)
    assert not clock.tick(1, 1_000)
    assert clock.now_ms == 5_000
    assert not clock.tick(0, 4_000)
    assert clock.now_ms == 5_000


def test_a_gateway_is_ignored_while_another_has_ticked_thirty_times_without_it() -> None:
    clock = PartitionClock()
    clock.tick(0, 0)
    for i in range(1, IGNORED_AFTER_TICKS):
        clock.tick(1, i * 1_000)
    assert clock.now_ms == 0
    clock.tick(1, 30_000)
    assert clock.now_ms == 30_000
    clock.tick(0, 29_500)
    assert clock.now_ms == 30_000
    clock.tick(1, 31_000)
    assert clock.now_ms == 30_000, "the gateway that is back counts again"


def test_thirty_ticks_of_several_others_together_are_not_enough() -> None:
    clock = PartitionClock()
    clock.tick(0, 0)
    for i in range(IGNORED_AFTER_TICKS - 1):
        clock.tick(1, 1_000 + i)
        clock.tick(2, 1_000 + i)
    assert clock.now_ms == 0


def test_a_restored_clock_goes_on_as_if_nothing_had_been() -> None:
    clock = PartitionClock()
    clock.tick(0, 0)
    for i in range(1, 20):
        clock.tick(1, i * 1_000)
    restored = PartitionClock.restored(clock.snapshot())
    for i in range(20, 40):
        assert clock.tick(1, i * 1_000) == restored.tick(1, i * 1_000)
        assert (clock.now_ms, clock.started_ms) == (restored.now_ms, restored.started_ms)
