"""The cases wired: the book in the registry's database, the city's policy and calendar, the photos in the data folder."""

from dataclasses import dataclass
from time import time

from cases.attachments import AttachmentStore
from cases.deadlines import CityTimes
from cases.desk.backlog import desk_backlog
from cases.desk.service import CaseDesk
from cases.intake import Intake
from cases.notification import Notifier, load_notification
from cases.policy import CasePolicy, load_policy
from cases.service.services import CaseServices
from cases.storage import CaseStore
from streams.reading.ticks import last_tick_ms
from urbansense.configuration.settings import environment
from urbansense.running.services import Service
from urbansense.wiring.parts import Parts
from urbansense.wiring.shared_database import SharedDatabase


@dataclass(frozen=True, slots=True)
class CaseParts:
    """What desk and API of one process share."""

    book: CaseStore
    policy: CasePolicy
    times: CityTimes
    photos: AttachmentStore


def open_case_parts(parts: Parts) -> CaseParts:
    """The office on the registry's database, whose schema of the cases is then the newest.

    Raises: ConfigurationError where the policy cannot be followed; TransientFault when the database does not answer.
    """
    settings = parts.settings
    policy = load_policy(settings.case_policy, settings.timezone)
    times = CityTimes(policy.calendar)
    book = CaseStore(SharedDatabase(parts.registry.engine), times, policy.calendar.zone)
    return CaseParts(book, policy, times, AttachmentStore(settings.data_dir / "attachments"))


def open_case_services(parts: Parts, office: CaseParts) -> CaseServices:
    """The cases for the web."""
    return CaseServices(
        office.book, office.policy, office.times, office.photos, lambda: _now_ms(parts),
        lambda: desk_backlog(parts.log, parts.topics, office.book),
    )  # fmt: skip


def open_desk(parts: Parts, office: CaseParts) -> CaseDesk:
    """The desk that follows `city.events`; under a simulated clock its time is that of the events."""
    intake = Intake(office.policy, parts.lookup.device)
    clock = None if parts.settings.clock == "simulated" else _wall_ms
    return CaseDesk(office.book, intake, parts.log, parts.topics, clock)


def open_case_work(parts: Parts, office: CaseParts) -> dict[str, Service]:
    """What works on the cases by itself: the desk and, where the settings name its document, the notifier.

    Raises: ConfigurationError where that document cannot be followed.
    """
    services: dict[str, Service] = {"case desk": open_desk(parts, office)}
    if parts.settings.notify is not None:
        document = load_notification(parts.settings.notify, environment())
        services["notifier"] = Notifier(office.book, document, office.times, office.policy.escalations, _wall_ms)
    return services


async def check_desk(parts: Parts, office: CaseParts) -> str:
    """One line on how far the desk is. Raises: TransientFault where log or database do not answer."""
    return (await desk_backlog(parts.log, parts.topics, office.book)).words


async def _now_ms(parts: Parts) -> int:
    simulated = parts.settings.clock == "simulated"
    return (await last_tick_ms(parts.log, parts.topics) if simulated else 0) or _wall_ms()


def _wall_ms() -> int:
    return int(time() * 1000)
