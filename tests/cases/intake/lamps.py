"""A feeder and its lamps, events about them, a policy, and an intake that is told one event at a time."""

from typing import Any
from uuid import UUID

from cases.intake import Intake, OnCleared, PublishedEvent
from cases.intake.ports import Assignment
from cases.storage import CaseQuery, CaseStore
from cases.workflow.case import Case, Source
from domain.devices import Device
from domain.events import Event, Severity, Status, Text, Transition
from tests.cases.workflow.acting import FOUR_HOURS, NOON_MS

DEVICES = {
    device.device_id: device
    for device in (
        Device("F1", "cabinet", "cabinet", area="320582/110/152/102"),
        Device("L1", "streetlight", "streetlight", area="320582/110/152/102", parent_id="F1"),
        Device("L2", "streetlight", "streetlight", area="320582/110/152/102", parent_id="F1"),
        Device("L9", "streetlight", "streetlight", area="320582/111/1", parent_id="F2"),
    )
}


class Policy:
    """Everything is trusted and dispatched at once, but for info events; what recovers is checked."""

    def __init__(self) -> None:
        self.trusted = True
        self.assignment: Assignment | None = Assignment("lighting", FOUR_HOURS, automatic=True)
        self.cleared = OnCleared.CHECK

    def opens_case(self, event: Event) -> bool:
        return event.severity is not Severity.INFO

    def is_trusted(self, source: Source, problem: str) -> bool:
        return self.trusted

    def class_of(self, problem: str, component_code: str | None) -> str | None:
        return "0118"

    def on_cleared(self, case: Case) -> OnCleared:
        return self.cleared

    def assign(self, case: Case) -> Assignment | None:
        return self.assignment


class Desk:
    """An intake on a book, told things one at a time."""

    def __init__(self, book: CaseStore) -> None:
        self.book = book
        self.policy = Policy()
        self.intake = Intake(self.policy, DEVICES.get)
        self.now_ms = NOON_MS

    def tell(self, *events: Event) -> None:
        for event in events:
            with self.book.transaction() as transaction:
                self.intake.take_in(transaction, PublishedEvent(event, Transition.OPENED, self.now_ms), self.now_ms)

    def wait(self, ms: int) -> None:
        self.now_ms += ms
        with self.book.transaction() as transaction:
            self.intake.release(transaction, self.now_ms)

    def cases(self) -> list[Case]:
        return sorted(self.book.find(CaseQuery()).items, key=lambda case: case.number)

    def only_case(self) -> Case:
        (case,) = self.cases()
        return case

    def steps(self, case: Case) -> list[str]:
        return [entry.transition for entry in self.book.history(case.case_id)]


def lamp_out(subject: str = "L1", event_id: int = 1, **fields: Any) -> Event:
    known: dict[str, Any] = {
        "event_id": UUID(int=event_id),
        "revision": 1,
        "rule": "lamp-out",
        "rule_version": 1,
        "subject": subject,
        "kind": "streetlight",
        "problem": "lamp-out",
        "component_code": "3205820118000001",
        "severity": Severity.MAJOR,
        "status": Status.OPEN,
        "since_ms": NOON_MS - 180_000,
        "opened_at_ms": NOON_MS,
        "department": "lighting",
        "area": "320582/110/152/102",
        "lon": 120.55,
        "lat": 31.87,
        "summary": Text(en="Lamp out", zh="路灯不亮"),
    }
    return Event(**{**known, **fields})


def feeder_fault(event_id: int = 100, **fields: Any) -> Event:
    return lamp_out("F1", event_id, **{"rule": "feeder-fault", "problem": "feeder-fault", "kind": "cabinet", **fields})


def later(event: Event, **fields: Any) -> Event:
    return event.model_copy(update={"revision": event.revision + 1, **fields})


def cleared(event: Event) -> Event:
    return later(event, status=Status.CLEARED, cleared_at_ms=NOON_MS + 600_000)
