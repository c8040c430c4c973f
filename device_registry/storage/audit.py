"""Who changed what and when: one note for each change of each record, in the transaction of the change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from device_registry.records.changes import same_attributes
from device_registry.records.entries import DeviceEntry, StoredEntry, entry_facts
from device_registry.storage.tables import audit

UNNAMED: Final = "system"
"""Who changed something, where nobody is named."""


class Subject(StrEnum):
    """What a note is about."""

    DEVICE = "device"
    PROFILE = "profile"
    AREA = "area"
    CREDENTIAL = "credential"


class Action(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Note:
    """One change: `changes` holds (old, new) by field, only of fields that differ; old is None in a `created` one.

    `version` is that of the record after the change, 0 where it has none.
    """

    subject_kind: Subject
    subject: str
    version: int
    at_ms: int
    author: str
    action: Action
    changes: Mapping[str, tuple[Any, Any]]
    number: int = 0


def write_notes(connection: Connection, notes: Sequence[Note]) -> None:
    """Keep the notes, in this order; their numbers are the database's."""
    rows = [
        {
            "subject_kind": note.subject_kind.value,
            "subject": note.subject,
            "version": note.version,
            "at_ms": note.at_ms,
            "author": note.author,
            "action": note.action.value,
            "changes": note.changes,
        }
        for note in notes
    ]
    if rows:
        connection.execute(insert(audit), rows)


def read_notes(
    connection: Connection, kind: Subject, subject: str | None, before: int | None, limit: int
) -> list[Note]:
    """Up to `limit` notes, newest first, those with a number below `before` only; of every subject if None."""
    statement = select(audit).where(audit.c.subject_kind == kind.value).order_by(audit.c.number.desc()).limit(limit)
    if subject is not None:
        statement = statement.where(audit.c.subject == subject)
    if before is not None:
        statement = statement.where(audit.c.number < before)
    return [
        Note(
            subject_kind=kind,
            subject=row.subject,
            version=row.version,
            at_ms=row.at_ms,
            author=row.author,
            action=Action(row.action),
            changes={name: (old, new) for name, (old, new) in row.changes.items()},
            number=row.number,
        )
        for row in connection.execute(statement)
    ]


def device_note(before: DeviceEntry | StoredEntry | None, after: DeviceEntry, at_ms: int, author: str) -> Note:
    """The note of a device that was written: created without `before`, else changed."""
    new = entry_facts(after)
    old = entry_facts(before) if before is not None else {}
    action = Action.CREATED if before is None else Action.CHANGED
    changes = differences(old, new)
    return Note(Subject.DEVICE, after.device.device_id, after.device.version, at_ms, author, action, changes)


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """(old, new) of every field that differs, the version left out; a field that is empty on both sides is none."""
    return {
        name: (old.get(name), value)
        for name, value in new.items()
        if name != "version" and _differ(old.get(name), value)
    }


def _differ(old: Any, new: Any) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        return not same_attributes(old, new)
    return bool(old != new and (old or new or new is False or (new == 0 and new is not None)))
