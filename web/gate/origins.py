"""Which page made a browser ask: one of this site, one of another, or none. Pure, over the request's headers.

Browsers send `Sec-Fetch-Site` (to https and loopback) and `Origin` with what changes something; no page can forge them.
"""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection


def is_same_origin(connection: HTTPConnection) -> bool:
    """Whether the headers prove a page of this very site."""
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return _origin_matches(connection) is True


def is_foreign(connection: HTTPConnection) -> bool:
    """Whether the headers name a page of another site; programs send neither header."""
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    return _origin_matches(connection) is False


def _origin_matches(connection: HTTPConnection) -> bool | None:
    """None without the header. The scheme is not compared: a proxy may have taken the encryption off."""
    origin = connection.headers.get("origin")
    if origin is None:
        return None
    try:
        host = urlsplit(origin).netloc.lower()
    except ValueError:  # brackets that hold no address
        return False
    return host == connection.headers.get("host", "").lower() != ""
