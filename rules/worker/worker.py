"""The rules worker: owns partitions of telemetry, judges them, and commits what follows in one transaction each.

    assigned ──▶ fence and restore ──▶ judge ──▶ commit ──▶ judge ... ──▶ revoked: commit, let go
                        ▲                           │
                        └───── transient fault ─────┘      fenced: let go
A partition resumes from what was committed and from nothing else.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from domain.devices import Device
from domain.errors import Fenced, TransientFault
from domain.retry import kept_running
from domain.topics import Topics
from rules.correlation.event_history import FOREVER_MS, NEVER_MS
from rules.correlation.relations import takes_part_in_correlation
from rules.definitions.silences import SilenceTable
from rules.definitions.table import RuleTable
from rules.engine.health import RuleHealth, Vitals, health_of
from rules.engine.plans import RuleSet
from rules.ports import Devices
from rules.schedule.calendars import DEFAULT_TIMEZONE, Calendars
from rules.worker.partition import Partition
from rules.worker.partition_commit import PartitionCommit
from rules.worker.rebuilding import newest_by_topic, rebuild
from rules.worker.sums import rules_group
from streams.ports import Batch, Log, LogReader, Start, TopicPartition
from streams.reading.tables import latest_by_key
from streams.reading.ticks import TickCheck
from streams.routing.partitioning import Partitioner

COMMIT_EVERY_S: Final = 0.1
"""How long an event may wait for its transaction."""
QUIET_COMMIT_EVERY_S: Final = 1.0
"""How long states and offsets may wait while there is no event; a crash judges that much again, unseen by anybody."""
REFRESH_EVERY_S: Final = 1.0
_READ_TIMEOUT_S: Final = 0.1

_log = structlog.get_logger()


class RulesWorker:
    """One member of the group `<prefix>rules`. Run one per process."""

    def __init__(
        self,
        log: Log,
        topics: Topics,
        lookup: Devices,
        quiet_commit_every_s: float = QUIET_COMMIT_EVERY_S,
        refresh_every_s: float = REFRESH_EVERY_S,
        timezone: str = DEFAULT_TIMEZONE,
    ) -> None:
        self._log = log
        self._topics = topics
        self._lookup = lookup
        self._group = rules_group(topics)
        self._quiet_commit_every_s = quiet_commit_every_s
        self._refresh_every_s = refresh_every_s
        self._timezone = timezone
        self.tick_check = TickCheck(topics, "rules worker")
        self._owned: dict[int, PartitionCommit] = {}
        self._table = RuleTable()
        self._silences = SilenceTable()
        self._rules = RuleSet()
        self._rules_revision = -1
        self._number_of = Partitioner(topics.partitions)
        self._lookup_version = lookup.version
        self._refreshed_at_s = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Judge until `stop` is set; then commit what is judged and let go. Waits out a log that is away."""
        await kept_running(lambda: self._follow_and_judge(stop), stop, _log_wait)

    @property
    def owned(self) -> frozenset[int]:
        """The partition numbers that this worker judges now."""
        return frozenset(self._owned)

    def health(self) -> list[RuleHealth]:
        """The rules in force as the partitions of this worker see them, by name."""
        return health_of(self._rules, [owned.partition.vitals for owned in self._owned.values()])

    async def _follow_and_judge(self, stop: asyncio.Event) -> None:
        definitions = await self._log.reader([self._topics.rule_definitions], start=Start.EARLIEST)
        try:
            await self._load_rules(definitions)
            reader = await self._log.reader(
                self._topics.all_telemetry, group=self._group, start=Start.EARLIEST,
                on_assigned=self._assigned, on_revoked=self._revoked,
            )  # fmt: skip
            try:
                while not stop.is_set():
                    batch = await reader.read(_READ_TIMEOUT_S)
                    await self._follow_rules(definitions)
                    await self._take_in(reader, batch)
                await self._let_go(list(self._owned))
            finally:
                for number in list(self._owned):
                    await self._drop(number)
                await reader.close()
        finally:
            await definitions.close()

    async def _load_rules(self, definitions: LogReader) -> None:
        """Everything that stands on the topic before anything is judged."""
        ends = {tp: end for tp, (_, end) in (await self._log.bounds([self._topics.rule_definitions])).items()}
        self._table, self._silences = RuleTable(), SilenceTable()
        while any(definitions.position(tp) < end for tp, end in ends.items()):
            await self._follow_rules(definitions, _READ_TIMEOUT_S)
        self._put_in_force()

    async def _follow_rules(self, definitions: LogReader, timeout_s: float = 0) -> None:
        for records in (await definitions.read(timeout_s)).values():
            self._table.apply(records)
            self._silences.apply(records)
            for owned in self._owned.values():
                owned.partition.publish_clock_until(self._clock_until_ms())
        if self._owned and self._table.revision != self._rules_revision:
            self._put_in_force()
            _log.info("rules changed", rules=sorted(self._rules.versions().items()))

    def _put_in_force(self) -> None:
        self._rules_revision = self._table.revision
        calendars = Calendars(self._timezone, self._table.calendars())
        self._rules = RuleSet((definition.rule for definition in self._table.in_force()), calendars)
        devices = self._devices_by_partition()
        for number, owned in self._owned.items():
            owned.partition.set_rules(self._rules)
            owned.partition.refresh(devices.get(number, ()))

    def _clock_until_ms(self) -> int:
        """How far the correlation stage needs the clock: for ever by its rules, else to the end of the last silence."""
        if takes_part_in_correlation(definition.rule for definition in self._table.in_force()):
            return FOREVER_MS
        return max((silence.ends_at_ms for silence in self._silences.silences()), default=NEVER_MS)

    def _devices_by_partition(self) -> Mapping[int, Sequence[Device]]:
        """The registry's devices by partition; nothing where no rule fires from absence."""
        found: dict[int, list[Device]] = {}
        if any(self._rules.has_silence_rules(kind) for kind in self._topics.kinds):
            for device in self._lookup.devices():
                found.setdefault(self._number_of(device.device_id.encode()), []).append(device)
        return found

    async def _take_in(self, reader: LogReader, batch: Batch) -> None:
        now_s = asyncio.get_running_loop().time()
        if self._lookup.version != self._lookup_version and now_s - self._refreshed_at_s >= self._refresh_every_s:
            self._lookup_version, self._refreshed_at_s = self._lookup.version, now_s
            devices = self._devices_by_partition()
            for number, owned in self._owned.items():
                owned.partition.refresh(devices.get(number, ()))
        for (topic, number), records in batch.items():
            if (owned_here := self._owned.get(number)) is not None:
                owned_here.partition.judge(topic, records)
        for number, owned in list(self._owned.items()):
            await self._look_after(number, owned, reader, now_s, is_idle=not batch)

    async def _look_after(
        self, number: int, owned: PartitionCommit, reader: LogReader, now_s: float, *, is_idle: bool
    ) -> None:
        """See how the last transaction went, and begin the next when it is time."""
        try:
            owned.check()
        except Fenced as fenced:
            _log.warning("a partition went to another worker", partition=number, error=str(fenced))
            await self._drop(number)
        except TransientFault as fault:
            _log.warning("a commit is in doubt, resuming from the log", partition=number, error=str(fault))
            await self._drop(number)
            await self._resume(number, reader)
        else:
            if owned.partition.has_run_ahead:
                _log.error("the clock went back: a partition is taken up again", partition=number)
                await self._drop(number)
                await self._resume(number, reader)
            elif owned.is_free and self._is_due(owned, now_s, is_idle=is_idle):
                owned.begin_commit()

    def _is_due(self, owned: PartitionCommit, now_s: float, *, is_idle: bool) -> bool:
        waited_s = now_s - owned.last_commit_s
        if owned.partition.has_events:
            return is_idle or waited_s >= COMMIT_EVERY_S
        return owned.partition.is_changed and waited_s >= self._quiet_commit_every_s

    async def _resume(self, number: int, reader: LogReader) -> None:
        """Take the partition up again from what is committed, the reader wound back to there."""
        await self._take_up(number)
        partitions = [TopicPartition(topic, number) for topic in self._topics.all_telemetry]
        places = await self._log.committed(self._group, partitions)
        firsts = await self._log.bounds(self._topics.all_telemetry)
        reader.seek({tp: places[tp].offset if tp in places else firsts[tp][0] for tp in partitions})

    async def _assigned(self, partitions: frozenset[TopicPartition]) -> None:
        for number in sorted({partition.partition for partition in partitions} - self._owned.keys()):
            await self._take_up(number)

    async def _revoked(self, partitions: frozenset[TopicPartition]) -> None:
        await self._let_go(sorted({partition.partition for partition in partitions}))

    async def _take_up(self, number: int) -> None:
        """Fence earlier owners first, then read what they committed last."""
        writer = await self._log.writer(f"{self._topics.prefix}rules-{number}")
        state = TopicPartition(self._topics.rule_state, number)
        records = await latest_by_key(self._log, self._topics.rule_state, [state])
        telemetry = [TopicPartition(topic, number) for topic in self._topics.all_telemetry]
        places = await self._log.committed(self._group, telemetry)
        partition = Partition(number, self._topics, self._rules, self._lookup.device, Vitals(), self.tick_check)
        newest_ms = await newest_by_topic(self._log, self._topics, number)
        outdated = partition.restore(
            records, self._table, {tp: place.offset for tp, place in places.items()}, newest_ms
        )
        partition.set_rules(self._rules)
        if outdated is not None:
            await rebuild(self._log, self._topics, partition, outdated)
        partition.publish_clock_until(self._clock_until_ms())
        partition.refresh(self._devices_by_partition().get(number, ()))
        self._owned[number] = PartitionCommit(partition, writer, self._group)

    async def _let_go(self, numbers: Sequence[int]) -> None:
        """Commit everything judged and release; whoever comes next resumes from there, or from before a failure."""
        for number in [number for number in numbers if number in self._owned]:
            try:
                await self._owned[number].finish()
            except (Fenced, TransientFault) as error:
                _log.warning("a partition is released uncommitted", partition=number, error=str(error))
            await self._drop(number)

    async def _drop(self, number: int) -> None:
        await self._owned.pop(number).close()


def _log_wait(fault: TransientFault, wait_s: float) -> None:
    _log.warning("rules worker waits for the log", error=str(fault), again_in_s=round(wait_s, 1))
