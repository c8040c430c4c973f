"""What the web needs to serve cases. The composition root wires it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cases.attachments import AttachmentStore
from cases.deadlines import CityTimes
from cases.policy import CasePolicy
from cases.storage import CaseBook


@dataclass(frozen=True, slots=True)
class CaseServices:
    """The book of cases, the city's policy and calendar, the photos, and the clock by which people act, epoch ms."""

    book: CaseBook
    policy: CasePolicy
    times: CityTimes
    photos: AttachmentStore
    now_ms: Callable[[], Awaitable[int]]
