"""The desk on each log: events in, cases out, each revision on the topic once, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cases.desk.publication import CasePublisher, case_record
from cases.desk.service import CaseDesk, place_in
from cases.intake import Intake
from cases.storage import CaseQuery, CaseStore
from cases.workflow.case import Case
from cases.workflow.performing import Act
from cases.workflow.states import State
from device_registry.storage.database import open_engine
from domain.events import Event, Transition
from domain.time.durations import format_instant
from domain.topics import Topics
from streams.opening.by_url import open_log
from streams.ports import Log, Outgoing, Record
from streams.reading.tables import read_to_end
from tests.cases.intake.lamps import DEVICES, Policy, cleared, lamp_out
from tests.cases.storage.test_store import a_report
from tests.cases.workflow.acting import NOON_MS, OPERATOR, TIMES
from urbansense.wiring.shared_database import SharedDatabase

REPORT_TO_DISPATCH = ["report", "accept", "file", "dispatch"]


@pytest.fixture
def sqlite_book(tmp_path: Path) -> CaseStore:
    return CaseStore(SharedDatabase(open_engine(f"sqlite:///{tmp_path / 'cases.db'}")), TIMES)


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
async def any_log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Log, Topics]]:
    topics = Topics(prefix=request.getfixturevalue("topic_prefix"), partitions=3)
    url = "embedded:"
    if request.param == "kafka":
        url = f"kafka://{request.getfixturevalue('kafka_bootstrap')}"
    opened = await open_log(url, tmp_path)
    await opened.ensure_topics([spec for spec in topics.specs() if spec.name in (topics.events, topics.cases)])
    yield opened, topics
    await opened.close()


async def tell(log: Log, topics: Topics, event: Event, transition: Transition = Transition.OPENED) -> None:
    headers = (
        ("ce_type", transition.cloud_event_type.encode()),
        ("ce_time", format_instant(NOON_MS).encode()),
    )
    value = event.model_dump_json().encode()
    await log.append([Outgoing(topics.events, event.subject.encode(), value, headers)])


@asynccontextmanager
async def running(book: CaseStore, log: Log, topics: Topics) -> AsyncIterator[None]:
    desk = CaseDesk(book, Intake(Policy(), DEVICES.get), log, topics, lambda: NOON_MS)
    stop = asyncio.Event()
    task = asyncio.create_task(desk.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def published(log: Log, topics: Topics) -> list[Record]:
    return [record async for record in read_to_end(log, [topics.cases])]


async def until_published(log: Log, topics: Topics, count: int) -> list[Record]:
    async with asyncio.timeout(30):
        while len(found := await published(log, topics)) < count:
            await asyncio.sleep(0.05)
    return found


def header(record: Record, name: str) -> str:
    return dict(record.headers)[name].decode()


async def test_an_event_becomes_a_case_and_every_step_is_on_the_topic(
    sqlite_book: CaseStore, any_log: tuple[Log, Topics]
) -> None:
    log, topics = any_log
    async with running(sqlite_book, log, topics):
        await tell(log, topics, lamp_out())
        records = await until_published(log, topics, 4)
        await tell(log, topics, cleared(lamp_out()), Transition.CLEARED)
        records = await until_published(log, topics, 6)
    (case,) = sqlite_book.find(CaseQuery()).items
    steps = [*REPORT_TO_DISPATCH, "detach", "recover"]
    assert [header(record, "ce_type") for record in records] == [f"urbansense.case.{step}.v1" for step in steps]
    assert [header(record, "ce_id") for record in records] == [f"{case.case_id}/{n}" for n in range(1, 7)]
    assert {record.key for record in records} == {str(case.case_id).encode()}
    assert Case.model_validate_json(records[-1].value or b"") == case
    assert case.state is State.CHECKING


async def test_a_desk_that_starts_again_goes_on_where_it_was(
    sqlite_book: CaseStore, any_log: tuple[Log, Topics]
) -> None:
    log, topics = any_log
    async with running(sqlite_book, log, topics):
        await tell(log, topics, lamp_out())
        await until_published(log, topics, 4)
    await tell(log, topics, lamp_out("L2", 2))
    async with running(sqlite_book, log, topics):
        records = await until_published(log, topics, 8)
    assert len({header(record, "ce_id") for record in records}) == len(records) == 8
    assert len(sqlite_book.find(CaseQuery()).items) == 2


@pytest.mark.parametrize(
    ("first", "end", "reached", "place"),
    [
        (0, 10, 7, 7),
        (0, 10, 10, 10),
        (5, 10, 3, 5),  # the log dropped what was not read
        (0, 10, 900, 0),  # another log took the place of the one that was read
        (0, 0, 900, 0),
    ],
)
def test_a_desk_reads_on_where_it_was_and_a_log_that_took_the_place_of_a_lost_one_from_its_beginning(
    first: int, end: int, reached: int, place: int
) -> None:
    assert place_in(first, end, reached) == place


async def test_a_crash_between_the_topic_and_the_note_publishes_nothing_twice(
    sqlite_book: CaseStore, any_log: tuple[Log, Topics], monkeypatch: pytest.MonkeyPatch
) -> None:
    log, topics = any_log
    case = sqlite_book.report(a_report(), OPERATOR, NOON_MS).case
    dying = CasePublisher(sqlite_book, log, topics)

    def die(publications: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(sqlite_book, "mark_published", die)
        with pytest.raises(RuntimeError, match="killed"):
            await dying.publish_pending()
    await dying.close()
    sqlite_book.act(case.case_id, Act("accept", OPERATOR, NOON_MS))
    again = CasePublisher(sqlite_book, log, topics)
    await again.publish_pending()
    assert await again.publish_pending() == 0
    await again.close()
    assert [header(record, "ce_id").rpartition("/")[2] for record in await until_published(log, topics, 2)] == [
        "1",
        "2",
    ]


async def test_a_new_book_on_an_old_log_is_told_from_its_beginning(
    sqlite_book: CaseStore, any_log: tuple[Log, Topics], tmp_path: Path
) -> None:
    """Its outbox counts from one again, below the place that the log keeps of the book before."""
    log, topics = any_log
    fresh = CaseStore(SharedDatabase(open_engine(f"sqlite:///{tmp_path / 'fresh.db'}")), TIMES)
    for book, reports in ((sqlite_book, 3), (fresh, 1), (fresh, 3)):
        for _ in range(reports):
            book.report(a_report(), OPERATOR, NOON_MS)
        publisher = CasePublisher(book, log, topics)
        assert await publisher.publish_pending() == reports
        await publisher.close()
    assert len(await until_published(log, topics, 7)) == 7


async def test_an_older_publisher_is_fenced_and_takes_over_only_what_is_left(
    sqlite_book: CaseStore, any_log: tuple[Log, Topics]
) -> None:
    log, topics = any_log
    first, second = (CasePublisher(sqlite_book, log, topics) for _ in range(2))
    for publisher in (first, second, first, second):
        sqlite_book.report(a_report(), OPERATOR, NOON_MS)
        assert await publisher.publish_pending() == 1
    await first.close()
    await second.close()
    assert len(await until_published(log, topics, 4)) == 4


async def test_a_record_that_cannot_be_read_is_left_behind(sqlite_book: CaseStore, any_log: tuple[Log, Topics]) -> None:
    log, topics = any_log
    type_of = ("ce_type", Transition.OPENED.cloud_event_type.encode())
    await log.append(
        [
            Outgoing(topics.events, b"L1", b"{}", (type_of,)),
            Outgoing(topics.events, b"L1", b"not json", (type_of, ("ce_time", b"2026-06-01T00:00:00.000Z"))),
            Outgoing(topics.events, b"L1", b"{}", ()),
        ]
    )
    async with running(sqlite_book, log, topics):
        await tell(log, topics, lamp_out())
        await until_published(log, topics, 4)


def test_the_record_of_a_case_is_a_cloud_event(sqlite_book: CaseStore) -> None:
    case = sqlite_book.report(a_report(), OPERATOR, NOON_MS).case
    (publication,) = sqlite_book.pending(1)
    record = case_record("city.cases", publication)
    headers = {name: value.decode() for name, value in record.headers}
    assert headers == {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": f"{case.case_id}/1",
        "ce_source": "/urbansense/cases",
        "ce_type": "urbansense.case.report.v1",
        "ce_subject": str(case.case_id),
        "ce_time": format_instant(NOON_MS),
        "schema": "case/1",
    }
