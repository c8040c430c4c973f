"""The cases wired: their tables in the registry's database, the city's policy and calendar, photos in the data folder."""

from dataclasses import dataclass

from cases.attachments import AttachmentStore, PhotoQuota
from cases.deadlines import CityTimes
from cases.desk.backlog import desk_backlog
from cases.desk.service import CaseDesk
from cases.intake import Intake
from cases.notification import Notifier, load_notification
from cases.policy import CasePolicy, load_policy
from cases.service.services import CaseServices
from cases.storage import CaseStore
from device_registry.storage.registry import Registry
from urbansense.configuration.settings import Settings, environment
from urbansense.running.services import Service
from urbansense.wiring.clock import data_now_ms, wall_ms
from urbansense.wiring.parts import Parts
from urbansense.wiring.shared_database import SharedDatabase
from web.ports import ReadinessCheck


@dataclass(frozen=True, slots=True)
class CaseParts:
    """What case desk, notifier and API of one process share."""

    store: CaseStore
    policy: CasePolicy
    times: CityTimes
    photos: AttachmentStore


def open_case_parts(settings: Settings, registry: Registry) -> CaseParts:
    """The cases on the registry's database, which need not answer yet.

    Raises: ConfigurationError where the policy cannot be followed.
    """
    policy = load_policy(settings.case_policy, settings.timezone)
    times = CityTimes(policy.calendar)
    store = CaseStore(SharedDatabase(registry.engine), times, policy.calendar.zone)
    return CaseParts(store, policy, times, AttachmentStore(settings.data_dir / "attachments", _photo_quota(settings)))


def _photo_quota(settings: Settings) -> PhotoQuota:
    mebibyte = 1024 * 1024
    return PhotoQuota(
        settings.photo_quota_mb * mebibyte,
        settings.photo_quota_person_mb * mebibyte,
        settings.disk_reserve_mb * mebibyte,
    )


def open_case_services(parts: Parts, cases: CaseParts) -> CaseServices:
    """The cases for the web."""
    return CaseServices(
        cases.store, cases.policy, cases.times, cases.photos, lambda: data_now_ms(parts),
        lambda: desk_backlog(parts.log, parts.topics, cases.store),
    )  # fmt: skip


def open_case_desk(parts: Parts, cases: CaseParts) -> CaseDesk:
    """The case desk that follows `city.events`; under a simulated clock its time is that of the events."""
    intake = Intake(cases.policy, parts.lookup.device)
    clock = None if parts.settings.clock == "simulated" else wall_ms
    return CaseDesk(cases.store, intake, parts.log, parts.topics, clock)


def open_case_work(parts: Parts, cases: CaseParts) -> dict[str, Service]:
    """What works on the cases by itself: the case desk and, where the settings name its document, the notifier.

    Raises: ConfigurationError where that document cannot be followed.
    """
    services: dict[str, Service] = {"case desk": open_case_desk(parts, cases)}
    if parts.settings.notify is not None:
        document = load_notification(parts.settings.notify, environment())
        services["notifier"] = Notifier(cases.store, document, cases.times, cases.policy.escalations, wall_ms)
    return services


def case_checks(parts: Parts, cases: CaseParts) -> dict[str, ReadinessCheck]:
    """What `/readyz` says of the case desk, by the name of what is checked."""

    async def check_desk() -> str:
        return (await desk_backlog(parts.log, parts.topics, cases.store)).words

    return {"case desk": check_desk}
