"""Whole reports as they came, out of every store: what `rules backtest` and `rules explain` stand on."""

from typing import Any

from domain.telemetry import Telemetry
from domain.time.units import HOUR_MS, MINUTE_MS
from tests.timeseries.building import LAMP, NOON_MS, gateway_timed, report, write
from timeseries import Store


def as_stored(sent: Telemetry) -> dict[str, Any]:
    return {**{name: value for name, value in sent.items() if name != "area"}, "codec": "stored"}


async def test_reports_come_back_as_they_were_written(store: Store) -> None:
    sent = [
        report({"voltage": 229.1, "lamp_failure": True}, message_id="41", quality={"voltage": "suspect"}),
        report({"lamp_failure": False}, NOON_MS + 1),
        gateway_timed({"voltage": 230.0}, NOON_MS + 2000, message_id="4,2"),
    ]
    await write(store, *sent)
    found = await store.fetch_reports("streetlight", NOON_MS, NOON_MS + HOUR_MS)
    assert list(found) == [as_stored(one) for one in sent]


async def test_reports_come_in_the_order_of_their_receipt(store: Store) -> None:
    late = report({"voltage": 1.0}, NOON_MS, received_at_ms=NOON_MS + 9 * MINUTE_MS)
    other = report({"voltage": 2.0}, NOON_MS + MINUTE_MS, device_id="SL-2")
    await write(store, late, other, report({"voltage": 3.0}, NOON_MS + 2 * MINUTE_MS))
    found = await store.fetch_reports("streetlight", NOON_MS, NOON_MS + HOUR_MS)
    assert [one["readings"]["voltage"] for one in found] == [2.0, 3.0, 1.0]


async def test_the_range_the_kind_and_the_device_bound_what_comes(store: Store) -> None:
    await write(
        store,
        report({"voltage": 1.0}, NOON_MS),
        report({"voltage": 2.0}, NOON_MS + MINUTE_MS),
        report({"voltage": 3.0}, NOON_MS, device_id="SL-2"),
        report({"voltage": 4.0}, NOON_MS, device_id="CB-1", kind="cabinet"),
    )

    async def voltages(*asked: Any) -> list[float | bool]:
        return sorted(one["readings"]["voltage"] for one in await store.fetch_reports("streetlight", *asked))

    assert await voltages(NOON_MS, NOON_MS + MINUTE_MS) == [1.0, 3.0]
    assert await voltages(NOON_MS + 1, NOON_MS + MINUTE_MS + 1) == [2.0]
    assert await voltages(NOON_MS, NOON_MS + HOUR_MS, LAMP) == [1.0, 2.0]
    assert await voltages(NOON_MS, NOON_MS) == []
