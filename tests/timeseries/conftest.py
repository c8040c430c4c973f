"""The store of each contract suite: DuckDB always, and InfluxDB 2 where it can be had."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.servers.influxdb import Influx
from timeseries import Store, open_store


@pytest.fixture(params=["embedded", pytest.param("influxdb", marks=pytest.mark.influxdb)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "embedded":
        opened = await open_store("embedded:", tmp_path)
    else:
        influx: Influx = request.getfixturevalue("influx")
        bucket = request.getfixturevalue("influx_bucket")
        scheme, _, place = influx.url.partition("://")
        schemes = {"http": "influxdb", "https": "influxdbs"}
        opened = await open_store(f"{schemes[scheme]}://{place}/{influx.org}/{bucket}", tmp_path, influx.token)
    yield opened
    await opened.close()
