"""The service that looks, now and then, at what is published on topics that nobody reads (docs/adr/0023).

broker ──# at QoS 0, two seconds a minute──▶ window ──▶ patterns ──▶ the last hour's ──▶ a note on the log
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from secrets import token_hex
from time import monotonic, time
from typing import Final

import structlog

from domain.errors import Fenced, TransientFault
from domain.ledger import Sampling, UnreadPattern, UnreadTopics
from domain.mqtt import MqttEndpoint
from domain.retry import pause
from domain.topics import Topics
from ingest.unread.patterns import collapse
from ingest.unread.record import write_unread
from ingest.unread.window import WaitWindow, Window, take_window, until_over
from streams.ports import Log

_log = structlog.get_logger()
_EVERY_S: Final = 60.0
_WINDOWS: Final = 60
_REST: Final = 10
"""So many intervals are passed over after a look at a broker that carries more than the bound."""
_LOGGED: Final = 100
_MEANING: Final = {
    Sampling.REFUSED: "the broker does not let this account subscribe to #: topics that nobody reads are not seen",
    Sampling.ABOVE_RATE: "the broker carries more than URBANSENSE_UNREAD_MOST_PER_S: unread topics are not looked at",
}


@dataclass(frozen=True, slots=True)
class SamplerSettings:
    """How long one look lasts, in seconds, and above how many messages a second of the broker none is taken."""

    window_s: float = 2.0
    most_per_s: int = 2000


@dataclass
class UnreadSampler:
    """One of an installation is enough: the process of gateway slot 0 runs it. It never fails for a broker or log."""

    endpoint: MqttEndpoint
    log: Log
    topics: Topics
    settings: SamplerSettings = field(default_factory=SamplerSettings)
    wait: WaitWindow = until_over
    rest: Callable[[asyncio.Event, float], Awaitable[None]] = pause
    monotonic_s: Callable[[], float] = monotonic
    now_ms: Callable[[], int] = lambda: int(time() * 1000)
    _windows: deque[tuple[int, Window]] = field(default_factory=lambda: deque(maxlen=_WINDOWS))
    _logged: set[str] = field(default_factory=set)
    _state: Sampling = Sampling.SAMPLED

    async def run(self, stop: asyncio.Event) -> None:
        """Look once a minute until `stop`."""
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                looking = asyncio.ensure_future(self.look())
                await asyncio.wait({looking, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not looking.done():
                    looking.cancel()
                    await asyncio.gather(looking, return_exceptions=True)
                    return
                is_above = looking.result().state is Sampling.ABOVE_RATE
                await self.rest(stop, _EVERY_S * (_REST if is_above else 1))
        finally:
            stopping.cancel()

    async def look(self) -> UnreadTopics:
        """Take one sample and keep what the last hour's come to."""
        most = max(1, int(self.settings.most_per_s * self.settings.window_s))
        client_id = f"{self.topics.prefix}urbansense-sample-{token_hex(8)}"
        window = await take_window(self.endpoint, client_id, self.settings.window_s, most, self.wait, self.monotonic_s)
        if window.state is Sampling.SAMPLED:
            self._windows.append((self.now_ms(), window))
        unread = self._sum_up(window)
        self._log_news(unread)
        try:
            await write_unread(self.log, self.topics, unread)
        except (TransientFault, Fenced) as fault:
            _log.info("what was sampled of unread topics is not kept", error=str(fault))
        return unread

    def _sum_up(self, last: Window) -> UnreadTopics:
        seconds = sum(window.seconds for _, window in self._windows)
        total: Counter[str] = Counter()
        seen_ms: dict[str, int] = {}
        for at_ms, window in self._windows:
            total.update(window.patterns)
            seen_ms.update(dict.fromkeys(window.patterns, at_ms))
        newest_ms = self._windows[-1][0] if self._windows else 0
        patterns = tuple(
            UnreadPattern(pattern, count / seconds if seconds else 0.0, seen_ms.get(pattern, newest_ms))
            for pattern, count in collapse(total).items()
        )
        rate = last.messages / last.seconds if last.seconds else 0.0
        return UnreadTopics(last.state, self.now_ms(), seconds, rate, patterns)

    def _log_news(self, unread: UnreadTopics) -> None:
        """A line for each pattern that is new, the first hundred of them, and one when sampling is kept out."""
        if unread.state is not self._state and unread.state in _MEANING:
            _log.warning(_MEANING[unread.state])
        self._state = unread.state
        for one in unread.patterns:
            if one.pattern not in self._logged and len(self._logged) < _LOGGED:
                self._logged.add(one.pattern)
                _log.warning(
                    "messages are published that nobody reads", pattern=one.pattern, per_second=round(one.per_second, 3)
                )
