"""How each recipient is notified: their own wishes before their department's, and those before everybody's."""

from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from cases.notification.document.model import NotifyDocument
from cases.notification.recipients.directory import read_staff
from cases.notification.recipients.preferences import Preference
from cases.notification.timing.quiet_hours import QuietHours
from cases.notification.timing.scheduling import DeliveryPreference
from domain.time.weekly_hours import Week


class DeliveryPreferences:
    """One document's preferences for deliveries. It remembers the quiet hours that it laid out."""

    def __init__(self, document: NotifyDocument, zone: ZoneInfo) -> None:
        self._document = document
        self._zone = zone
        self._quiet: dict[Week, QuietHours] = {}
        self.most_tries = document.give_up.tries
        self.give_up_after_ms = document.give_up.after

    def of(
        self, channel: str, person: str | None, preference: Preference | None, connection: Connection
    ) -> DeliveryPreference:
        """How the one behind an address, or a room, is notified by a channel."""
        part = self._document.channels[channel]
        own = preference or Preference()
        week = own.week
        if week is None:
            week = part.quiet_hours
        if week is None:
            week = self._week_of(self._departments(channel, person, connection))
        if week not in self._quiet:
            self._quiet[week] = QuietHours(week, self._zone)
        group_for_ms = next(
            (one for one in (own.group_for_ms, part.group_for) if one is not None), self._document.group_for
        )
        return DeliveryPreference(self._quiet[week], part.rate, group_for_ms, part.digest_size)

    def _departments(self, channel: str, person: str | None, connection: Connection) -> list[str]:
        """Whose a person is, or whose a room is where it is only one's."""
        if person is not None:
            found = read_staff(connection).find(person)
            return [] if found is None else sorted(found.departments)
        owners = [name for name, part in self._document.departments.items() if channel in part.channels]
        return owners if len(owners) == 1 else []

    def _week_of(self, departments: list[str]) -> Week:
        parts = (self._document.departments.get(name) for name in departments)
        own = next((part.quiet_hours for part in parts if part is not None and part.quiet_hours is not None), None)
        return self._document.quiet_hours if own is None else own
