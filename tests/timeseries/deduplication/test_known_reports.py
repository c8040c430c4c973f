"""What makes two reports the same, without any store."""

from hypothesis import given
from hypothesis import strategies as st

from domain.telemetry import Telemetry
from domain.time.units import HOUR_MS
from tests.timeseries.building import NOON_MS, gateway_timed, report
from timeseries.deduplication.known_reports import KnownReports, RecentReports

some_reports = st.lists(
    st.builds(
        report,
        st.dictionaries(st.sampled_from("abc"), st.sampled_from([1.0, 2.0, True]), min_size=1),
        st.integers(NOON_MS, NOON_MS + 2),
        st.sampled_from(["L1", "L2"]),
    ),
    max_size=20,
)


def stored(known: KnownReports, reports: list[Telemetry]) -> tuple[dict[tuple[str, int, str], float], int]:
    """What a store would hold after the reports, and how many conflicts there were."""
    rows: dict[tuple[str, int, str], float] = {}
    conflicts = 0
    for received in reports:
        verdict = known.judge(received)
        conflicts += verdict.conflicts
        for quantity, value in verdict.fresh.items():
            key = (received["device_id"], received["observed_at_ms"], quantity)
            assert key not in rows, "a reading was called new twice"
            rows[key] = value
    return rows, conflicts


@given(some_reports)
def test_the_first_value_reported_for_a_quantity_at_an_instant_is_the_one_stored(reports: list[Telemetry]) -> None:
    expected: dict[tuple[str, int, str], float] = {}
    conflicting = 0
    for received in reports:
        for quantity, value in received["readings"].items():
            first = expected.setdefault((received["device_id"], received["observed_at_ms"], quantity), value)
            conflicting += first != value
    assert stored(KnownReports(), reports) == (expected, conflicting)


@given(some_reports, some_reports)
def test_reports_seen_again_add_nothing_whatever_came_in_between(
    reports: list[Telemetry], others: list[Telemetry]
) -> None:
    known = KnownReports()
    stored(known, reports)
    stored(known, others)
    assert stored(known, reports)[0] == {}


@given(some_reports, some_reports)
def test_a_stage_knows_what_lies_under_it_and_changes_it_only_when_absorbed(
    reports: list[Telemetry], others: list[Telemetry]
) -> None:
    under, alone = KnownReports(), KnownReports()
    assert stored(under, reports) == stored(alone, reports)
    stage = KnownReports(under)
    stored(KnownReports(under), others)
    assert stored(stage, others) == stored(alone, others)
    under.absorb(stage)
    assert stored(under, reports + others)[0] == {}


def test_a_report_that_was_forgotten_is_new_again() -> None:
    known = KnownReports()
    received = gateway_timed({"voltage": 1.0}, NOON_MS, message_id="7")
    known.judge(received)
    known.forget(received)
    assert known.judge(received).fresh == {"voltage": 1.0}


def write_through(recent: RecentReports, *reports: Telemetry) -> int:
    """How many of the reports were new to the window."""
    stage = recent.stage()
    fresh = sum(bool(stage.judge(received).fresh) for received in reports)
    recent.keep(stage, max(received["received_at_ms"] for received in reports))
    return fresh


def test_the_window_remembers_for_an_hour_of_log_time() -> None:
    recent = RecentReports()
    first = report({"voltage": 1.0})
    assert write_through(recent, first) == 1
    for minutes in range(0, 60, 10):
        assert write_through(recent, report({"voltage": 1.0}, NOON_MS + minutes * 60_000 + 1)) == 1
        assert write_through(recent, first) == 0
    for hours in range(1, 4):
        write_through(recent, report({"voltage": 1.0}, NOON_MS + hours * HOUR_MS + 1000))
    assert write_through(recent, first) == 1


def test_the_window_holds_no_more_than_it_may() -> None:
    recent = RecentReports(at_most=10)
    reports = [report({"voltage": 1.0}, NOON_MS + i) for i in range(30)]
    assert [write_through(recent, received) for received in reports] == [1] * 30
    assert [write_through(recent, received) for received in reports[26:]] == [0] * 4
    assert write_through(recent, reports[0]) == 1


def test_what_a_failed_write_judged_is_not_remembered() -> None:
    recent = RecentReports()
    recent.stage().judge(report({"voltage": 1.0}))
    assert write_through(recent, report({"voltage": 1.0})) == 1
