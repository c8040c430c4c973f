"""Replays: a message like any other, and the old rejection marked with what became of it."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pytest

from domain.errors import Fenced
from domain.rejections import Outcome, Reason
from domain.topics import REJECTION_HEADERS
from ingest.rejections.rejected_message import Standing
from ingest.rejections.replaying import Replaying
from streams.ports import Committed, Outgoing, TopicPartition, TransactionalWriter
from tests.ingest.rejections.rig import NOW, TOPICS, RejectionRig


async def test_a_rejection_replayed_with_success_leaves_the_list_and_is_marked(rig: RejectionRig) -> None:
    await rig.report("SL-1")
    [old] = await rig.listed()
    rig.register("SL-1")
    done = await rig.rejections.replay([], None)
    assert (done.replayed, done.accepted, done.rejected, done.problems) == (1, 1, 0, ())
    assert await rig.listed() == ()
    [marked] = await rig.listed(Standing.REPLAYED)
    assert (marked.id, marked.outcome, marked.replayed_at_ms) == (old.id, Outcome.ACCEPTED, NOW + 60_000)
    assert [one["replay_of"] for one in await rig.telemetry()] == [old.id]


async def test_what_is_still_wrong_is_a_rejection_of_its_own_and_counts_once(rig: RejectionRig) -> None:
    rig.register("SL-1")
    await rig.report("SL-1", voltage="high")
    [old] = await rig.listed()
    done = await rig.rejections.replay([old.id], None)
    assert (done.replayed, done.accepted, done.rejected) == (1, 0, 1)
    assert done.problems == (f"{old.id} is rejected again: {old.detail}",)
    [new] = await rig.listed()
    assert (new.reason, new.replay_of, new.outcome) == (Reason.BAD_VALUE, old.id, None)
    [marked] = await rig.listed(Standing.REPLAYED)
    assert (marked.id, marked.outcome, marked.rejected_as) == (old.id, Outcome.REJECTED, (new.id,))
    assert await rig.counted() == ({"bad_value": 1}, {}, {"rejected": 1})
    assert (await rig.tail.count("SL-1", NOW)).whole == 1


async def test_readings_that_a_replay_leaves_out_are_recorded(rig: RejectionRig) -> None:
    await rig.report("SL-1", voltage=230.0, current="high")
    rig.register("SL-1")
    assert (await rig.tail.count("SL-1", NOW)).whole == 1
    done = await rig.rejections.replay([], None)
    assert (done.replayed, done.accepted, done.rejected) == (1, 1, 1)
    [new] = await rig.listed()
    assert (new.reason, new.partial, new.device_id) == (Reason.BAD_VALUE, True, "SL-1")
    [marked] = await rig.listed(Standing.REPLAYED)
    assert (marked.outcome, marked.rejected_as) == (Outcome.IN_PART, (new.id,))
    assert await rig.counted() == ({"unknown_device": 1}, {}, {"in_part": 1})
    count = await rig.tail.count("SL-1", NOW)
    assert (count.whole, count.in_part) == (0, 1)


async def test_to_repeat_a_replay_changes_nothing(rig: RejectionRig) -> None:
    await rig.report("SL-1")
    await rig.report("SL-2", voltage="high")
    ids = [one.id for one in await rig.listed()]
    rig.register("SL-1", "SL-2")
    await rig.rejections.replay(ids, None)
    telemetry, listed = await rig.telemetry(), await rig.listed(Standing.ALL)
    again = await rig.rejections.replay(ids, None)
    assert (again.replayed, again.accepted, again.rejected, again.already) == (0, 0, 0, 2)
    assert [problem.split(" was ")[1] for problem in again.problems] == [
        f"replayed already and refused again as {(await rig.listed())[0].id}: replay that"
    ]
    assert (await rig.telemetry(), await rig.listed(Standing.ALL)) == (telemetry, listed)


async def test_a_batch_is_put_through_once_and_each_device_is_marked_by_what_is_its_own(rig: RejectionRig) -> None:
    batch = [{"device_id": name, "readings": {"voltage": value}} for name, value in (("SL-1", 1.0), ("SL-2", "high"))]
    await rig.receive("city-gateway/GW-1/up", batch)
    assert len(await rig.listed()) == 2
    rig.register("SL-1", "SL-2")
    [first] = [one for one in await rig.listed() if one.device_id == "SL-1"]
    done = await rig.rejections.replay([first.id], None)
    assert (done.replayed, done.accepted, done.rejected) == (1, 1, 1)
    outcomes = {one.device_id: one.outcome for one in await rig.listed(Standing.REPLAYED)}
    assert outcomes == {"SL-1": Outcome.ACCEPTED, "SL-2": Outcome.REJECTED}
    assert [(one.device_id, one.replay_of) for one in await rig.listed()] == [("SL-2", first.id)]


async def test_rejections_that_kept_no_payload_are_settled_with_their_message(rig: RejectionRig) -> None:
    names = [f"SL-{n}" for n in range(30)]
    filling = "x" * 60_000  # 30 copies are more than a megabyte
    batch = [
        {"device_id": name, "readings": {"voltage": 1.0}, "filling": filling if n == 0 else ""}
        for n, name in enumerate(names)
    ]
    await rig.receive("city-gateway/GW-1/up", batch)
    rig.register(*names)
    done = await rig.rejections.replay([], None)
    assert (done.replayed, done.accepted, done.problems) == (1, 30, ())
    assert await rig.listed() == ()
    assert {one.outcome for one in await rig.listed(Standing.REPLAYED)} == {Outcome.ACCEPTED}


async def test_what_was_only_counted_stays_open_and_is_named(rig: RejectionRig) -> None:
    counted = {
        "reason": "unparseable", "detail": "", "topic": "city/a", "payload": "", "received_at_ms": NOW,
        "truncated": True, "count": 7,
    }  # fmt: skip
    await rig.log.append([Outgoing(TOPICS.rejected, b"city/a", orjson.dumps(counted), REJECTION_HEADERS)])
    [old] = await rig.listed()
    done = await rig.rejections.replay([], None)
    assert (done.replayed, done.problems) == (
        0, (f"{old.id} cannot be replayed: it counts 7 reports that were not kept",),
    )  # fmt: skip
    assert await rig.listed() == (old,)


class DyingWriter:
    """Dies with its process before or after the n-th transaction."""

    def __init__(self, writer: TransactionalWriter, dies_at: int, *, is_written: bool) -> None:
        self._writer, self._left, self._is_written = writer, dies_at, is_written

    async def commit(
        self, records: Sequence[Outgoing], group: str, offsets: Mapping[TopicPartition, Committed]
    ) -> None:
        self._left -= 1
        if self._left > 0 or self._is_written:
            await self._writer.commit(records, group, offsets)
        if self._left <= 0:
            raise RuntimeError("killed")

    async def close(self) -> None:
        await self._writer.close()


class DyingLog:
    """The log of a process that is killed around its n-th transaction."""

    def __init__(self, log: Any, dies_at: int, *, is_written: bool) -> None:
        self._log, self._dies_at, self._is_written = log, dies_at, is_written

    async def writer(self, transactional_id: str) -> DyingWriter:
        return DyingWriter(await self._log.writer(transactional_id), self._dies_at, is_written=self._is_written)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


@pytest.mark.parametrize("is_written", [False, True])
@pytest.mark.parametrize("dies_at", [1, 2, 3])
async def test_death_between_any_two_steps_loses_nothing_and_doubles_nothing(
    rig: RejectionRig, dies_at: int, is_written: bool
) -> None:
    for name in ("SL-1", "SL-2", "SL-3"):
        await rig.report(name)
    rig.register("SL-1", "SL-2", "SL-3")
    own = rig.rejections._replaying
    dying = Replaying(
        DyingLog(rig.log, dies_at, is_written=is_written), TOPICS, rig.lookup, own.zone, own.marks, own.now_ms,
        bytes_a_transaction=1,
    )  # fmt: skip
    with pytest.raises(RuntimeError, match="killed"):
        await dying.replay([], None)
    done = await rig.rejections.replay([], None)
    assert done.replayed == 3 - dies_at + (not is_written)
    assert sorted(one["device_id"] for one in await rig.telemetry()) == ["SL-1", "SL-2", "SL-3"]
    assert (await rig.counted())[2] == {"accepted": 3}
    assert await rig.listed() == ()


async def test_a_later_replay_takes_the_place_of_an_earlier_one(rig: RejectionRig) -> None:
    writer = await rig.log.writer(f"{TOPICS.prefix}rejections-replay")
    await rig.report("SL-1")
    rig.register("SL-1")
    await rig.rejections.replay([], None)
    with pytest.raises(Fenced):
        await writer.commit([Outgoing(TOPICS.rejected, b"x", b"")], "", {})


async def test_what_the_store_refused_is_put_back_and_a_second_refusal_names_it(rig: RejectionRig) -> None:
    telemetry = {"device_id": "SL-1", "kind": "streetlight", "observed_at_ms": 1, "readings": {"voltage": 1.0}}
    rejected = {
        "reason": "store_refused", "detail": "no", "topic": "telemetry.streetlight", "received_at_ms": NOW,
        "payload": base64.b64encode(orjson.dumps(telemetry)).decode(), "device_id": "SL-1",
    }  # fmt: skip
    await rig.log.append([Outgoing(TOPICS.rejected, b"SL-1", orjson.dumps(rejected), REJECTION_HEADERS)])
    done = await rig.rejections.replay([], None)
    assert (done.replayed, done.accepted) == (1, 1)
    assert await rig.listed() == ()
    assert len(await rig.telemetry()) == 1
