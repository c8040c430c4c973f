"""Floods at the pipeline: what is kept whole, what is counted, and that every report is in one of them."""

from itertools import count
from typing import Any

import orjson
from structlog.testing import capture_logs

from domain.devices import Device
from domain.rejections import Reason
from domain.topics import Topics
from ingest.dialects.messages import MqttMessage
from ingest.dialects.state import Ticket
from ingest.pipeline.message_to_records import Pipeline
from ingest.quotas.bounds import Quotas
from streams.ports import Outgoing
from tests.ingest.lookup import lookup_of

NOW = 1_763_772_000_410
LAMP = Device("SL-1", "streetlight", "streetlight", report_interval_s=86_400)
OTHER = Device("SL-2", "streetlight", "streetlight", report_interval_s=86_400)
GATEWAY = Device("GW-1", "gateway", "gateway")
UNKNOWN = "city/x/streetlight/SL-9/up"
HALF_LEGIBLE = b'{"readings":{"voltage":229.1,"colour":%d}}'


class Slot:
    """A pipeline, and what a gateway does with it: everything written, everything acknowledged."""

    def __init__(self, quotas: Quotas | None = Quotas()) -> None:  # noqa: B008
        lookup = lookup_of(LAMP, OTHER, GATEWAY, kinds=("streetlight", "gateway"))
        self.pipeline = Pipeline(Topics(), lookup, quotas=quotas)
        self.written: list[Outgoing] = []
        self.acknowledged = 0

    def receive(self, topic: str, payload: bytes, at_ms: int = NOW) -> None:
        records = self.pipeline.records(MqttMessage(topic, payload, at_ms))
        if not records:
            self.pipeline.hold(Ticket(1, b"\0\1"))
            return
        self.written += records
        self.acknowledged += 1

    def release(self) -> None:
        answer = self.pipeline.release()
        self.written += answer.records
        self.acknowledged += len(answer.settled)

    def sweep(self, times: int = 1) -> None:
        for _ in range(times):
            answer = self.pipeline.sweep()
            self.written += answer.records
            self.acknowledged += len(answer.settled)

    @property
    def reports(self) -> int:
        return sum(record.topic != "telemetry.rejected" for record in self.written)

    @property
    def rejections(self) -> list[dict[str, Any]]:
        return [orjson.loads(one.value or b"") for one in self.written if one.topic == "telemetry.rejected"]

    @property
    def refused(self) -> int:
        return sum(one.get("count", 1) for one in self.rejections if not one.get("partial"))


def report(n: int) -> bytes:
    return b'{"seq":%d,"readings":{"voltage":229.1}}' % n


def test_the_same_refused_message_is_stored_once_and_counted() -> None:
    slot = Slot()
    for _ in range(1_000):
        slot.receive(UNKNOWN, report(1))
    slot.release()
    whole, counted = slot.rejections
    assert "count" not in whole
    assert (counted["count"], counted["reason"], counted["device_id"]) == (999, "unknown_device", "SL-9")
    assert slot.acknowledged == 1_000
    assert slot.pipeline.rejected[Reason.UNKNOWN_DEVICE] == 1_000


def test_a_message_that_is_only_counted_waits_for_the_record_that_counts_it() -> None:
    slot = Slot()
    slot.receive(UNKNOWN, report(1))
    slot.receive(UNKNOWN, report(1))
    assert (slot.acknowledged, slot.pipeline.held, slot.refused) == (1, 1, 1)
    slot.sweep(3)
    assert slot.acknowledged == 1
    slot.sweep()
    assert (slot.acknowledged, slot.pipeline.held, slot.refused) == (2, 0, 2)


def test_large_payloads_of_one_sender_take_a_mebibyte_and_the_rest_is_counted() -> None:
    slot = Slot()
    for n in range(300):
        slot.receive(UNKNOWN, b'{"readings":{"voltage":%d,"x":"%s"}}' % (n, b"x" * 250_000))
    slot.release()
    assert sum(len(one.value or b"") for one in slot.written) < 1.1 * 1024**2
    assert slot.refused == slot.acknowledged == 300
    assert "bytes, counted and not kept" in slot.rejections[-1]["detail"]


def test_messages_of_a_stranger_that_differ_are_kept_whole_while_there_is_room() -> None:
    slot = Slot()
    for n in range(500):
        slot.receive(UNKNOWN, report(n))
    assert [("count" in one) for one in slot.rejections] == [False] * 500


def test_a_device_that_sends_more_than_its_share_is_refused_by_a_reason_of_its_own() -> None:
    slot = Slot()
    for n in range(5_000):
        slot.receive("city/x/streetlight/SL-1/up", report(n))
        slot.receive("city/x/streetlight/SL-2/up", report(n)) if n % 10 == 0 else None
    slot.release()
    assert slot.pipeline.accepted == slot.reports == 1_000 + 500
    assert {one["reason"] for one in slot.rejections} == {"over_quota"}
    assert slot.reports + slot.refused == slot.acknowledged == 5_500
    assert {one["device_id"] for one in slot.rejections} == {"SL-1"}


def test_every_report_of_a_batch_is_taken_from_the_share_whichever_way_it_goes() -> None:
    batch = b"[" + b",".join(report(n) for n in range(400)) + b"]"
    with_a_colon = batch.replace(b'"seq":0', b'"seq":"a:b"')  # which the fast path leaves to the long one
    fast, long = Slot(), Slot()
    for _ in range(4):
        fast.receive("city/x/streetlight/SL-1/up", batch)
        long.receive("city/x/streetlight/SL-1/up", with_a_colon)
    for slot in (fast, long):
        slot.release()
        assert (slot.reports, slot.refused) == (1_000, 600)


def test_a_batch_of_refusals_alike_is_one_record_whole_and_one_count() -> None:
    slot = Slot()
    slot.receive("city-gateway/GW-1/up", b"[" + b",".join([b"7"] * 3_000) + b"]")
    assert [one.get("count", 1) for one in slot.rejections] == [1, 2_999]
    assert slot.acknowledged == 1


def test_a_batch_that_holds_a_good_report_too_is_not_held() -> None:
    slot = Slot()
    good = b'{"device_id":"GW-1","readings":{"rssi":-80}}'
    stranger = b'{"device_id":"SL-9","readings":{"voltage":1}}'
    for _ in range(2):
        slot.receive("city-gateway/GW-1/up", b"[%s,%s]" % (good, stranger))
    assert (slot.acknowledged, slot.reports, slot.refused) == (2, 2, 2)


def test_a_reading_left_out_of_each_report_is_one_record_an_hour_with_a_count() -> None:
    slot = Slot()
    for n in range(60):
        slot.receive("city/x/streetlight/SL-1/up", HALF_LEGIBLE % n, NOW + n * 60_000)
        slot.sweep(60)
    assert slot.acknowledged == slot.reports == 60
    whole, counted = slot.rejections
    assert (whole["partial"], "count" in whole) == (True, False)
    assert (counted["partial"], counted["count"], counted["device_id"]) == (True, 59, "SL-1")
    assert slot.refused == 0


def test_what_was_left_out_is_counted_at_the_end_too() -> None:
    slot = Slot()
    for n in range(3):
        slot.receive("city/x/streetlight/SL-1/up", HALF_LEGIBLE % n)
    [record] = slot.pipeline.release(everything=True).records
    assert orjson.loads(record.value or b"")["count"] == 2


def test_a_hundred_thousand_topics_that_are_nobodys_take_little_room_and_are_all_counted() -> None:
    slot = Slot(Quotas(rejected_bytes=32 * 1024**2))
    for n in range(100_000):
        slot.receive(f"city/x/streetlight/{n}/up", report(n))
        if slot.pipeline.held >= 250:
            slot.release()
    slot.release()
    assert slot.refused == slot.acknowledged == 100_000
    assert sum(len(one.value or b"") for one in slot.written) < 1.3 * 1024**2
    assert slot.rejections[-1]["topic"] == "city/#"


def test_parts_and_frames_of_a_stateful_dialect_are_counted_likewise() -> None:
    slot, numbers = Slot(), count(1)
    settled = 0
    for _ in range(100):
        message = MqttMessage("hj212/010000A8900016F000169DC0/up", b"nonsense", NOW)
        answer = slot.pipeline.receive(message, Ticket(1, next(numbers).to_bytes(2, "big")))
        slot.written += answer.records
        settled += len(answer.settled)
    assert (settled, slot.pipeline.held) == (1, 99)
    slot.release()
    assert (slot.refused, slot.acknowledged) == (100, 99)


def test_what_is_replayed_is_not_bounded() -> None:
    pipeline = Slot().pipeline
    for n in range(2_000):
        message = MqttMessage("city/x/streetlight/SL-1/up", report(n), NOW, replay_of=f"telemetry.rejected/0/{n}")
        assert [record.topic for record in pipeline.records(message)] == ["telemetry.streetlight"]


def test_without_quotas_everything_has_a_record_of_its_own() -> None:
    slot = Slot(quotas=None)
    for _ in range(3_000):
        slot.receive(UNKNOWN, report(1))
        slot.receive("city/x/streetlight/SL-1/up", report(1))
    assert (len(slot.rejections), slot.reports) == (3_000, 3_000)


def test_a_flood_is_one_line_a_minute() -> None:
    slot = Slot()
    with capture_logs() as lines:
        for _ in range(120):
            slot.receive(UNKNOWN, report(1))
            slot.sweep()
    assert [(line["event"], line["reports"]) for line in lines] == [
        ("more was refused than is kept; it is counted", 59),
        ("more was refused than is kept; it is counted", 60),
    ]
