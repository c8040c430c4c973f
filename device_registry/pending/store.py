"""Unknown devices that reported: held, within bounds, until an operator accepts or refuses them.

telemetry.rejected (unknown_device) ──▶ sighting ──▶ admission ──▶ pending_devices ──▶ operator
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select, update

from device_registry.pending.sightings import Sighting
from device_registry.storage.audit import UNNAMED, Action, Note, Subject, write_notes
from device_registry.storage.database import reading, writing
from device_registry.storage.registry import Registry
from device_registry.storage.tables import devices, pending_devices
from domain.devices import DeviceState
from domain.time.units import DAY_MS, MINUTE_MS

_FORGOTTEN_AFTER_MS: Final = 30 * DAY_MS
_NAMES_A_STATEMENT: Final = 500
_WAITING: Final = select(func.count()).select_from(pending_devices).where(pending_devices.c.refused_at_ms.is_(None))
_ANSWERS_TO_ITS_EUI: Final = (~devices.c.removed, devices.c.state != DeviceState.RETIRED)


@dataclass(frozen=True, slots=True)
class PendingDevice:
    """An unknown device since its first report; `refused_at_ms` where an operator wants none of it."""

    name: str
    dev_eui: str | None
    kind: str | None
    speaker: str | None
    topic: str
    sample: str
    first_seen_ms: int
    last_seen_ms: int
    reports: int
    refused_at_ms: int | None = None
    refused_by: str | None = None


@dataclass(frozen=True, slots=True)
class PendingLimits:
    """At most so many devices wait, and so many new ones come in a minute of receipt. What is beyond is turned away."""

    devices: int = 1000
    new_per_minute: int = 60
    sample_characters: int = 4096


class Noted(NamedTuple):
    """What became of some sightings: new devices admitted, and sightings turned away for want of room."""

    admitted: int
    turned_away: int


class PendingStore:
    """The pending devices in the registry's database. Synchronous, and safe from many threads.

    Raises, from every method: domain.errors.TransientFault when the database does not answer.
    """

    def __init__(self, registry: Registry, limits: PendingLimits | None = None) -> None:
        self.limits = limits or PendingLimits()
        self._registry = registry
        self._minute = self._admitted = 0

    def note(self, sightings: Sequence[Sighting]) -> Noted:
        """Count each for its device; of new devices admit as many as there is room for, the first to come first.

        Devices that are registered meanwhile leave the list; what an operator refused stays refused and is not counted.
        """
        by_name: dict[str, list[Sighting]] = {}
        for sighting in sightings:
            by_name.setdefault(sighting.name, []).append(sighting)
        with writing(self._registry.engine) as connection:
            _drop_registered(connection)
            held = _read(connection, by_name)
            known = [held[name] for name in by_name if name in held and held[name].refused_at_ms is None]
            _update_seen(connection, [(one, by_name[one.name]) for one in known])
            new = {name: seen for name, seen in by_name.items() if name not in held}
            for name in _registered(connection, new):
                del new[name]
            admitted = self._admit(connection, new)
            turned_away = sum(_reports(seen) for name, seen in new.items() if name not in admitted)
            if admitted:
                connection.execute(insert(pending_devices), [_row(new[name]) for name in admitted])
        return Noted(len(admitted), turned_away)

    def page(self, *, refused: bool = False, after: str | None = None, limit: int = 100) -> list[PendingDevice]:
        """Up to `limit` by name, those behind `after`: who waits, or who was refused."""
        table = pending_devices.c
        statement = select(pending_devices).order_by(table.name).limit(limit).where(~_is_registered())
        statement = statement.where(table.refused_at_ms.is_not(None) if refused else table.refused_at_ms.is_(None))
        if after is not None:
            statement = statement.where(table.name > after)
        with reading(self._registry.engine) as connection:
            return [PendingDevice(*row) for row in connection.execute(statement)]

    def count(self) -> int:
        """How many wait."""
        with reading(self._registry.engine) as connection:
            return connection.execute(_WAITING).scalar_one()

    def get(self, name: str) -> PendingDevice | None:
        with reading(self._registry.engine) as connection:
            return _read(connection, [name]).get(name)

    def refuse(self, name: str, *, now_ms: int, author: str = UNNAMED) -> bool:
        """Whether it was on the list; it is not counted any more, and cannot come back by itself."""
        return self._settle(name, {"refused_at_ms": now_ms, "refused_by": author}, "refused", now_ms, author)

    def forget(self, name: str, *, now_ms: int, author: str = UNNAMED) -> bool:
        """Whether it was on the list; its next report puts it there again."""
        return self._settle(name, None, "forgotten", now_ms, author)

    def take_out(self, name: str) -> None:
        """It is registered now. (That is in the device's own history.)"""
        with writing(self._registry.engine) as connection:
            connection.execute(delete(pending_devices).where(pending_devices.c.name == name))

    def _settle(self, name: str, marks: dict[str, Any] | None, word: str, now_ms: int, author: str) -> bool:
        with writing(self._registry.engine) as connection:
            if name not in _read(connection, [name]):
                return False
            mine = pending_devices.c.name == name
            connection.execute(
                delete(pending_devices).where(mine)
                if marks is None
                else update(pending_devices).where(mine).values(marks)
            )
            note = Note(Subject.DEVICE, name, 0, now_ms, author, Action.CHANGED, {"pending": ("waiting", word)})
            write_notes(connection, [note])
        return True

    def _admit(self, connection: Connection, new: Mapping[str, Sequence[Sighting]]) -> list[str]:
        """Names in the order of their first sighting, as far as the minute and the table have room."""
        if not new:
            return []
        newest_ms = max(seen[-1].at_ms for seen in new.values())
        if connection.execute(_WAITING).scalar_one() + len(new) > self.limits.devices:
            old = pending_devices.c.last_seen_ms < newest_ms - _FORGOTTEN_AFTER_MS
            connection.execute(delete(pending_devices).where(old, pending_devices.c.refused_at_ms.is_(None)))
        room = self.limits.devices - connection.execute(_WAITING).scalar_one()
        admitted: list[str] = []
        for name, seen in sorted(new.items(), key=lambda item: item[1][0].at_ms):
            minute = seen[0].at_ms // MINUTE_MS
            if minute > self._minute:
                self._minute, self._admitted = minute, 0
            if len(admitted) < room and self._admitted < self.limits.new_per_minute:
                admitted.append(name)
                self._admitted += 1
        return admitted


def _read(connection: Connection, names: Iterable[str]) -> dict[str, PendingDevice]:
    wanted, found = list(names), {}
    for start in range(0, len(wanted), _NAMES_A_STATEMENT):
        statement = select(pending_devices).where(
            pending_devices.c.name.in_(wanted[start : start + _NAMES_A_STATEMENT])
        )
        found.update({row.name: PendingDevice(*row) for row in connection.execute(statement)})
    return found


def _registered(connection: Connection, new: Mapping[str, Sequence[Sighting]]) -> list[str]:
    """Those of the new names that the registry knows by now."""
    names = list(new)
    found: list[str] = []
    euis = {seen[0].dev_eui: name for name, seen in new.items() if seen[0].dev_eui is not None}
    for start in range(0, len(names), _NAMES_A_STATEMENT):
        some = names[start : start + _NAMES_A_STATEMENT]
        theirs = [eui for eui, name in euis.items() if name in some]
        by_id = select(devices.c.device_id).where(devices.c.device_id.in_(some), ~devices.c.removed)
        by_eui = select(devices.c.dev_eui).where(devices.c.dev_eui.in_(theirs), *_ANSWERS_TO_ITS_EUI)
        found += connection.execute(by_id).scalars()
        found += [euis[eui] for eui in connection.execute(by_eui).scalars()]
    return found


def _is_registered() -> ColumnElement[bool]:
    """Of a pending device. A retired one keeps its id, but another may come with its EUI."""
    ids = select(devices.c.device_id)
    by_id = ids.where(devices.c.device_id == pending_devices.c.name, ~devices.c.removed).exists()
    by_eui = ids.where(devices.c.dev_eui == pending_devices.c.dev_eui, *_ANSWERS_TO_ITS_EUI).exists()
    return by_id | by_eui


def _drop_registered(connection: Connection) -> None:
    connection.execute(delete(pending_devices).where(_is_registered()))


def _update_seen(connection: Connection, known: Sequence[tuple[PendingDevice, Sequence[Sighting]]]) -> None:
    if not known:
        return
    statement = update(pending_devices).where(pending_devices.c.name == bindparam("of"))
    connection.execute(
        statement.values({name: bindparam(f"new_{name}") for name in ("last_seen_ms", "reports", "topic", "sample")}),
        [
            {
                "of": one.name,
                "new_last_seen_ms": max(one.last_seen_ms, seen[-1].at_ms),
                "new_reports": one.reports + _reports(seen),
                "new_topic": seen[-1].topic,
                "new_sample": seen[-1].sample or one.sample,
            }
            for one, seen in known
        ],
    )


def _row(seen: Sequence[Sighting]) -> dict[str, Any]:
    first, last = seen[0], seen[-1]
    return {
        **{name: value for name, value in last._asdict().items() if name != "at_ms"},
        "first_seen_ms": first.at_ms,
        "last_seen_ms": last.at_ms,
        "reports": _reports(seen),
    }


def _reports(seen: Iterable[Sighting]) -> int:
    return sum(one.reports for one in seen)
