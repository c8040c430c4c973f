"""What desk, API and commands of one process share of the cases, and how far behind the desk is."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from cases.attachments import AttachmentStore
from cases.deadlines import CityTimes
from cases.policy import CasePolicy
from cases.storage import CaseStore


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
class CaseServices:
    """The book of cases, the city's policy and calendar, the photos, and the clock by which people act, epoch ms."""

    book: CaseStore
    policy: CasePolicy
    times: CityTimes
    photos: AttachmentStore
    now_ms: Callable[[], Awaitable[int]]
    backlog: Callable[[], Awaitable[DeskBacklog]]
