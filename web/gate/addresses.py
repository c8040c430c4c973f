"""Where a request comes from, as the server found: the peer's address, or what a trusted proxy says of it."""

from starlette.requests import HTTPConnection


def address_of(connection: HTTPConnection) -> str:
    """The caller's address; empty where there is none, as in this process itself.

    `X-Forwarded-For` is believed by the server before (`web.serving.server.serve`), from trusted proxies only.
    """
    return connection.client.host if connection.client is not None else ""


def is_forwarded_unbelieved(connection: HTTPConnection) -> bool:
    """Whether a proxy that is not trusted names its caller: one that is believed has become the caller's address."""
    claimed = connection.headers.get("x-forwarded-for")
    return claimed is not None and address_of(connection) not in claimed
