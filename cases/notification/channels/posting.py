"""Posting to another's HTTP server: with a time limit, without redirects or proxies, and only where it may be.

Every address that a name stands for is looked at before one is connected to, and the connection goes to that very address:
a name that answers otherwise the next moment changes nothing.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final

import httpx

from cases.notification.channels.ports import Undelivered

_TRY_LATER: Final = frozenset({408, 425, 429})
_MOST_RETRY_AFTER_S: Final = 3600.0
_MOST_ANSWER_BYTES: Final = 65_536

# httpx writes whole addresses into its log lines, and a robot's address holds its key.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

Network = IPv4Network | IPv6Network


class Poster:
    """Posts for one channel. `allowed` are the networks beyond the public ones that it may connect to."""

    def __init__(self, timeout_ms: int, allowed: Sequence[str] = (), ca_file: Path | None = None) -> None:
        self._allowed: tuple[Network, ...] = tuple(ip_network(one, strict=False) for one in allowed)
        self._timeout_s = timeout_ms / 1000
        verify = ssl.create_default_context(cafile=str(ca_file) if ca_file is not None else None)
        self._client = httpx.AsyncClient(
            verify=verify, timeout=self._timeout_s, trust_env=False, follow_redirects=False
        )

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        """The body of a 2xx answer, its first 64 KiB. Raises: Undelivered."""
        address = httpx.URL(url)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(address, body, headers)
        except TimeoutError as error:
            raise Undelivered(f"{address.host} did not answer within {self._timeout_s:g} s") from error
        except (httpx.HTTPError, OSError) as error:
            raise Undelivered(f"{address.host} cannot be reached: {type(error).__name__}") from error

    async def close(self) -> None:
        await self._client.aclose()

    async def _post(self, url: httpx.URL, body: bytes, headers: Mapping[str, str]) -> bytes:
        there = await self._resolve(url)
        pinned = url.copy_with(host=str(there))
        host = url.netloc.decode("ascii")
        request = self._client.build_request(
            "POST",
            pinned,
            content=body,
            headers={"Content-Type": "application/json; charset=utf-8", **headers, "Host": host},
            extensions={"sni_hostname": url.host},
        )
        answer = await self._client.send(request, stream=True)
        try:
            _check(answer)
            read = b""
            async for chunk in answer.aiter_bytes():
                read += chunk
                if len(read) >= _MOST_ANSWER_BYTES:
                    break
            return read[:_MOST_ANSWER_BYTES]
        finally:
            await answer.aclose()

    async def _resolve(self, url: httpx.URL) -> IPv4Address | IPv6Address:
        port = url.port or (443 if url.scheme == "https" else 80)
        found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
        addresses = [ip_address(str(one[4][0]).partition("%")[0]) for one in found]
        for address in addresses:
            if not self._may_connect(address):
                message = f"{url.host} is {address}, which is not public; name its network in `allow` to permit it"
                raise Undelivered(message, permanent=True)
        return addresses[0]

    def _may_connect(self, address: IPv4Address | IPv6Address) -> bool:
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        seen = mapped or address
        if any(seen.version == network.version and seen in network for network in self._allowed):
            return True
        return seen.is_global and not seen.is_multicast


def _check(answer: httpx.Response) -> None:
    """Raises: Undelivered unless the answer is 2xx."""
    code = answer.status_code
    if 200 <= code < 300:
        return
    if 300 <= code < 400:
        raise Undelivered(f"answered {code}: redirects are not followed; write the address it moved to", permanent=True)
    permanent = 400 <= code < 500 and code not in _TRY_LATER
    raise Undelivered(f"answered {code}", permanent=permanent, retry_after_s=_retry_after_s(answer))


def _retry_after_s(answer: httpx.Response) -> float:
    text = answer.headers.get("Retry-After", "")
    return min(float(text), _MOST_RETRY_AFTER_S) if text.isdecimal() else 0.0
