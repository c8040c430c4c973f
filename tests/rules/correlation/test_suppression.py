"""Suppression, sentence by sentence: what stands under another event, on one clock."""

import pytest

from tests.rules.correlation.bench import (
    DIM_UNDER_LOSS,
    GROUPING,
    POWER_LOSS,
    SUPPRESSION,
    Bench,
    cabinet,
    lamp,
    three_out,
)


def test_a_child_waits_until_the_clock_of_every_partition_has_come_to_its_opening() -> None:
    bench = Bench(*SUPPRESSION, partitions=2)
    bench.opens("lamp-dim", "L1", 5)
    bench.clock(9, partition=0)
    assert bench.changes() == []
    bench.clock(5, partition=1)
    assert bench.changes() == [("opened", "lamp-dim", "L1")]


@pytest.mark.parametrize("grandparent", [False, True], ids=["parent", "grandparent"])
def test_a_child_that_opens_while_its_suppressor_is_open_is_not_created(grandparent: bool) -> None:
    between = [cabinet("B1", "F1"), lamp("L1", "B1")] if grandparent else [lamp("L1")]
    bench = Bench(*SUPPRESSION, devices=[cabinet(), *between])
    bench.opens("power-loss", "F1", 5)
    bench.opens("lamp-dim", "L1", 5)
    bench.clock(20)
    bench.clears("lamp-dim", "L1", 5, 21)
    bench.clears("power-loss", "F1", 5, 30)
    bench.clock(40)
    assert bench.history("lamp-dim") == []


def test_a_suppressor_elsewhere_suppresses_nothing() -> None:
    bench = Bench(*SUPPRESSION, devices=[cabinet(), cabinet("F2"), lamp("L1")])
    bench.opens("power-loss", "F2", 5)
    bench.opens("lamp-dim", "L1", 6)
    bench.clock(6)
    assert bench.history("lamp-dim") == [("lamp-dim", "L1", 6, None, None)]


def test_a_circle_of_parents_does_no_harm() -> None:
    bench = Bench(*SUPPRESSION, devices=[cabinet("F1", "L1"), lamp("L1")])
    bench.opens("power-loss", "F1", 5)
    bench.opens("lamp-dim", "L1", 6)
    bench.clock(6)
    assert bench.history("lamp-dim") == []


def test_a_child_goes_from_one_suppressor_under_the_next() -> None:
    bench = Bench(POWER_LOSS, "{rule: works, kind: cabinet, when: reading.cover_open}",
                  DIM_UNDER_LOSS.replace("suppressed_by: power-loss", "suppressed_by: [power-loss, works]"))  # fmt: skip
    bench.opens("power-loss", "F1", 5)
    bench.opens("lamp-dim", "L1", 6)
    bench.opens("works", "F1", 10)
    bench.clears("power-loss", "F1", 5, 20)
    bench.clock(25)
    assert bench.history("lamp-dim") == []
    bench.clears("works", "F1", 10, 30)
    bench.clock(40)
    assert bench.history("lamp-dim") == [("lamp-dim", "L1", 30, None, None)]


def test_a_child_is_absorbed_when_the_suppressor_opens_later_and_free_when_it_clears() -> None:
    bench = Bench(*SUPPRESSION)
    bench.opens("lamp-dim", "L1", 5)
    bench.clock(5)
    bench.opens("power-loss", "F1", 8)
    bench.clock(8)
    assert bench.event("lamp-dim", "L1")["absorbed_by"] == "power-loss"
    bench.clears("power-loss", "F1", 8, 12)
    bench.clock(12)
    assert bench.history("lamp-dim") == [("lamp-dim", "L1", 5, None, None)]


def test_a_child_that_clears_under_its_suppressor_stays_absorbed() -> None:
    bench = Bench(*SUPPRESSION)
    bench.opens("lamp-dim", "L1", 5)
    bench.opens("power-loss", "F1", 8)
    bench.clears("lamp-dim", "L1", 5, 12)
    bench.clears("power-loss", "F1", 8, 12)
    bench.clock(30)
    assert bench.history("lamp-dim") == [("lamp-dim", "L1", 5, 12, "power-loss")]


def test_a_suppressor_learnt_of_late_withdraws_what_it_covers() -> None:
    bench = Bench(*SUPPRESSION)
    bench.opens("lamp-dim", "L1", 5)
    bench.clock(6)
    bench.opens("power-loss", "F1", 4)
    event = bench.event("lamp-dim", "L1")
    assert (event["status"], event["reason"], event["absorbed_by"]) == ("withdrawn", "suppressed", "power-loss")


def test_a_suppressor_withdrawn_lets_its_children_open_at_their_own_time() -> None:
    bench = Bench(*SUPPRESSION)
    bench.opens("power-loss", "F1", 4)
    bench.opens("lamp-dim", "L1", 5)
    bench.clock(6)
    bench.withdraws("power-loss", "F1", 4)
    assert bench.history("lamp-dim") == [("lamp-dim", "L1", 5, None, None)]


def test_a_child_withdrawn_while_it_was_suppressed_was_never_there() -> None:
    bench = Bench(*SUPPRESSION)
    bench.opens("power-loss", "F1", 4)
    bench.opens("lamp-dim", "L1", 5)
    bench.withdraws("lamp-dim", "L1", 5)
    bench.clears("power-loss", "F1", 4, 9)
    bench.clock(20)
    assert [change for change in bench.changes() if change[1] == "lamp-dim"] == []


def test_a_suppressed_suppressor_still_suppresses() -> None:
    bench = Bench("{rule: outage, kind: cabinet, when: reading.voltage < 1}",
                  POWER_LOSS[:-1] + ", suppressed_by: outage}", DIM_UNDER_LOSS)  # fmt: skip
    bench.opens("outage", "F1", 3)
    bench.opens("power-loss", "F1", 4)
    bench.opens("lamp-dim", "L1", 5)
    bench.clock(20)
    assert bench.changes() == [("opened", "outage", "F1")]


def test_a_group_suppresses_under_its_subject() -> None:
    bench = Bench(*GROUPING, DIM_UNDER_LOSS.replace("power-loss", "feeder-fault"))
    three_out(bench)
    bench.opens("lamp-dim", "L4", 4)
    bench.clock(5)
    assert bench.history("lamp-dim") == []
    for n in (1, 2, 3):
        bench.clears("lamp-out", f"L{n}", n, 10)
    bench.clock(20)
    assert bench.history("lamp-dim") == [("lamp-dim", "L4", 10, None, None)]
