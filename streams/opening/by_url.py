"""From URBANSENSE_LOG_URL to a log."""

from pathlib import Path
from urllib.parse import urlsplit

from domain.errors import ConfigurationError
from streams.ports import Log

EMBEDDED_FILE = "log.sqlite"


async def open_log(url: str, data_dir: Path, client_id: str = "urbansense") -> Log:
    """The log that `url` names: `embedded:` (a file in `data_dir`) or `kafka://host:9092,host2:9092`.

    Delivery: a Kafka broker that is away is waited for. `client_id` names this process to the broker.
    Raises: ConfigurationError where the URL is neither, or another process holds the embedded log.
    """
    if url.rstrip("/") in ("embedded:", "embedded"):
        from streams.sqlite.log import SQLiteLog

        return SQLiteLog(data_dir / EMBEDDED_FILE)
    from streams.kafka.log import KafkaLog

    return KafkaLog(bootstrap_servers(url), client_id)


def bootstrap_servers(url: str) -> tuple[str, ...]:
    """`host:port` of each broker named in a `kafka://` URL; the port is 9092 where none is given.

    Raises: ConfigurationError naming what is wrong with the URL.
    """
    parts = urlsplit(url)
    if parts.scheme != "kafka" or not parts.netloc:
        raise ConfigurationError(f"log URL {url!r} is neither embedded: nor kafka://host:9092,host2:9092")
    if parts.path.strip("/") or parts.query or "@" in parts.netloc:
        raise ConfigurationError(f"log URL {url!r} may hold only hosts and ports: kafka://host:9092,host2:9092")
    servers = []
    for server in parts.netloc.split(","):
        host, colon, port = server.rpartition(":")
        if not colon:
            host, port = server, "9092"
        if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
            raise ConfigurationError(f"log URL {url!r}: {server!r} is not host:port")
        servers.append(f"{host}:{port}")
    return tuple(servers)
