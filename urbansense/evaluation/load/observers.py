"""Who watches what a load leaves on the log: by reading it, or through the API where another process holds it.

The second is coarse: the stream of `/api/v1/stream` carries events every half second, and no reports.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final, Protocol

import httpx
import orjson

from domain.errors import TransientFault
from urbansense.configuration.settings import Settings
from urbansense.evaluation.load.observations import LogObserver, Observations
from urbansense.evaluation.load.target import RULE, Target

_DATA: Final = "data: "
_EVENT: Final = "event: "


class Observer(Protocol):
    """Between runs `observations` is None; `reported` names devices that reported, `standing` those with an open event."""

    observations: Observations | None
    reported: set[str]
    standing: set[str]
    sees_log: bool
    left_out: Sequence[str]

    async def run(self, opened: asyncio.Event) -> None:
        """Watch until cancelled; sets `opened` when nothing that happens later can be missed."""


def observer_for(target: Target, settings: Settings, kind: str) -> Observer:
    """The best watch there is for this platform."""
    return LogObserver(target.parts, kind) if target.parts is not None else StreamObserver(settings.client_api_url)


class StreamObserver:
    """Receives events through the API's server-sent stream."""

    sees_log = False
    left_out: Sequence[str] = (
        "device→log latency and duplicates: the embedded log can be read by its own process only; loss is by the ledger",
        "event latency is coarse: it was heard through /api/v1/stream, which speaks every 500 ms",
    )

    def __init__(self, api_url: str) -> None:
        self._url = f"{api_url}/api/v1/stream"
        self.observations: Observations | None = None
        self.reported: set[str] = set()
        self.standing: set[str] = set()

    async def run(self, opened: asyncio.Event) -> None:
        timeout = httpx.Timeout(10, read=None)
        try:
            async with (
                httpx.AsyncClient(timeout=timeout, trust_env=False) as client,
                client.stream("GET", self._url) as answer,
            ):
                answer.raise_for_status()
                opened.set()
                kind = ""
                async for line in answer.aiter_lines():
                    if line.startswith(_EVENT):
                        kind = line.removeprefix(_EVENT)
                    elif line.startswith(_DATA) and kind == "event":
                        self._take(orjson.loads(line.removeprefix(_DATA)))
        except httpx.HTTPError as error:
            raise TransientFault(f"{self._url}: {error}") from error

    def _take(self, event: dict[str, Any]) -> None:
        if event.get("rule") != RULE:
            return
        change = self.standing.add if event["status"] == "open" else self.standing.discard
        change(event["subject"])
        self.reported.add(event["subject"])
        if self.observations is not None:
            self.observations.take_event(event, time.time() * 1000)
