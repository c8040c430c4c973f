"""How one person wants to be notified; what they leave open is as for everybody."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import Connection, delete, insert, select

from cases.deadlines import parse_week
from cases.notification.messages.message import Language
from cases.storage.tables import notify_preferences
from domain.time.units import DAY_MS
from domain.time.weekly_hours import Week


class Preference(BaseModel):
    """One person's wishes. `channels` None takes all of them, an empty one none; quiet hours as in the document.

    `group_for_ms` is how long messages wait for others to make one digest, ms.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: tuple[str, ...] | None = None
    language: Language | None = None
    quiet_hours: tuple[str, ...] | None = None
    group_for_ms: Annotated[int | None, Field(ge=0, le=DAY_MS)] = None

    @field_validator("quiet_hours")
    @classmethod
    def _leave_some_hour(cls, hours: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if hours and sum(end - begin for spans in parse_week(hours) for begin, end in spans) >= 7 * 24 * 60:
            raise ValueError("no hour of the week is left to tell anything in")
        return hours

    @property
    def week(self) -> Week | None:
        """The quiet hours as the calendar knows them."""
        return None if self.quiet_hours is None else parse_week(self.quiet_hours)

    def takes(self, channel: str) -> bool:
        """Whether that channel may be used."""
        return self.channels is None or channel in self.channels


def read_preferences(connection: Connection) -> Mapping[str, Preference]:
    """Everybody's who has any, by user name."""
    rows = connection.execute(select(notify_preferences)).all()
    return {row.username: Preference.model_validate_json(row.body) for row in rows}


def store_preference(connection: Connection, username: str, preference: Preference) -> None:
    """Keep what somebody wants from now on; it holds for what waits, too."""
    connection.execute(delete(notify_preferences).where(notify_preferences.c.username == username))
    row = {"username": username, "body": preference.model_dump_json()}
    connection.execute(insert(notify_preferences).values(row))
