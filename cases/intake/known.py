"""What the cases and the registry know that an event's steps depend on; nothing is written here."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select

from cases.intake import held_events
from cases.intake.event_report import LONGEST_PROBLEM, LONGEST_SUBJECT
from cases.intake.places import places_of
from cases.storage import CaseTransaction
from cases.storage.tables import cases as case_rows
from cases.workflow.case import Case
from domain.events import Event, Status
from domain.hierarchy import FindDevice


@dataclass(frozen=True, slots=True)
class Member:
    """An event that awaits its group's: where that may stand, and the case that the event belongs to already."""

    event: Event
    places: frozenset[str]
    case: Case | None


@dataclass(frozen=True, slots=True)
class Known:
    """All of it, for one event. What cannot matter to the event is left at its default.

    `case` is the event's own, and `waiting_revision` that under which the event waits, where it has none. `replaced` is
    the case of the event that this one replaces, `same_trouble` the open case of its subject and problem with the lowest
    number.
    Shape: `groups` are cases of the event that absorbs this one, by number: the open ones, and `case` in any state;
    `members` are the events that wait for this one, and those that wait for them, by id.
    """

    case: Case | None = None
    waiting_revision: int | None = None
    replaced: Case | None = None
    same_trouble: Case | None = None
    groups: tuple[Case, ...] = ()
    members: tuple[Member, ...] = ()


def read_known(transaction: CaseTransaction, event: Event, find_device: FindDevice) -> Known:
    """What is known for an event, as the transaction sees it. Raises: TransientFault where the registry is away."""
    case = transaction.case_of_event(event.event_id)
    waits = None if case is not None else held_events.waiting_event(transaction.connection, event.event_id)
    waiting_revision = None if waits is None else waits.revision
    if event.status is not Status.OPEN:
        return Known(case, waiting_revision)
    groups = () if event.absorbed_by is None else _groups_of(transaction, event, case, find_device)
    if case is not None or (event.absorbed_by is not None and not groups):
        return Known(case, waiting_revision, groups=groups)
    is_alone = event.absorbed_by is None
    return Known(
        waiting_revision=waiting_revision,
        replaced=transaction.case_of_event(event.replaces) if is_alone and event.replaces is not None else None,
        same_trouble=_same_trouble(transaction, event) if is_alone else None,
        groups=groups,
        members=_members_of(transaction, event, find_device),
    )


def read_known_when_due(transaction: CaseTransaction, event: Event, find_device: FindDevice) -> Known:
    """The same for an event whose wait is over: the group that it waited for no longer matters."""
    return read_known(transaction, event.model_copy(update={"absorbed_by": None}), find_device)


def _same_trouble(transaction: CaseTransaction, event: Event) -> Case | None:
    wanted = select(case_rows.c.case_id).where(
        case_rows.c.ended.is_(False),
        case_rows.c.subject == event.subject[:LONGEST_SUBJECT],
        case_rows.c.problem == event.problem[:LONGEST_PROBLEM],
    )
    case_id = transaction.connection.execute(wanted.order_by(case_rows.c.number).limit(1)).scalar_one_or_none()
    return None if case_id is None else transaction.get(UUID(case_id))


def _groups_of(
    transaction: CaseTransaction, event: Event, case: Case | None, find_device: FindDevice
) -> tuple[Case, ...]:
    places = places_of(event.subject, find_device)
    own = [] if case is None else [case_rows.c.case_id == str(case.case_id)]
    eligible = or_(case_rows.c.ended.is_(False), *own)
    wanted = select(case_rows.c.case_id).where(eligible, case_rows.c.subject.in_(sorted(places)))
    case_ids = transaction.connection.execute(wanted.order_by(case_rows.c.number)).scalars().all()
    found = (transaction.get(UUID(case_id)) for case_id in case_ids)
    return tuple(one for one in found if one is not None and _has_group(one, event, places))


def _has_group(case: Case, event: Event, places: frozenset[str]) -> bool:
    return any(
        one.rule == event.absorbed_by and one.subject in places and one.event_id != event.event_id
        for one in case.events
    )


def _members_of(transaction: CaseTransaction, event: Event, find_device: FindDevice) -> tuple[Member, ...]:
    found: dict[UUID, Member] = {}
    left = [event]
    while left:
        for member in _awaiting(transaction, left.pop(), find_device):
            if member.event.event_id not in found:
                found[member.event.event_id] = member
                left.append(member.event)
    return tuple(found[event_id] for event_id in sorted(found, key=str))


def _awaiting(transaction: CaseTransaction, group: Event, find_device: FindDevice) -> Iterator[Member]:
    for event in held_events.awaiting(transaction.connection, group.rule):
        places = places_of(event.subject, find_device)
        if group.subject in places:
            yield Member(event, places, transaction.case_of_event(event.event_id))
