"""The silences and maintenance windows on `rules.definitions`: listed, added and ended by the clock of the data."""

from collections.abc import Awaitable, Callable, Sequence

from domain.topics import Topics
from rules.definitions.silences import Silence, SilenceTable, publish_silence, remove_silence
from streams.ports import Log
from streams.reading.tables import latest_by_key


class SilenceService:
    """`now_ms` is the clock of the data, by which silences begin and end."""

    def __init__(self, log: Log, topics: Topics, now_ms: Callable[[], Awaitable[int]]) -> None:
        self._log = log
        self._topics = topics
        self._now_ms = now_ms

    async def list_silences(self) -> Sequence[Silence]:
        """All that were not taken back, by their beginning; those too that are over."""
        table = SilenceTable()
        table.apply((await latest_by_key(self._log, self._topics.rule_definitions)).values())
        return sorted(table.silences(), key=lambda silence: (silence.starts_at_ms, silence.id))

    async def add(self, silence: Silence) -> None:
        """Put one in force. Raises: ValueError where there is one of that id."""
        if any(silence.id == known.id for known in await self.list_silences()):
            raise ValueError(f"there is a silence {silence.id} already")
        await publish_silence(self._log, self._topics, silence)

    async def end(self, silence_id: str) -> Silence:
        """End it now, by the clock of the data; one that has not begun is taken back. Raises: LookupError."""
        found = next((silence for silence in await self.list_silences() if silence.id == silence_id), None)
        if found is None:
            raise LookupError(f"silence {silence_id}")
        now_ms = await self._now_ms()
        if now_ms <= found.starts_at_ms:
            await remove_silence(self._log, self._topics, silence_id)
            return found
        if now_ms < found.ends_at_ms:
            found = found.model_copy(update={"ends_at_ms": now_ms})
            await publish_silence(self._log, self._topics, found)
        return found

    async def now_ms(self) -> int:
        """The clock of the data."""
        return await self._now_ms()
