"""Who changed what and when, as the API returns it."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from device_registry.service.registry import RegistryService
from device_registry.storage.audit import Action, Note, Subject
from web.http.parameters import Page, refuse_cursor


class FieldChange(BaseModel):
    """One field before and after; `old` is null where the record is new or the field was empty."""

    old: Any
    new: Any


class Change(BaseModel):
    """One change of one record, and by whom; `version` is the record's afterwards."""

    number: int
    subject: str
    action: Action
    author: str
    at_ms: int
    version: int
    changes: dict[str, FieldChange]


async def history_page(
    records: RegistryService, kind: Subject, subject: str | None, cursor: str | None, limit: int
) -> Page[Change]:
    """A page of changes, newest first. Raises: Refused (422) where the cursor is none."""
    if cursor is not None and not (cursor.isdecimal() and len(cursor) < 19):
        raise refuse_cursor(ValueError(f"{cursor!r} is no cursor of a history"))
    notes = await records.history(kind, subject, int(cursor) if cursor else None, limit + 1)
    shown = notes[:limit]
    return Page(items=_changes(shown), next=str(shown[-1].number) if len(notes) > limit else None)


def _changes(notes: Sequence[Note]) -> list[Change]:
    return [
        Change(
            number=note.number,
            subject=note.subject,
            action=note.action,
            author=note.author,
            at_ms=note.at_ms,
            version=note.version,
            changes={name: FieldChange(old=old, new=new) for name, (old, new) in note.changes.items()},
        )
        for note in notes
    ]
