"""The HTTP side of InfluxDB 2: batches out, Flux answers in, and every failure turned into one of ours."""

import asyncio
import gzip
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Final, TypeVar

import orjson
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException
from influxdb_client.service.write_service import WriteService
from urllib3.exceptions import HTTPError

from domain.errors import ConfigurationError, TransientFault
from domain.retry import backoff_s
from timeseries.influxdb.flux import PLAIN_CSV, Row, parse_rows

_T = TypeVar("_T")
_LINES_PER_REQUEST: Final = 5_000
_REQUESTS_AT_ONCE: Final = 2
_LONGEST_WAIT_S: Final = 30.0
_LONGEST_WORDS: Final = 500
_DROPPED: Final = re.compile(r"\bdropped=(\d+)")


@dataclass(frozen=True, slots=True)
class Address:
    """Where the store is: `url` is `http://host:port` or `https://host:port`."""

    url: str
    org: str
    bucket: str

    def __str__(self) -> str:
        return f"{self.url}/{self.org}/{self.bucket}"


class LinesRefused(Exception):
    """The server took only some of the lines, or none, for good. `dropped` is how many, where its answer states it."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        half = _LONGEST_WORDS // 2  # the server quotes the line, and gives its reason behind it
        self.words = words if len(words) <= _LONGEST_WORDS else f"{words[:half]} … {words[-half:]}"
        found = _DROPPED.search(words)
        self.dropped = int(found[1]) if found else None


class InfluxConnection:
    """One server, organisation and bucket; safe to use from many tasks of one event loop, none of which it blocks.

    Raises, from every call: TransientFault when the server stayed away or overloaded over `attempts` tries (each wait by
    `domain.retry`, or what the server asks for); ConfigurationError where it refuses the token or lacks the bucket.
    """

    def __init__(self, address: Address, token: str, attempts: int = 3, timeout_s: float = 30) -> None:
        self.address = address
        self._attempts = attempts
        client = InfluxDBClient(address.url, token=token, org=address.org, timeout=round(timeout_s * 1000))
        self._client: Any = client  # hardly typed
        self._writes: Any = WriteService(client.api_client)  # type: ignore[no-untyped-call]
        self._threads = ThreadPoolExecutor(_REQUESTS_AT_ONCE + 2, "influxdb")

    async def write_lines(self, lines: Sequence[str]) -> dict[int, str]:
        """Write the lines; what the server refused for good, by position in `lines`, with its words. The rest is stored.

        Delivery: lines may be sent more than once, which changes nothing: a point overwrites itself.
        """
        limit = asyncio.Semaphore(_REQUESTS_AT_ONCE)

        async def write_from(first: int) -> dict[int, str]:
            async with limit:
                return await self._write_isolating(lines[first : first + _LINES_PER_REQUEST], first)

        requests = map(write_from, range(0, len(lines), _LINES_PER_REQUEST))
        refused: dict[int, str] = {}
        for found in await asyncio.gather(*requests, return_exceptions=True):
            if isinstance(found, BaseException):
                raise found
            refused |= found
        return refused

    async def query(self, flux: str) -> list[Row]:
        """The rows of all tables of the answer, in its order."""
        return await self.call(partial(self._query, flux))

    async def server_version(self) -> str:
        return await self.call(self._version)

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)
        self._client.close()

    async def in_thread(self, work: Callable[[], _T]) -> _T:
        """Run `work` off the event loop, once."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def call(self, request: Callable[[], _T]) -> _T:
        """Run a request off the event loop, again where it failed and may succeed."""
        for wait_s in islice(backoff_s(), self._attempts - 1):
            try:
                return await self.in_thread(request)
            except _Unanswered as fault:
                await asyncio.sleep(wait_s if fault.wait_s is None else fault.wait_s)
        return await self.in_thread(request)

    async def _write_isolating(self, lines: Sequence[str], first: int) -> dict[int, str]:
        """Write one request's lines, halving until each refused line stands alone; `first` is the position of the first."""
        try:
            await self.call(partial(self._post, lines))
        except LinesRefused as refusal:
            if len(lines) == 1 or refusal.dropped == len(lines):
                return dict.fromkeys(range(first, first + len(lines)), refusal.words)
            middle = len(lines) // 2
            left = await self._write_isolating(lines[:middle], first)
            return left | await self._write_isolating(lines[middle:], first + middle)
        return {}

    def _post(self, lines: Sequence[str]) -> None:
        body = gzip.compress("\n".join(lines).encode(), compresslevel=1)
        with self._our_errors(LinesRefused):
            self._writes.post_write(
                self.address.org, self.address.bucket, body, content_encoding="gzip", precision="ms"
            )

    def _query(self, flux: str) -> list[Row]:
        with self._our_errors(RuntimeError):
            answer = self._client.query_api().query_raw(flux, dialect=PLAIN_CSV)
            return parse_rows(answer.data.decode())

    def _version(self) -> str:
        with self._our_errors(RuntimeError):
            return str(self._client.version())

    @contextmanager
    def _our_errors(self, refused: type[Exception]) -> Iterator[None]:
        """Every failure of the client as one of ours; `refused` is raised for what the server will never accept."""
        try:
            yield
        except ApiException as error:
            raise self._our_error(error, refused) from error
        except (HTTPError, OSError) as error:
            raise _Unanswered(f"InfluxDB at {self.address.url} does not answer: {error}") from error

    def _our_error(self, error: ApiException, refused: type[Exception]) -> Exception:
        words = _server_words(error)
        match error.status:
            case 401 | 403:
                return ConfigurationError(
                    f"InfluxDB at {self.address.url} refuses the token for {self.address.org}/{self.address.bucket} "
                    f"({words}); check URBANSENSE_STORE_TOKEN"
                )
            case 404:
                return ConfigurationError(
                    f"InfluxDB at {self.address.url} lacks the organisation or bucket that URBANSENSE_STORE_URL names: "
                    f"{words}"
                )
            case 400 | 413 | 422:
                return refused(words)
            case _:
                return _Unanswered(f"InfluxDB at {self.address.url} answered {error.status}: {words}", error)


class _Unanswered(TransientFault):
    """A request that may succeed later, after `wait_s` where the server names one."""

    def __init__(self, words: str, error: ApiException | None = None) -> None:
        super().__init__(words)
        headers: Any = error.headers if error is not None else None
        asked = str(headers.get("Retry-After", "")) if headers else ""
        self.wait_s = min(float(asked), _LONGEST_WAIT_S) if asked.isdecimal() else None


def _server_words(error: ApiException) -> str:
    """The server's message, without the JSON around it."""
    try:
        return str(orjson.loads(error.body or b"")["message"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return str(error.body or error.reason)
