"""What happens in the city while desks die: covers open and shut, feeders fail with their lamps, round by round."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid5

from cases.intake import held_events
from cases.storage import CaseStore, CaseTransaction
from cases.workflow.case import Case
from domain.events import Event, Severity, Status, Text, Transition
from domain.time.durations import format_instant
from domain.topics import Topics, header
from streams.ports import Log, Outgoing
from streams.reading.tables import read_to_end
from tests.e2e.cases_killed.deaths import PLAYED

NOON_MS: Final = 1_780_000_000_000
_SPACE: Final = UUID(int=6)
_COVERS: Final = 4
_LAMPS: Final = 4
_HOLD_MS: Final = 300


@dataclass(frozen=True)
class Told:
    """One record of `city.events`."""

    event: Event
    transition: Transition

    def record(self, topics: Topics) -> Outgoing:
        headers = (
            ("ce_type", self.transition.cloud_event_type.encode()),
            ("ce_time", format_instant(self.event.opened_at_ms).encode()),
        )
        return Outgoing(topics.events, self.event.subject.encode(), self.event.model_dump_json().encode(), headers)


def tellings(number: int) -> Iterator[Told]:
    """What is told in that round; some of it ends what the round before began."""
    covers = [an_event(f"MH-{number}-{n}", "cover-open", PLAYED, Severity.CRITICAL) for n in range(_COVERS)]
    for cover in covers:
        yield Told(cover, Transition.OPENED)
    lamps = lamps_of(number)
    for lamp in lamps:
        yield Told(lamp, Transition.OPENED)
    yield Told(fault_of(number), Transition.OPENED)
    for lamp in lamps:
        yield Told(later(lamp, absorbed_by="feeder-fault"), Transition.AMENDED)
    yield Told(over(covers[0]), Transition.CLEARED)
    yield Told(over(covers[1], Status.WITHDRAWN), Transition.WITHDRAWN)
    yield Told(later(over(covers[1]), status=Status.OPEN), Transition.OPENED)
    if number:
        yield Told(over(fault_of(number - 1)), Transition.CLEARED)
        for lamp in lamps_of(number - 1):
            yield Told(over(later(lamp, absorbed_by="feeder-fault")), Transition.CLEARED)


def lamps_of(number: int) -> list[Event]:
    return [
        an_event(f"F{number}/L{n}", "lamp-out", "lamp-out", Severity.MAJOR, hold_ms=_HOLD_MS * (n % 2))
        for n in range(_LAMPS)
    ]


def fault_of(number: int) -> Event:
    return an_event(f"F{number}", "feeder-fault", "feeder-fault", Severity.MAJOR)


def an_event(subject: str, rule: str, problem: str, severity: Severity, **fields: Any) -> Event:
    known: dict[str, Any] = {
        "event_id": uuid5(_SPACE, f"{rule} {subject}"),
        "revision": 1,
        "rule": rule,
        "rule_version": 1,
        "subject": subject,
        "kind": "manhole_cover" if rule == "cover-open" else "streetlight",
        "problem": problem,
        "severity": severity,
        "status": Status.OPEN,
        "since_ms": NOON_MS,
        "opened_at_ms": NOON_MS,
        "area": "320582/110",
        "summary": Text(en=rule, zh=rule),
    }
    return Event(**{**known, **fields})


def later(event: Event, **fields: Any) -> Event:
    return event.model_copy(update={"revision": event.revision + 1, **fields})


def over(event: Event, status: Status = Status.CLEARED) -> Event:
    return later(event, status=status, cleared_at_ms=NOON_MS + 60_000)


def assert_every_event_has_its_case(book: CaseStore, found: Sequence[Case], rounds: int) -> None:
    """Each cover its own, and a feeder one with all its lamps; each event as it was told last.

    A desk that was away reads one partition before another. A lamp that is over before its feeder's is heard of stays
    apart: nobody could know what it was part of, and nobody has to go there any more.
    """
    with book.transaction() as transaction:

        def case_of(event: Event) -> Case:
            case = transaction.case_of_event(event.event_id)
            assert case is not None, f"{event.subject} is lost"
            return case

        newest = {told.event.event_id: told.event for n in range(rounds) for told in tellings(n)}
        for number in range(rounds):
            covers = [told.event for told in tellings(number) if told.event.rule == "cover-open"]
            of_covers = {event.event_id: case_of(event).case_id for event in covers}
            assert len(set(of_covers.values())) == _COVERS
            fault = case_of(fault_of(number))
            apart = [lamp for lamp in lamps_of(number) if transaction.case_of_event(lamp.event_id) != fault]
            for lamp in apart:
                assert was_over_first(book, transaction, lamp, fault_of(number))
            for event in [*covers, fault_of(number), *(lamp for lamp in lamps_of(number) if lamp not in apart)]:
                (as_told,) = [one for one in case_of(event).events if one.event_id == event.event_id]
                last = newest[event.event_id]
                assert (as_told.revision, as_told.open) == (last.revision, last.status is Status.OPEN), event.subject
    began = Counter(one.event_id for case in found for one in book.history(case.case_id)[0].case.events)
    assert [event_id for event_id, count in began.items() if count > 1] == []


async def assert_published(log: Log, topics: Topics, book: CaseStore, found: Sequence[Case]) -> int:
    """`city.cases` has every revision of every case once, in order, as it was. Returns how many those are."""
    records = [record async for record in read_to_end(log, [topics.cases])]
    told: dict[bytes, list[tuple[str, str, Case]]] = {}
    for record in records:
        said = {name: (header(record.headers, name) or b"").decode() for name in ("ce_id", "ce_type")}
        case = Case.model_validate_json(record.value or b"")
        told.setdefault(record.key or b"", []).append((said["ce_id"], said["ce_type"], case))
    assert set(told) == {str(case.case_id).encode() for case in found}
    for case in found:
        assert told[str(case.case_id).encode()] == [
            (f"{case.case_id}/{entry.revision}", f"urbansense.case.{entry.transition}.v1", entry.case)
            for entry in book.history(case.case_id)
        ]
    assert book.pending(1) == []
    return len(records)


def was_over_first(book: CaseStore, transaction: CaseTransaction, lamp: Event, fault: Event) -> bool:
    """Whether a lamp's event had ended when its feeder's was taken in: in its own case, or while it was held."""
    own, group = (transaction.case_of_event(event.event_id) for event in (lamp, fault))
    assert group is not None
    if own is None:
        rests = held_events.waiting_event(transaction.connection, lamp.event_id)
        return rests is not None and rests.status is not Status.OPEN
    ended = [e.sequence for e in book.history(own.case_id) if e.transition == "detach"]
    joined = [
        e.sequence for e in book.history(group.case_id) if fault.event_id in {one.event_id for one in e.case.events}
    ]
    return min(ended) < min(joined)
