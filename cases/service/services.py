"""What desk, API and commands of one process share of the cases, and what people do with them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from cases.attachments import (
    Attachment,
    AttachmentStore,
    StoredPhoto,
    add_attachment,
    attachments_of,
    check_room,
    find_attachment,
)
from cases.deadlines import CityTimes
from cases.intake import take_automatic_steps
from cases.policy import CasePolicy
from cases.service.visibility import VOUCHING, sees, visible_to
from cases.storage import CasePage, CaseQuery, CaseStore, CaseTransaction, HistoryEntry, Reported, UnknownCase
from cases.storage.counting import CaseCounts, count_cases
from cases.storage.workload import DepartmentLoad, workload
from cases.workflow.case import Case
from cases.workflow.choices import choices_for
from cases.workflow.performing import Act
from cases.workflow.refusals import NotAllowed
from cases.workflow.report import Report
from domain.actors import Actor, covers
from domain.time.units import DAY_MS


@dataclass(frozen=True, slots=True)
class DeskBacklog:
    """What waits for the desk: events that it has not taken in, revisions that `city.cases` does not hold yet.

    `by_state` counts the cases that are open.
    """

    events: int
    revisions: int
    by_state: Mapping[str, int]

    @property
    def open_cases(self) -> int:
        return sum(self.by_state.values())

    @property
    def words(self) -> str:
        """All of it in a line."""
        return f"{self.open_cases} open cases, {self.events} events behind, {self.revisions} revisions to publish"


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """A case with every step, the first one first, and its photos; case and history are of one instant."""

    case: Case
    history: tuple[HistoryEntry, ...]
    photos: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True)
class CaseServices:
    """The store of cases, the city's policy and calendar, the photos, and the clock by which people act, epoch ms.

    Every method is synchronous, one transaction, and for one actor, who finds no case that they may not see: it is unknown
    to them. Raises, from every method: TransientFault when the database does not answer.
    """

    store: CaseStore
    policy: CasePolicy
    times: CityTimes
    photos: AttachmentStore
    now_ms: Callable[[], Awaitable[int]]
    backlog: Callable[[], Awaitable[DeskBacklog]]

    def report(
        self, report: Report, actor: Actor, at_ms: int, *, key: str | None = None, fingerprint: str | None = None
    ) -> Reported:
        """The case of a person's report, after the steps that need nobody; see `CaseTransaction.report`.

        The policy gives a class to a problem without one, and decides whether a report of this actor is trusted.
        Raises: NotAllowed where the area is not the actor's; KeyReused.
        """
        if not covers(actor, report.area):
            raise NotAllowed(f"{report.area} is not in the area of {actor.name}")
        whole = Report(
            **{
                **report.model_dump(),
                "class_code": report.class_code or self.policy.class_of(report.problem, report.component_code),
                "trusted": self.policy.is_trusted(report.source, report.problem) and bool(actor.roles & VOUCHING),
            }
        )
        with self.store.transaction() as transaction:
            reported = transaction.report(whole, actor, at_ms, key=key, fingerprint=fingerprint)
            if reported.created:
                take_automatic_steps(transaction, reported.case, self.policy, at_ms)
        return reported

    def act(self, name: str, act: Act, into: str | None = None, expected_revision: int | None = None) -> Case:
        """The case of that id or number after the act. `into` names the case to merge it into, in place of the act's.

        Raises: UnknownCase, for either name; Conflict; the workflow's refusals.
        """
        with self.store.transaction() as transaction:
            case = _visible(transaction, name, act.actor)
            target = None if into is None else _visible(transaction, into, act.actor).case_id
            return transaction.act(case.case_id, replace(act, into=target), expected_revision)

    def case(self, name: str, actor: Actor) -> Case:
        """The case of that id or number. Raises: UnknownCase."""
        return _visible(self.store, name, actor)

    def record(self, case_id: UUID) -> CaseRecord:
        """Everything about a case that is known to be there and to be the actor's to see."""
        history = self.store.history(case_id)
        return CaseRecord(history[-1].case, history, self.photos_of(case_id))

    def find(self, query: CaseQuery, actor: Actor) -> CasePage:
        """One page of what matches. Raises: ValueError where the cursor was not given by an earlier page."""
        return self.store.find(visible_to(actor, query))

    def count(self, query: CaseQuery, actor: Actor) -> int:
        """How many cases match, on every page."""
        return self.store.count(visible_to(actor, query))

    def counts(self, query: CaseQuery, actor: Actor, now_ms: int) -> CaseCounts:
        """What matches, counted by state, severity, department and problem."""
        with self.store.database.reading() as connection:
            return count_cases(connection, visible_to(actor, query), now_ms)

    def workload(self, actor: Actor, now_ms: int) -> tuple[DepartmentLoad, ...]:
        """The load of each department, in the actor's areas; of their own departments where they only are of one."""
        with self.store.database.reading() as connection:
            loads = workload(connection, now_ms, self.times, actor.areas)
        bound = visible_to(actor, CaseQuery()).departments
        return tuple(one for one in loads if not bound or one.department in bound)

    def photos_of(self, case_id: UUID) -> tuple[Attachment, ...]:
        """The photos of a case, the first one first."""
        with self.store.database.reading() as connection:
            return attachments_of(connection, case_id)

    def photo(self, case_id: UUID, attachment_id: UUID) -> Attachment | None:
        """That photo of that case."""
        with self.store.database.reading() as connection:
            return find_attachment(connection, case_id, attachment_id)

    def check_room_for_photo(self, case_id: UUID, actor: Actor, at_ms: int) -> None:
        """Raises: TooMany, TooMuchInADay: before the photo has come, which no case would name then."""
        most_bytes = self.photos.room.quota.person_day_bytes
        with self.store.database.reading() as connection:
            check_room(connection, case_id, actor.name, at_ms - DAY_MS, most_bytes)

    def attach(
        self, case_id: UUID, photo: StoredPhoto, name: str, note: str, actor: Actor, at_ms: int
    ) -> tuple[Attachment, bool]:
        """The photo, and whether it is new to the case; the history has a new one as a comment.

        Raises: UnknownCase; TooMany; the workflow's refusals.
        """
        with self.store.transaction() as transaction:
            _visible(transaction, case_id, actor)
            added, created = add_attachment(transaction.connection, case_id, photo, name, actor.name, at_ms)
            if created:
                details = {"attachment": str(added.attachment_id), "sha256": added.content}
                act = Act("comment", actor, at_ms, note=note or added.name, details=details)
                transaction.act(case_id, act)
        return added, created


def check_may_attach(case: Case, actor: Actor) -> None:
    """Raises: NotAllowed unless the actor may comment on the case, and so attach to it."""
    if not any(one.name == "comment" for one in choices_for(case, actor)):
        raise NotAllowed(f"{case.number}: {actor.name} may not comment on it, nor attach to it")


def _visible(cases: CaseStore | CaseTransaction, name: str | UUID, actor: Actor) -> Case:
    case = cases.get(name.lower() if isinstance(name, str) else name)
    if case is None or not sees(actor, case):
        raise UnknownCase(f"case {name!r} is not known" if isinstance(name, str) else f"case {name} is not known")
    return case
