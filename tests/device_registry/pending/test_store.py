"""Pending devices: who is seen in a rejection, and the list on each database."""

import base64
from dataclasses import replace
from typing import Any

import orjson
import pytest

from device_registry.pending.sightings import Sighting, sighting_of
from device_registry.pending.store import PendingLimits, PendingStore
from device_registry.storage.registry import Registry
from domain.devices import Device, DeviceState
from domain.time.units import MINUTE_MS
from tests.device_registry.samples import NOW_MS


def rejection(topic: str, device_id: str | None = None, payload: bytes = b"{}", **more: Any) -> dict[str, Any]:
    record = {"reason": "unknown_device", "detail": "", "topic": topic, "received_at_ms": NOW_MS, **more}
    return {
        **record,
        "payload": base64.b64encode(payload).decode(),
        **({"device_id": device_id} if device_id else {}),
    }


TTN = orjson.dumps({"end_device_ids": {"dev_eui": "A840419EDB62011C"}})
SEEN = {
    "a device for itself": (rejection("city/a/streetlight/L1/up", "L1"), ("L1", "streetlight", None, None)),
    "a gateway for a device": (rejection("city-gateway/GW-1/up", "L1"), ("L1", None, "GW-1", None)),
    "a gateway for itself": (rejection("city-gateway/GW-1/up", "GW-1"), ("GW-1", None, None, None)),
    "a pack for another": (rejection("city/a/cabinet/CAB-1/up", "L1"), ("L1", None, "CAB-1", None)),
    "ChirpStack": (
        rejection("application/1/device/A8-40-41-9E-DB-62-01-1C/event/up"),
        ("eui-a840419edb62011c", None, None, "a840419edb62011c"),
    ),
    "The Things Stack": (
        rejection("v3/city/devices/lamp/up", payload=TTN),
        ("eui-a840419edb62011c", None, None, "a840419edb62011c"),
    ),
}


@pytest.mark.parametrize(("record", "who"), SEEN.values(), ids=SEEN.keys())
def test_a_rejection_names_who_was_seen(record: dict[str, Any], who: tuple[str | None, ...]) -> None:
    seen = sighting_of(record)
    assert seen is not None
    assert (seen.name, seen.kind, seen.speaker, seen.dev_eui) == who


UNSEEN = {
    "another reason": rejection("city/a/streetlight/L1/up", "L1", reason="bad_value"),
    "a replay": rejection("city/a/streetlight/L1/up", "L1", replay_of="x/0/1"),
    "no id that could be registered": rejection("city/a/streetlight/L 1/up"),
    "an empty id": rejection("city/a/streetlight//up"),
    "no EUI": rejection("application/1/device/zz/event/up"),
    "a payload that is none": rejection("v3/city/devices/lamp/up", payload=b"\xff"),
    "another topic": rejection("elsewhere", "L1"),
}


@pytest.mark.parametrize("record", UNSEEN.values(), ids=UNSEEN.keys())
def test_nobody_is_seen_in_any_other(record: dict[str, Any]) -> None:
    assert sighting_of(record) is None


def seen(name: str, at_ms: int = NOW_MS, **more: Any) -> Sighting:
    return Sighting(name, at_ms, f"city/a/streetlight/{name}/up", "e30=", kind="streetlight", **more)


def test_reports_are_counted_with_the_first_and_the_last(registry: Registry) -> None:
    book = PendingStore(registry)
    assert book.note([seen("L1"), seen("L2"), seen("L1", NOW_MS + 5)]) == (2, 0)
    assert book.note([seen("L1", NOW_MS + 9)]) == (0, 0)
    first, second = book.page()
    assert (first.name, first.reports, first.first_seen_ms, first.last_seen_ms) == ("L1", 3, NOW_MS, NOW_MS + 9)
    assert (second.name, second.reports) == ("L2", 1)
    assert [one.name for one in book.page(after="L1")] == ["L2"]


def test_the_list_is_bounded_and_old_names_make_room(registry: Registry) -> None:
    book = PendingStore(registry, PendingLimits(devices=2))
    assert book.note([seen("L1"), seen("L2", NOW_MS + 1), seen("L3", NOW_MS + 2)]) == (2, 1)
    assert [one.name for one in book.page()] == ["L1", "L2"]
    month_later = NOW_MS + 31 * 86_400_000
    assert book.note([seen("L2", month_later - 1), seen("L3", month_later)]) == (1, 0)
    assert [one.name for one in book.page()] == ["L2", "L3"]


def test_so_many_new_ones_come_in_a_minute(registry: Registry) -> None:
    book = PendingStore(registry, PendingLimits(new_per_minute=2))
    start = NOW_MS - NOW_MS % MINUTE_MS
    assert book.note([seen(f"L{n}", start + n) for n in range(5)]) == (2, 3)
    assert book.note([seen("L5", start + MINUTE_MS - 1)]) == (0, 1)
    assert book.note([seen("L6", start + MINUTE_MS)]) == (1, 0)
    assert [one.name for one in book.page()] == ["L0", "L1", "L6"]


def test_what_is_refused_stays_refused_until_it_is_forgotten(registry: Registry) -> None:
    book = PendingStore(registry)
    book.note([seen("L1")])
    assert book.refuse("L1", now_ms=NOW_MS, author="li")
    assert book.note([seen("L1", NOW_MS + 1)]) == (0, 0)
    assert book.page() == []
    (refused,) = book.page(refused=True)
    assert (refused.reports, refused.refused_by) == (1, "li")
    assert book.forget("L1", now_ms=NOW_MS, author="wang")
    assert book.note([seen("L1", NOW_MS + 2)]) == (1, 0)
    assert not book.refuse("L9", now_ms=NOW_MS)
    assert [note.author for note in registry.history("L1")] == ["wang", "li"]


def test_whoever_is_registered_is_not_pending(registry: Registry) -> None:
    book = PendingStore(registry)
    eui = "a840419edb62011c"
    book.note([seen("L1"), seen(f"eui-{eui}", dev_eui=eui)])
    known = Device("L1", "streetlight", "streetlight", dev_eui=eui)
    registry.upsert_devices([known], now_ms=NOW_MS)
    assert book.page() == []
    assert book.note([seen("L1"), seen(f"eui-{eui}", dev_eui=eui)]) == (0, 0)
    registry.upsert_devices([replace(known, state=DeviceState.RETIRED)], now_ms=NOW_MS)
    assert book.note([seen("L1"), seen(f"eui-{eui}", dev_eui=eui)]) == (1, 0)
    assert [one.name for one in book.page()] == [f"eui-{eui}"]
