"""Where a request comes from, as the server found: the peer's address, or what a trusted proxy says of it."""

from starlette.requests import HTTPConnection


def address_of(connection: HTTPConnection) -> str:
    """The caller's address; empty where there is none, as in this process itself.

    `X-Forwarded-For` is believed by the server before (`web.serving.server.serve`), from trusted proxies only.
    """
    return connection.client.host if connection.client is not None else ""


def is_forwarded_unbelieved(connection: HTTPConnection) -> bool:
    """Whether a proxy that is not trusted names another caller; believed headers leave the caller without a port."""
    claimed = "x-forwarded-for" in connection.headers
    return claimed and connection.client is not None and connection.client.port != 0
