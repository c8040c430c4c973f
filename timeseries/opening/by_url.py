"""Which store a URL names, and opening it."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from domain.errors import ConfigurationError
from timeseries.ports import Store

_FORMS = "write embedded: or influxdb://host:8086/org/bucket (influxdbs:// for TLS)"


async def open_store(url: str, data_dir: Path, token: str | None = None) -> Store:
    """The store that `url` names: `embedded:` is a DuckDB file in `data_dir`, `influxdb://host:port/org/bucket` a server.

    Nothing is connected to or opened yet (`Store.check` does that), so a server may still be starting, or the file be in
    use. Raises: ConfigurationError where the URL is malformed, or the token of a server is missing.
    """
    # Each adapter is imported where it is chosen: neither DuckDB nor the InfluxDB client is loaded in vain.
    if url in ("embedded:", "embedded://"):
        from timeseries.duckdb.store import DuckDBStore

        return DuckDBStore(data_dir / "timeseries.duckdb")

    from timeseries.influxdb.connection import Address
    from timeseries.influxdb.store import InfluxStore

    place, problems = _server_place(url)
    if not token:
        problems.append(f"store {_shown(url)!r} needs a token: set URBANSENSE_STORE_TOKEN")
    if problems or token is None:
        raise ConfigurationError(problems)
    return InfluxStore(Address(*place), token)


def _server_place(url: str) -> tuple[tuple[str, str, str], list[str]]:
    """(URL of the server, organisation, bucket), and what is wrong with the whole."""
    try:
        parts = urlsplit(url)
        port = parts.port or 8086
    except ValueError as error:
        return ("", "", ""), [f"store URL {_shown(url)!r} cannot be read: {error}; {_FORMS}"]
    schemes = {"influxdb": "http", "influxdbs": "https"}
    if parts.scheme not in schemes:
        return ("", "", ""), [f"store URL {_shown(url)!r} names no store; {_FORMS}"]
    problems = []
    if not parts.hostname:
        problems.append(f"store URL {_shown(url)!r} names no host; {_FORMS}")
    names = [unquote(name) for name in parts.path.split("/")[1:]]
    if len(names) != 2 or not all(names):
        problems.append(f"store URL {_shown(url)!r} must name an organisation and a bucket; {_FORMS}")
        names = ["", ""]
    if parts.username is not None or parts.query or parts.fragment:
        problems.append("the store URL holds no user, password, query or fragment; the token is URBANSENSE_STORE_TOKEN")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return (f"{schemes.get(parts.scheme)}://{host}:{port}", names[0], names[1]), problems


def _shown(url: str) -> str:
    """The URL without what may be a secret in it."""
    return re.sub(r"//[^/@]*@", "//***@", url.partition("?")[0])
