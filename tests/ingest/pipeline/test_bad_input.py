"""Every bad input that a city was seen to send: each ends in records, with its reason, and never in an exception."""

import json
from typing import Any

import cbor2
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ingest.dialects.messages import MqttMessage
from tests.golden import golden
from tests.ingest.pipeline.test_message_to_records import (
    COVER,
    GATEWAY,
    LAMP,
    LAMP_TOPIC,
    RECEIVED,
    native,
    pipeline,
    values,
)

BATCH_TOPIC = "city-gateway/GW-1/up"
NEXT_YEAR = RECEIVED + 365 * 86_400_000
PARTIAL, WHOLE = True, False

BAD_INPUT: dict[str, tuple[str, bytes, str, bool]] = {
    "an empty payload": (LAMP_TOPIC, b"", "unparseable", WHOLE),
    "malformed JSON": (LAMP_TOPIC, b'{"ts":1763772000123,"readings":{"voltage":}}', "unparseable", WHOLE),
    "cut off": (LAMP_TOPIC, native()[:-1], "unparseable", WHOLE),
    "invalid UTF-8": (LAMP_TOPIC, b'{"readings":{"volt\xffage":1}}', "unparseable", WHOLE),
    "100,000 brackets": (LAMP_TOPIC, b"[" * 100_000, "unparseable", WHOLE),
    "900 brackets that close": (LAMP_TOPIC, b"[" * 900 + b"]" * 900, "unparseable", WHOLE),
    "a megabyte": (LAMP_TOPIC, b"x" * 1024 * 1024, "too_large", WHOLE),
    "readings of the wrong type": (LAMP_TOPIC, native(readings=[1]), "unparseable", WHOLE),
    "no readings": (LAMP_TOPIC, b'{"ts":1763772000123}', "unparseable", WHOLE),
    "a text": (LAMP_TOPIC, b'"hello"', "unparseable", WHOLE),
    "empty readings": (LAMP_TOPIC, native(readings={}), "bad_value", WHOLE),
    "a reading 900 deep": (
        LAMP_TOPIC, b'{"readings":{"voltage":%s}}' % (b"[" * 900 + b"]" * 900), "bad_value", WHOLE,
    ),
    "a text as a reading": (LAMP_TOPIC, native(readings={"voltage": "229", "current": 1}), "bad_value", PARTIAL),
    "true as a number": (LAMP_TOPIC, native(readings={"voltage": True}), "bad_value", WHOLE),
    "NaN": (LAMP_TOPIC, b'{"ts":1763772000123,"readings":{"voltage":NaN,"current":0.4}}', "bad_value", PARTIAL),
    "Infinity": (LAMP_TOPIC, b'{"ts":1763772000123,"readings":{"voltage":-Infinity,"current":1}}', "bad_value", PARTIAL),
    "1e999": (LAMP_TOPIC, b'{"ts":1763772000123,"readings":{"voltage":1e999}}', "bad_value", WHOLE),
    "a number of 400 digits": (LAMP_TOPIC, b'{"readings":{"voltage":%s}}' % (b"9" * 400), "bad_value", WHOLE),
    "a number of 5,000 digits": (LAMP_TOPIC, b'{"readings":{"voltage":%s}}' % (b"9" * 5_000), "unparseable", WHOLE),
    "a key twice": (LAMP_TOPIC, b'{"readings":{"voltage":1,"voltage":2}}', "unparseable", WHOLE),
    "all twice": (LAMP_TOPIC, b'{"ts":1,"ts":2,"readings":{"voltage":1},"readings":{}}', "unparseable", WHOLE),
    "1970": (LAMP_TOPIC, native(ts=0), "bad_time", WHOLE),
    "seconds": (LAMP_TOPIC, native(ts=1_763_772_000), "bad_time", WHOLE),
    "next year": (LAMP_TOPIC, native(ts=NEXT_YEAR), "bad_time", WHOLE),
    "a time as text": (LAMP_TOPIC, native(ts="2025-11-22T00:40:00Z"), "bad_time", WHOLE),
    "a time of NaN": (LAMP_TOPIC, native(ts=float("nan")), "bad_time", WHOLE),
    "a time of 30 digits": (LAMP_TOPIC, native(ts=10**30), "bad_time", WHOLE),
    "an unknown device": ("city/x/streetlight/SL-9/up", native(), "unknown_device", WHOLE),
    "an empty device id": ("city/x/streetlight//up", native(), "unknown_device", WHOLE),
    "a wrong kind": ("city/x/cabinet/SL-320582-000123/up", native(), "wrong_kind", WHOLE),
    "an unknown quantity": (LAMP_TOPIC, native(readings={"voltage": 1, "colour": 2}), "unknown_quantity", PARTIAL),
    "unknown quantities only": (LAMP_TOPIC, native(readings={"colour": 2}), "unknown_quantity", WHOLE),
    "a sequence of another type": (LAMP_TOPIC, native(seq=[1]), "bad_value", PARTIAL),
    "a gateway that is no parent": (
        "city-gateway/GW-2/up", b'[{"device_id":"SL-320582-000123","readings":{"voltage":1}}]', "unauthorised", WHOLE,
    ),
    "an empty batch": (BATCH_TOPIC, b"[]", "unparseable", WHOLE),
    "a batch element without a device": (BATCH_TOPIC, b'[{"readings":{"voltage":1}}]', "unparseable", WHOLE),
    "a device id that is a list": (BATCH_TOPIC, b'[{"device_id":[],"readings":{"voltage":1}}]', "unparseable", WHOLE),
    "an unknown topic": ("city/hello", native(), "unparseable", WHOLE),
    "SenML of NaN": (
        LAMP_TOPIC, cbor2.dumps([{0: "voltage", 2: float("nan")}, {0: "current", 2: 1}]), "bad_value", PARTIAL,
    ),
    "SenML of a time beyond all": (LAMP_TOPIC, b'[{"n":"voltage","v":1,"bt":1e300}]', "bad_time", WHOLE),
    "SenML of 1970": (LAMP_TOPIC, b'[{"n":"voltage","v":1,"bt":268435456}]', "bad_time", WHOLE),
    "SenML in an unknown unit": (LAMP_TOPIC, b'[{"n":"voltage","u":"furlong","v":1}]', "bad_value", WHOLE),
    "SenML for somebody else": (
        LAMP_TOPIC, b'[{"bn":"MC-320582-000007:","n":"battery_level","v":1}]', "unauthorised", WHOLE,
    ),
    "CBOR cut off": (LAMP_TOPIC, cbor2.dumps([{0: "voltage", 2: 1.5}])[:-1], "unparseable", WHOLE),
    "CBOR 1,000 deep": (LAMP_TOPIC, b"\x81" * 1_000, "unparseable", WHOLE),
    "a LoRaWAN device nobody knows": (
        "application/1/device/0101010101010101/event/up",
        golden("chirpstack/lht65n.json").replace(b"a840419edb62011c", b"0101010101010101"), "unknown_device", WHOLE,
    ),
    "a LoRaWAN uplink of next year": (
        "application/1/device/a840419edb62011c/event/up", golden("chirpstack/lht65n.json"), "bad_time", WHOLE,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("topic", "payload", "reason", "partial"), BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_ends_in_the_rejected_topic_with_its_reason(
    topic: str, payload: bytes, reason: str, partial: bool
) -> None:
    with capture_logs() as logs:
        records = pipeline().records(MqttMessage(topic, payload, RECEIVED))
    *telemetry, rejected = values(records)
    assert (rejected["reason"], rejected.get("partial", False)) == (reason, partial)
    assert len(telemetry) == partial
    assert "internal error" not in rejected["detail"]
    assert logs == []


TOPICS = st.sampled_from(
    [
        LAMP_TOPIC, BATCH_TOPIC, "application/1/device/a840419edb62011c/event/up", "v3/drains@city/devices/well-0042/up",
        "city/hello",
    ]
) | st.text(max_size=60)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(1763772000123),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8), inner, max_size=4)
        | st.fixed_dictionaries(
            {},
            optional={
                "ts": inner, "seq": inner, "readings": inner, "device_id": st.just(COVER.device_id) | inner, "n": inner,
                "v": inner, "bn": inner, "t": inner, "bt": inner, "deviceInfo": inner, "object": inner, "time": inner,
                "rxInfo": inner, "uplink_message": inner, "end_device_ids": inner, "dev_eui": inner, "voltage": inner,
                "decoded_payload": inner, "rx_metadata": inner, "devEui": st.just("a840419edb62011c") | inner,
            },
        )
    ),
    max_leaves=12,
)  # fmt: skip
PAYLOADS = st.binary(max_size=60) | JSON.map(lambda document: json.dumps(document).encode()) | JSON.map(cbor2.dumps)
CONTENT_TYPES = st.sampled_from([None, "application/json", "application/senml+json", "application/senml+cbor", "?"])


@settings(deadline=None)
@given(TOPICS, PAYLOADS, CONTENT_TYPES)
def test_any_message_whatever_gives_at_least_one_readable_record_and_meets_no_bug(
    topic: str, payload: bytes, content_type: str | None
) -> None:
    with capture_logs() as logs:
        records = pipeline().records(MqttMessage(topic, payload, RECEIVED, content_type))
    assert records
    assert all(value["received_at_ms"] == RECEIVED for value in values(records))
    assert logs == []


@settings(deadline=None)
@given(st.text(alphabet=st.characters(codec=None), max_size=30), st.binary(max_size=20))
def test_not_even_a_topic_that_is_no_text_raises(topic: str, payload: bytes) -> None:
    assert pipeline().records(MqttMessage(topic, payload, RECEIVED))


@settings(deadline=None)
@given(st.lists(JSON, max_size=6), st.lists(JSON, max_size=6), st.sampled_from([COVER, GATEWAY, LAMP]))
def test_a_good_report_inside_any_batch_survives(before: list[Any], after: list[Any], device: Any) -> None:
    good = {"device_id": device.device_id, "ts": 1763772000123, "readings": {"battery_level": 80}}
    payload = json.dumps([*before, good, *after]).encode()
    records = pipeline().records(MqttMessage(BATCH_TOPIC, payload, RECEIVED))
    survivors = [orjson.loads(r.value or b"") for r in records if r.key == device.device_id.encode()]
    assert any(value.get("readings") == {"battery_level": 80.0} for value in survivors)
