"""Whichever worker judges a partition, and however often it changes hands, its events are the same bytes."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.topics import TELEMETRY_HEADERS, TICK_HEADERS, Topics
from rules.engine.health import Vitals
from rules.engine.plans import RuleSet
from rules.worker.partition import Partition
from rules.worker.partition_states import partition_key
from tests.rules.engines import T0_MS, report
from tests.rules.worker.test_determinism import LOG_MS, Input, StoredRecord, change_device, commit, inputs, table, world

DEVICES = ("L1", "L2", "L3")
"""The one in each partition."""
WORKERS = 3
TOPICS = Topics(partitions=len(DEVICES), kinds=("streetlight",))
TOPIC = TOPICS.telemetry("streetlight")
Shares = tuple[int, ...]
"""The worker of each partition."""


class Worker(NamedTuple):
    """What the partitions of one worker have in common."""

    rules: RuleSet
    vitals: Vitals


class Group:
    """Workers that judge shared-out partitions on one log."""

    def __init__(self, shares: Shares) -> None:
        self.now = world()
        self.state: list[dict[bytes, StoredRecord]] = [{} for _ in DEVICES]
        self.published: list[list[bytes]] = [[] for _ in DEVICES]
        self._workers = self._hired()
        self._take_up(shares)

    def share(self, shares: Shares) -> None:
        """Every partition is given up and taken up, as a rebalance does it."""
        self.commit()
        self._take_up(shares)

    def take(self, place: int, sort: str, what: Any) -> None:
        if sort == "report":
            self._judge(DEVICES.index(what["device_id"]), place, what, TELEMETRY_HEADERS)
        elif sort == "tick":
            for number in range(len(DEVICES)):
                self._judge(number, place, what, TICK_HEADERS)
        elif sort == "rule":
            name, version = what
            self.now.in_force.pop(name, None)
            if version:
                self.now.in_force[name] = version
            self._workers = self._hired()
            for number, partition in enumerate(self._partitions):
                partition.set_rules(self._workers[self._shares[number]].rules)
                partition.refresh(self._devices(number))
        else:
            change_device(self.now, *what)
            for number, partition in enumerate(self._partitions):
                partition.refresh(self._devices(number))

    def commit(self) -> None:
        for number, partition in enumerate(self._partitions):
            self.published[number] += commit(partition, self.state[number])

    def _judge(self, number: int, place: int, value: Any, headers: Any) -> None:
        record = StoredRecord(TOPIC, number, place, LOG_MS, None, orjson.dumps(value), headers)
        self._partitions[number].judge(TOPIC, [record])

    def _hired(self) -> list[Worker]:
        return [Worker(self.now.rules(), Vitals()) for _ in range(WORKERS)]

    def _devices(self, number: int) -> list[Any]:
        return [self.now.devices[DEVICES[number]]]

    def _take_up(self, shares: Shares) -> None:
        self._shares = shares
        self._partitions = [self._restored(number, *self._workers[worker]) for number, worker in enumerate(shares)]

    def _restored(self, number: int, rules: RuleSet, vitals: Vitals) -> Partition:
        partition = Partition(number, TOPICS, rules, self.now.devices.get, vitals)
        partition.restore(self.state[number], table(), {})
        partition.set_rules(rules)
        partition.refresh(self._devices(number))
        return partition


def run(sequence: Sequence[Input], first: Shares, changes: Mapping[int, Shares]) -> tuple[list[list[bytes]], list[Any]]:
    """The events of each partition as bytes, and its sums."""
    group = Group(first)
    for place, (sort, what) in enumerate(sequence):
        if place in changes:
            group.share(changes[place])
        group.take(place, sort, what)
    group.commit()
    own = [orjson.loads(state[partition_key(n)].value or b"{}")["lanes"] for n, state in enumerate(group.state)]
    return group.published, [engines.get(TOPIC, {}).get("sums") for engines in own]


SHARES = st.tuples(*[st.integers(0, WORKERS - 1)] * len(DEVICES))


@settings(max_examples=60, deadline=None)
@given(sequence=inputs(), first=SHARES, data=st.data())
def test_who_judges_which_partition_changes_no_byte(sequence: list[Input], first: Shares, data: st.DataObject) -> None:
    changes = data.draw(st.dictionaries(st.integers(1, len(sequence)), SHARES, max_size=6))
    assert run(sequence, first, changes) == run(sequence, (0, 0, 0), {})


def test_the_partitions_above_do_raise_events() -> None:
    """The property would hold of workers that raise nothing."""
    out: list[Input] = [
        ("report", {**report(minute, 2.0), "device_id": name}) for minute in range(4) for name in DEVICES
    ]
    published, sums = run([("tick", {"gateway": 0, "tick_at_ms": T0_MS}), *out], (0, 1, 2), {5: (2, 0, 1)})
    assert all(any(b'"rule":"lamp-out"' in event for event in events) for events in published)
    assert sums == [[4, 0, 0, 0]] * 3
