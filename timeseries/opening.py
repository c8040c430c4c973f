"""Which store a URL names, and opening it."""

from pathlib import Path

from domain.errors import ConfigurationError
from timeseries.embedded import EmbeddedStore
from timeseries.ports import Store


async def open_store(url: str, data_dir: Path, token: str | None = None) -> Store:
    """The store that `url` names: `embedded:` is a DuckDB file in `data_dir`.

    Raises: ConfigurationError where the URL is malformed or the embedded file cannot be opened.
    """
    if url in ("embedded:", "embedded://"):
        return await EmbeddedStore.open(data_dir / "timeseries.duckdb")
    raise ConfigurationError(f"store URL {url!r} is neither embedded: nor influxdb://host:port/org/bucket")
