"""The write path of the InfluxDB store on a real VictoriaMetrics, read back through its own export."""

import pytest

from domain.errors import TransientFault
from domain.time.units import MINUTE_MS
from tests.servers.victoriametrics import VictoriaMetrics
from tests.timeseries.building import NOON_MS, report, sums, write
from timeseries import Sums
from timeseries.influxdb.connection import Address
from timeseries.influxdb.store import InfluxStore

pytestmark = pytest.mark.victoriametrics


def store_on(server: VictoriaMetrics) -> InfluxStore:
    return InfluxStore(Address(server.url, "any", "any"), "any", attempts=2)


async def test_every_reading_is_there_once_with_its_own_time(victoriametrics: VictoriaMetrics) -> None:
    store = store_on(victoriametrics)
    expected: dict[tuple[str, str], list[tuple[int, float]]] = {}
    reports = []
    for number in range(6_000):
        lamp, at_ms = f"SL-{number % 20}", NOON_MS + number * MINUTE_MS
        readings = {"voltage": 230 + number / 4, "dimming_level": number % 100, "alarm": number % 3 == 0}
        reports.append(report(readings, at_ms, lamp, message_id=str(number), quality={"voltage": "suspect"}))
        for quantity, value in readings.items():
            expected.setdefault((lamp, quantity), []).append((at_ms, float(value)))

    first = await write(store, *reports)
    again = await write(store, *reports, progress=first.progress)
    assert (sums(first), sums(again)) == (Sums(stored=6_000), Sums(stored=6_000, duplicate=6_000))

    found = {}
    for quantity in ("voltage", "dimming_level", "alarm"):
        for series in victoriametrics.export(f"streetlight_{quantity}"):
            assert series["metric"]["area"] == "320582/110/152/102"
            samples = sorted(zip(series["timestamps"], series["values"], strict=True))
            found[series["metric"]["device_id"], quantity] = samples
    assert found == expected
    await store.close()


async def test_texts_with_special_characters_arrive_as_they_were_carried(victoriametrics: VictoriaMetrics) -> None:
    store = store_on(victoriametrics)
    outcome = await write(store, report({"voltage": 1.0}, area='a b,c=d "e" 路灯\\', message_id='q"uo\nte\\'))
    assert sums(outcome) == Sums(stored=1)
    (series,) = victoriametrics.export("streetlight_voltage")
    assert series["metric"]["area"] == 'a b,c=d "e" 路灯%5C'
    await store.close()


async def test_a_server_that_starts_late_loses_nothing(own_victoriametrics: VictoriaMetrics) -> None:
    store = store_on(own_victoriametrics)
    reports = [report({"voltage": float(number)}, NOON_MS + number) for number in range(10)]
    with pytest.raises(TransientFault, match="does not answer"):
        await write(store, *reports)

    own_victoriametrics.start()
    assert sums(await write(store, *reports)) == Sums(stored=10)
    own_victoriametrics.stop()
    with pytest.raises(TransientFault):
        await write(store, report({"voltage": 10.0}, NOON_MS + 10))

    own_victoriametrics.start()
    outcome = await write(store, *reports, report({"voltage": 10.0}, NOON_MS + 10))
    assert sums(outcome) == Sums(stored=1, duplicate=10)
    (series,) = own_victoriametrics.export("streetlight_voltage")
    assert sorted(series["values"]) == [float(number) for number in range(11)]
    await store.close()
