"""A stretch of a long list, and the cursor of the stretch behind it."""

from typing import NamedTuple

from device_registry.records.entries import StoredEntry
from domain.devices import Device


class Page(NamedTuple):
    """A stretch of devices by id. `next` is the cursor of the one behind it, None at the end."""

    items: tuple[Device, ...]
    next: str | None


class EntryPage(NamedTuple):
    """A stretch of whole entries by device id, likewise."""

    items: tuple[StoredEntry, ...]
    next: str | None
