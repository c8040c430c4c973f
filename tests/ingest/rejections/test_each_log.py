"""Replays and samples on each log: what stands there is read alike."""

from domain.ledger import Sampling, UnreadPattern, UnreadTopics
from domain.rejections import Outcome
from domain.topics import Topics
from ingest.rejections.rejected_message import Standing
from ingest.unread.record import read_unread, write_unread
from streams.ports import Log
from tests.ingest.rejections.rig import RejectionRig


async def test_a_replay_marks_what_it_settled(any_log: tuple[Log, Topics]) -> None:
    rig = RejectionRig(*any_log)
    await rig.report("SL-1")
    await rig.report("SL-2", voltage="high")
    rig.register("SL-1", "SL-2")
    ids = [one.id for one in await rig.listed()]
    first = await rig.rejections.replay(ids, None)
    again = await rig.rejections.replay(ids, None)
    assert (first.replayed, first.accepted, first.rejected) == (2, 1, 1)
    assert (again.replayed, again.already) == (0, 2)
    assert {one.device_id: one.outcome for one in await rig.listed(Standing.REPLAYED)} == {
        "SL-1": Outcome.ACCEPTED, "SL-2": Outcome.REJECTED,
    }  # fmt: skip
    assert [one.device_id for one in await rig.listed()] == ["SL-2"]
    assert [one["device_id"] for one in await rig.telemetry()] == ["SL-1"]
    assert await rig.counted() == ({"unknown_device": 2}, {}, {"accepted": 1, "rejected": 1})


async def test_the_newest_look_is_read(any_log: tuple[Log, Topics]) -> None:
    log, topics = any_log
    assert await read_unread(log, topics) is None
    for at_ms in (1, 2):
        seen = UnreadTopics(Sampling.SAMPLED, at_ms, 2.0, 5.0, (UnreadPattern("other/+", 3.0, at_ms),))
        await write_unread(log, topics, seen)
        assert await read_unread(log, topics) == seen
