"""What only the InfluxDB store promises, on a real InfluxDB 2."""

import time
from collections.abc import AsyncIterator

import pytest

from domain.errors import ConfigurationError, TransientFault
from domain.time.units import DAY_MS
from tests.servers.influxdb import Influx, InfluxServer
from tests.timeseries.building import LAMP, NOON_MS, event, report, sums, write
from timeseries import Sums
from timeseries.influxdb.connection import Address
from timeseries.influxdb.store import InfluxStore

pytestmark = pytest.mark.influxdb


@pytest.fixture
async def store(influx: Influx, influx_bucket: str) -> AsyncIterator[InfluxStore]:
    opened = InfluxStore(Address(influx.url, influx.org, influx_bucket), influx.token)
    yield opened
    await opened.close()


async def stored_values(store: InfluxStore) -> list[float]:
    samples = await store.fetch_samples(LAMP, "streetlight", "voltage", 0, NOON_MS + 10 * DAY_MS)
    return [sample.value for sample in samples]


async def test_it_keeps_no_progress(store: InfluxStore) -> None:
    await write(store, report({"voltage": 1.0}))
    assert await store.load_progress() is None  # type: ignore[func-returns-value]


async def test_a_batch_of_many_requests_is_stored_whole(store: InfluxStore) -> None:
    reports = [report({"voltage": float(number)}, NOON_MS + number) for number in range(12_001)]
    assert sums(await write(store, *reports)) == Sums(stored=12_001)
    assert await stored_values(store) == [float(number) for number in range(12_001)]


async def test_what_is_forgotten_overwrites_itself_and_counts_as_stored(influx: Influx, influx_bucket: str) -> None:
    for _ in range(2):
        store = InfluxStore(Address(influx.url, influx.org, influx_bucket), influx.token)
        assert sums(await write(store, report({"voltage": 1.0}))) == Sums(stored=1)
        assert await stored_values(store) == [1.0]
        await store.close()


async def test_a_lower_revision_overwrites_none_after_a_restart(influx: Influx, influx_bucket: str) -> None:
    for sent in (event(revision=2, status="cleared"), event(revision=1)):
        store = InfluxStore(Address(influx.url, influx.org, influx_bucket), influx.token)
        await store.write_events([sent, event(subject=f"new-{sent.revision}")])
        stored = await store.fetch_event(str(sent.event_id))
        assert stored is not None
        assert stored.revision == 2
        await store.close()


async def test_reports_of_another_type_than_the_stored_field_are_refused_with_the_servers_words(
    store: InfluxStore, influx: Influx, influx_bucket: str
) -> None:
    with influx.api() as api:
        place = {"org": influx.org, "bucket": influx_bucket, "precision": "ms"}
        alien = f'streetlight,device_id=alien odd="text" {NOON_MS}'
        api.post("/api/v2/write", params=place, content=alien).raise_for_status()

    reports = [report({"odd" if number % 100 == 50 else "voltage": 1.0}, NOON_MS + number) for number in range(300)]
    outcome = await write(store, *reports)

    assert sums(outcome) == Sums(stored=297, refused=3)
    assert sorted(refusal.report["observed_at_ms"] - NOON_MS for refusal in outcome.refusals) == [50, 150, 250]
    assert all("field type conflict" in refusal.detail for refusal in outcome.refusals)
    assert len(await stored_values(store)) == 297
    again = await write(store, *reports[50:52])
    assert sums(again) == Sums(duplicate=1, refused=1), "what was refused is not taken for known"


async def test_reports_older_than_the_bucket_keeps_are_refused_with_the_servers_words(influx: Influx) -> None:
    store = InfluxStore(Address(influx.url, influx.org, influx.make_bucket(retention_s=86_400)), influx.token)
    now_ms = round(time.time() * 1000)
    old = [report({"voltage": 1.0}, now_ms - 10 * DAY_MS + number) for number in range(40)]
    outcome = await write(store, *old, report({"voltage": 2.0}, now_ms))

    assert sums(outcome) == Sums(stored=1, refused=40)
    assert "outside retention policy" in outcome.refusals[0].detail
    await store.write_events([event(opened_at_ms=now_ms - 10 * DAY_MS), event(opened_at_ms=now_ms)])
    assert await store.fetch_event(str(event(opened_at_ms=now_ms).event_id)) is not None
    await store.close()


async def test_a_report_too_long_for_a_line_is_refused_and_the_others_are_stored(store: InfluxStore) -> None:
    too_long = report({"voltage": 2.0}, NOON_MS + 1, area="x" * 70_000)
    taken = report({"_time": 1.0}, NOON_MS + 2)
    outcome = await write(store, report({"voltage": 1.0}), too_long, taken)
    assert sums(outcome) == Sums(stored=1, refused=2)
    words = {refusal.report["observed_at_ms"]: refusal.detail for refusal in outcome.refusals}
    assert "max key length" in words[NOON_MS + 1]
    assert "name is taken" in words[NOON_MS + 2]


async def test_a_wrong_token_or_bucket_is_a_configuration_error(influx: Influx, influx_bucket: str) -> None:
    for bucket, token, words in ((influx_bucket, "wrong", "refuses the token"), ("none", influx.token, "none")):
        store = InfluxStore(Address(influx.url, influx.org, bucket), token)
        with pytest.raises(ConfigurationError, match=words):
            await store.check()
        with pytest.raises(ConfigurationError, match=words):
            await write(store, report({"voltage": 1.0}))
        await store.close()


async def test_a_server_that_goes_away_is_a_transient_fault_until_it_is_back(own_influx: InfluxServer) -> None:
    influx = own_influx.influx
    store = InfluxStore(Address(influx.url, influx.org, influx.make_bucket()), influx.token, attempts=2)
    await write(store, report({"voltage": 1.0}))
    own_influx.stop()

    missed = report({"voltage": 2.0}, NOON_MS + 1)
    for _ in range(2):
        with pytest.raises(TransientFault):
            await write(store, missed)
    with pytest.raises(TransientFault):
        await store.write_events([event()])
    with pytest.raises(TransientFault):
        await store.check()

    own_influx.start()
    assert sums(await write(store, missed)) == Sums(stored=1), "what was not stored is not taken for known"
    await store.write_events([event()])
    assert await stored_values(store) == [1.0, 2.0]
    assert await store.fetch_event(str(event().event_id)) == event()
    await store.close()
