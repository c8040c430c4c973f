"""Steps read from the book are those that the workflow took, on SQLite and PostgreSQL."""

from typing import Any

from cases.appraisal import Appraisal, AppraisalScope, Dimension, Period, appraise
from cases.appraisal.counts import Count
from cases.appraisal.reading import read_steps
from cases.storage import CaseStore
from cases.workflow.case import Case
from cases.workflow.performing import Act
from domain.time.units import DAY_MS, HOUR_MS
from tests.cases.appraisal.stories import ANYBODY, FOUR_HOURS, MONDAY, TIMES, WEEK, Story, appraised
from tests.cases.storage.test_store import a_report
from urbansense.wiring.shared_database import SharedDatabase

NEXT_WEEK = Period(WEEK.to_ms, WEEK.to_ms + 7 * DAY_MS)
Script = tuple[tuple[float, str, dict[str, Any]], ...]

FILED: Script = ((0, "accept", {}), (0, "file", {}))
DISPATCHED: Script = (*FILED, (0, "dispatch", {"department": "drainage", "term": FOUR_HOURS}))
HANDLED: Script = ((3, "take", {}), (3, "handle", {}), (3, "send_to_check", {}))
SCRIPTS: tuple[Script, ...] = (
    (),
    ((1, "reject", {}),),
    DISPATCHED,
    (*DISPATCHED, *HANDLED, (5, "close", {})),
    (*DISPATCHED, *HANDLED, (5, "fail", {}), (6, "take", {}), (6, "handle", {})),
    (*DISPATCHED, (1, "return", {}), (2, "dispatch", {"department": "roads", "term": FOUR_HOURS})),
    (*DISPATCHED, (1, "hand_over", {"department": "lighting"})),
    (*DISPATCHED, (1, "suspend", {}), (30, "resume", {}), (31, "ask_extension", {"more": FOUR_HOURS}),
     (32, "grant_extension", {}), (32, "comment", {}), (37, "take", {}), (37, "handle", {})),
)  # fmt: skip


def led(book: CaseStore, script: Script, begins_ms: int = MONDAY, **fields: Any) -> Case:
    case = book.report(a_report(trusted=True, **fields), ANYBODY, begins_ms).case
    for hours, name, more in script:
        act = Act(name, ANYBODY, begins_ms + round(hours * HOUR_MS), note="so it is", **more)
        case = book.act(case.case_id, act)
    return case


def told(script: Script, **fields: Any) -> Story:
    story = Story(**{"source": "hotline", **fields})
    for hours, name, more in script:
        story.do(hours, name, **more)
    return story


def read(book: CaseStore, period: Period = WEEK, **scope: Any) -> Appraisal:
    return appraise(book.database, period, TIMES, AppraisalScope(**{"area_level": 2, **scope}), tuple(Dimension))


def test_the_book_tells_the_same_as_the_workflow(case_database: SharedDatabase) -> None:
    book = CaseStore(case_database, TIMES)
    for script in SCRIPTS:
        led(book, script)
    found = read(book)
    assert found == appraised(*(told(script) for script in SCRIPTS))
    assert found.whole.clock.handled == 4
    assert found.whole.counts[Count.LATE] > 0


def test_a_merged_case_counts_once_with_the_one_that_it_is_part_of(case_database: SharedDatabase) -> None:
    book = CaseStore(case_database, TIMES)
    kept = led(book, DISPATCHED)
    led(book, (*DISPATCHED, (1, "merge", {"into": kept.case_id})))
    counts = read(book).whole.counts
    assert (counts[Count.REPORTED], counts[Count.DISPATCHED], counts[Count.MERGED]) == (1, 1, 1)


def test_cases_that_were_over_before_the_period_are_not_read(case_database: SharedDatabase) -> None:
    book = CaseStore(case_database, TIMES)
    led(book, (*DISPATCHED, *HANDLED, (5, "close", {})))
    led(book, DISPATCHED, begins_ms=MONDAY + 1)
    with book.database.reading() as connection:
        assert len(list(read_steps(connection, NEXT_WEEK))) == 1
    assert {count: n for count, n in read(book, NEXT_WEEK).whole.counts.items() if n} == {
        "overdue": 1, "repeatedly_overdue": 1,
    }  # fmt: skip


def test_what_comes_after_the_period_is_not_in_it(case_database: SharedDatabase) -> None:
    book = CaseStore(case_database, TIMES)
    led(book, DISPATCHED)
    before = read(book)
    led(book, (*DISPATCHED, *HANDLED), begins_ms=NEXT_WEEK.from_ms)
    assert read(book) == before


def test_only_an_areas_cases_are_read(case_database: SharedDatabase) -> None:
    book = CaseStore(case_database, TIMES)
    for area in ("320582/110", "320582/110/152", "320582/1101", "320_82/110", None):
        led(book, (), area=area)
    assert read(book, area="320582/110").whole.counts[Count.REPORTED] == 2
    assert read(book, area="320_82").whole.counts[Count.REPORTED] == 1


def test_an_empty_book_has_no_rates(case_database: SharedDatabase) -> None:
    found = read(CaseStore(case_database, TIMES))
    assert not any(found.whole.counts.values())
    assert all(rate.value is None for rate in found.whole.rates.values())
