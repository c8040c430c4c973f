import base64
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.devices import Device
from domain.rejections import Reason, Rejection
from domain.topics import REJECTION_HEADERS, TELEMETRY_HEADERS, Topics
from ingest.dialects.messages import MqttMessage, Refused
from ingest.pipeline.message_to_records import Pipeline
from ingest.pipeline.rejection_records import (
    decode_rejection,
    encode_rejection,
    rejection,
    replay_message,
    replay_telemetry,
)
from tests.ingest.lookup import lookup_of

PLACE = "telemetry.rejected/3/17"
TOPICS = Topics("test-")
MESSAGE = MqttMessage("city/x/streetlight/SL-1/up", b'{"readings":{"voltage":1}}', 1763772000410)
UNKNOWN = Refused(Reason.UNKNOWN_DEVICE, "device 'SL-1' is not registered", "SL-1")


@settings(deadline=None)
@given(
    st.builds(
        MqttMessage, st.text(), st.binary(), st.integers(0, 2**53), st.none() | st.text(), st.none() | st.just(PLACE),
    ),
    st.builds(
        Refused, st.sampled_from(Reason), st.text(), st.none() | st.from_regex(r"[A-Za-z0-9._:-]{1,64}", fullmatch=True),
    ),
    st.booleans(),
)  # fmt: skip
def test_what_is_written_is_read_back(message: MqttMessage, refused: Refused, partial: bool) -> None:
    rejected = rejection(message, refused, partial=partial)
    record = encode_rejection(rejected, TOPICS)
    assert (record.topic, record.headers) == ("test-telemetry.rejected", REJECTION_HEADERS)
    assert decode_rejection(record.value or b"") == rejected


def test_the_key_is_the_device_or_else_the_topic() -> None:
    assert encode_rejection(rejection(MESSAGE, UNKNOWN), TOPICS).key == b"SL-1"
    nobody = UNKNOWN._replace(device_id=None)
    assert encode_rejection(rejection(MESSAGE, nobody), TOPICS).key == b"city/x/streetlight/SL-1/up"


@pytest.mark.parametrize("device_id", ["", "a b", "x" * 65, "中", "a/b", "a\n", "\ud800"])
def test_what_cannot_be_a_device_id_is_not_told_as_one(device_id: str) -> None:
    assert "device_id" not in rejection(MESSAGE, UNKNOWN._replace(device_id=device_id))


def test_a_detail_is_cut_and_what_is_no_text_is_replaced() -> None:
    rejected = rejection(MESSAGE._replace(topic="a\ud800"), Refused(Reason.BAD_VALUE, "\udfff" + "x" * 5000))
    assert (rejected["topic"], rejected["detail"][:3], len(rejected["detail"])) == ("a?", "?xx", 1000)
    assert orjson.loads(encode_rejection(rejected, TOPICS).value or b"")["topic"] == "a?"


@pytest.mark.parametrize("value", [b"", b"[]", b"{}", b'{"reason":"bad_value"}', b"\xff"])
def test_what_is_no_rejection_is_not_read(value: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        decode_rejection(value)


def test_a_reason_outside_the_closed_set_is_not_read() -> None:
    value = orjson.dumps({**rejection(MESSAGE, UNKNOWN), "reason": "mood"})
    with pytest.raises(ValueError, match="mood"):
        decode_rejection(value)


@settings(deadline=None)
@given(st.binary(), st.none() | st.text())
def test_a_replay_is_the_message_as_it_was_first_received(payload: bytes, content_type: str | None) -> None:
    message = MESSAGE._replace(payload=payload, content_type=content_type)
    assert replay_message(rejection(message, UNKNOWN), PLACE) == message._replace(replay_of=PLACE)


def test_a_report_of_a_device_registered_too_late_is_accepted_when_replayed_with_its_first_time() -> None:
    lookup = lookup_of(kinds=("streetlight",))
    pipeline = Pipeline(TOPICS, lookup)
    [refused] = pipeline.records(MESSAGE)
    lookup.put(Device("SL-1", "streetlight", "streetlight"))
    [accepted] = pipeline.records(replay_message(decode_rejection(refused.value or b""), PLACE))
    telemetry = orjson.loads(accepted.value or b"")
    assert accepted.topic == "test-telemetry.streetlight"
    assert (telemetry["observed_at_ms"], telemetry["replay_of"]) == (1763772000410, PLACE)


def test_what_was_cut_cannot_be_replayed() -> None:
    with pytest.raises(ValueError, match=f"{PLACE} cannot be replayed"):
        replay_message(rejection(MESSAGE, UNKNOWN, keep_bytes=3), PLACE)


def store_refused() -> Rejection:
    telemetry: dict[str, Any] = {
        "device_id": "SL-1",
        "kind": "streetlight",
        "observed_at_ms": 1,
        "readings": {"voltage": 1.0},
    }
    rejected = rejection(MESSAGE, Refused(Reason.STORE_REFUSED, "the server says no", "SL-1"))
    rejected["payload"] = base64.b64encode(orjson.dumps(telemetry)).decode()
    return rejected


def test_what_the_store_refused_goes_back_as_telemetry_and_not_as_a_message() -> None:
    with pytest.raises(ValueError, match="refused by the store"):
        replay_message(store_refused(), PLACE)
    record = replay_telemetry(store_refused(), PLACE, TOPICS)
    assert (record.topic, record.key, record.headers) == ("test-telemetry.streetlight", b"SL-1", TELEMETRY_HEADERS)
    assert orjson.loads(record.value or b"")["replay_of"] == PLACE


def test_only_what_the_store_refused_can_go_back_as_telemetry() -> None:
    with pytest.raises(ValueError, match="never became telemetry"):
        replay_telemetry(rejection(MESSAGE, UNKNOWN), PLACE, TOPICS)
