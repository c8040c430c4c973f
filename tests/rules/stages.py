"""Rules worker and correlator on a real log, fed by hand, with crashes where a test wants them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import orjson

from domain.devices import Device
from domain.errors import Fenced
from domain.topics import TELEMETRY_HEADERS, TICK_HEADERS, Topics
from rules.definitions.lifecycle import apply_rules
from rules.worker.correlator import Correlator
from rules.worker.sums import RuleSums, read_rule_sums
from rules.worker.worker import RulesWorker
from streams.ports import Committed, Log, Outgoing, Record, TopicPartition, TransactionalWriter
from streams.reading.tables import read_to_end
from streams.routing.partitioning import partition_of
from tests.rules.engines import at

PATIENCE_S = 30.0
_T = TypeVar("_T")


class Registry:
    """Devices in memory, as a following lookup shows them."""

    def __init__(self, devices: Iterable[Device]) -> None:
        self._devices = {device.device_id: device for device in devices}
        self.version = 1

    def device(self, device_id: str) -> Device | None:
        return self._devices.get(device_id)

    def devices(self) -> Iterable[Device]:
        return self._devices.values()

    def put(self, device: Device) -> None:
        self._devices[device.device_id] = device
        self.version += 1


class Crash(Exception):
    """The process died here."""


class CrashingLog:
    """A log whose writers die, or lose touch, at the commit that `fault` picks by its number, before or after it."""

    def __init__(self, log: Log, fault: Callable[[int], Exception | None], *, after: bool) -> None:
        self._log = log
        self._fault = fault
        self._after = after
        self.commits = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def writer(self, transactional_id: str) -> "_CrashingWriter":
        return _CrashingWriter(self, await self._log.writer(transactional_id))

    async def commit(self, do: Callable[[], Any]) -> None:
        self.commits += 1
        error = self._fault(self.commits)
        if error is None or self._after:
            await do()
        if error is not None:
            raise error


class StalledLog(CrashingLog):
    """A log whose writers stand still at every commit until `awake` is set, as those of a suspended process do."""

    def __init__(self, log: Log) -> None:
        super().__init__(log, lambda commit: None, after=False)
        self.awake = asyncio.Event()

    async def commit(self, do: Callable[[], Any]) -> None:
        self.commits += 1
        await self.awake.wait()
        await do()


class _CrashingWriter:
    def __init__(self, log: CrashingLog, writer: TransactionalWriter) -> None:
        self._log = log
        self._writer = writer

    async def commit(
        self, records: Sequence[Outgoing], group: str, offsets: Mapping[TopicPartition, Committed]
    ) -> None:
        await self._log.commit(lambda: self._writer.commit(records, group, offsets))

    async def close(self) -> None:
        await self._writer.close()


class Stages:
    """One urbansense's rules on one log. Everything started is stopped at the end."""

    def __init__(self, log: Log, topics: Topics) -> None:
        self.log = log
        self.topics = topics
        self._running: list[tuple[asyncio.Event, asyncio.Task[None]]] = []
        self._workers: list[RulesWorker] = []

    async def apply(self, text: str) -> None:
        await apply_rules(self.log, self.topics, text, now_ms=0)

    async def report(self, *reports: Any) -> None:
        await self.log.append(
            [
                Outgoing(
                    self.topics.telemetry(report["kind"]), report["device_id"].encode(), orjson.dumps(report),
                    TELEMETRY_HEADERS,
                )
                for report in reports
            ]
        )  # fmt: skip

    async def tick(self, minutes: float) -> None:
        value = orjson.dumps({"gateway": 0, "tick_at_ms": at(minutes)})
        await self.log.append(
            [
                Outgoing(topic, None, value, TICK_HEADERS, partition)
                for topic in self.topics.all_telemetry
                for partition in range(self.topics.partitions)
            ]
        )

    def worker(self, registry: Registry, log: Any = None) -> RulesWorker:
        worker = RulesWorker(log or self.log, self.topics, registry, quiet_commit_every_s=0.05, refresh_every_s=0.05)
        self.start(worker)
        self._workers.append(worker)
        return worker

    def correlator(self) -> "asyncio.Task[None]":
        return self.start(Correlator(self.log, self.topics))

    def start(self, service: Any) -> "asyncio.Task[None]":
        stop = asyncio.Event()
        self._running.append((stop, asyncio.create_task(service.run(stop))))
        return self._running[-1][1]

    async def stop(self) -> None:
        """Stop everything; what died of a Crash or was Fenced stays dead."""
        for stop, _ in self._running:
            stop.set()
        async with asyncio.timeout(PATIENCE_S):
            outcomes = await asyncio.gather(*(task for _, task in self._running), return_exceptions=True)
        self._running.clear()
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, Crash | Fenced):
                raise outcome

    async def stop_first(self) -> None:
        stop, task = self._running.pop(0)
        stop.set()
        async with asyncio.timeout(PATIENCE_S):
            await task

    def has_died(self) -> bool:
        return self._running[-1][1].done()

    async def shared(self, *workers: RulesWorker) -> None:
        """Wait until these workers own all partitions between them, and each of them some."""

        async def so() -> bool | None:
            owned = [worker.owned for worker in workers]
            all_of_them = sorted(number for numbers in owned for number in numbers) == [*range(self.topics.partitions)]
            return True if all(owned) and all_of_them else None

        await eventually(so, f"{len(workers)} workers share the partitions")

    def newest_worker(self) -> RulesWorker:
        return self._workers[-1]

    async def died(self) -> None:
        """Wait until the newest service has died of a Crash."""
        async with asyncio.timeout(PATIENCE_S):
            done = await asyncio.gather(self._running[-1][1], return_exceptions=True)
        assert isinstance(done[0], Crash), done

    async def sums(self) -> RuleSums:
        return await read_rule_sums(self.log, self.topics)

    async def judged(self, count: int) -> RuleSums:
        """The sums once they account for that many reports."""

        async def enough() -> RuleSums | None:
            sums = await self.sums()
            return sums if sums.judged + sums.duplicate + sums.too_late + sums.no_rule >= count else None

        return await eventually(enough, f"{count} reports are accounted for")

    async def records(self, topic: str) -> list[Record]:
        return [record async for record in read_to_end(self.log, [topic])]

    async def published(self, count: int, topic: str | None = None) -> list[dict[str, Any]]:
        """The events on a topic (rules.raised by default) once there are that many."""

        async def enough() -> list[dict[str, Any]] | None:
            records = await self.records(topic or self.topics.rules_raised)
            return [orjson.loads(record.value or b"") for record in records] if len(records) >= count else None

        return await eventually(enough, f"{count} events on {topic or 'rules.raised'}")

    def partition_of(self, device_id: str) -> int:
        return partition_of(device_id.encode(), self.topics.partitions)


async def eventually(question: Callable[[], Awaitable[_T | None]], what: str) -> _T:
    """The first answer that is not None; fails if none comes."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while (answer := await question()) is None:
        assert asyncio.get_running_loop().time() < deadline, f"still waiting until {what}"
        await asyncio.sleep(0.02)
    return answer
