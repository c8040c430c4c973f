import json

import cbor2
import pytest

from domain.errors import Unreadable
from domain.rejections import Reason
from ingest.dialects.messages import MqttMessage, Refused, Uplink
from ingest.dialects.register import decode
from tests.golden import golden

LAMP_TOPIC = "city/320582-110/streetlight/SL-1/up"
NATIVE = b'{"ts":1763772000123,"readings":{"voltage":229}}'
PACK = b'[{"n":"voltage","u":"V","v":229}]'
PACK_CBOR = cbor2.dumps([{0: "voltage", 1: "V", 2: 229}])


def codec_of(topic: str, payload: bytes, content_type: str | None = None) -> str:
    [report] = decode(MqttMessage(topic, payload, 1763772000410, content_type))
    assert isinstance(report, Uplink)
    return report.codec


DIALECTS = [
    (LAMP_TOPIC, NATIVE, None, "json"),
    (LAMP_TOPIC, NATIVE, "application/json", "json"),
    (LAMP_TOPIC, NATIVE, "text/plain", "json"),
    (LAMP_TOPIC, PACK, None, "senml+json"),
    (LAMP_TOPIC, PACK, "application/senml+json", "senml+json"),
    (LAMP_TOPIC, PACK, "Application/SenML+JSON; charset=utf-8", "senml+json"),
    (LAMP_TOPIC, PACK, "application/sensml+json", "senml+json"),
    (LAMP_TOPIC, PACK_CBOR, None, "senml+cbor"),
    (LAMP_TOPIC, PACK_CBOR, "application/senml+cbor", "senml+cbor"),
    (LAMP_TOPIC, b"\x9f" + PACK_CBOR[1:] + b"\xff", "application/sensml+cbor", "senml+cbor"),
    ("city-gateway/GW-1/up", b'[{"device_id":"SL-1","readings":{}}]', None, "json"),
    ("city-gateway/GW-1/up", PACK, None, "senml+json"),
    ("application/9/device/a840419edb62011c/event/up", golden("chirpstack/lht65n.json"), None, "chirpstack"),
    ("v3/drains@city/devices/well-0042/up", golden("things_stack/em400_mud.json"), None, "things-stack"),
    ("v3/drains/devices/well-0042/up", golden("things_stack/em400_mud.json"), None, "things-stack"),
]


@pytest.mark.parametrize(("topic", "payload", "content_type", "codec"), DIALECTS)
def test_topic_content_type_and_shape_choose_the_codec(
    topic: str, payload: bytes, content_type: str | None, codec: str
) -> None:
    assert codec_of(topic, payload, content_type) == codec


def test_device_and_kind_come_from_the_topic() -> None:
    [report] = decode(MqttMessage(LAMP_TOPIC, NATIVE, 0))
    assert isinstance(report, Uplink)
    assert (report.identity.value, report.kind, report.speaker) == ("SL-1", "streetlight", None)


@pytest.mark.parametrize(
    "topic",
    [
        "", "/", "city", "city/a/streetlight/SL-1", "city/a/b/streetlight/SL-1/up", "city/a/streetlight/SL-1/down",
        "city-gateway/up", "application/9/device/a840419edb62011c/event/join", "v3/a/devices/b/down/ack",
        "spBv1.0/a/NDATA/b",
    ],
)  # fmt: skip
def test_a_topic_without_a_dialect_is_refused(topic: str) -> None:
    with pytest.raises(Unreadable, match="no dialect") as caught:
        decode(MqttMessage(topic, NATIVE, 0))
    assert caught.value.reason is Reason.UNPARSEABLE


def test_a_content_type_that_the_payload_belies_is_refused() -> None:
    for payload, content_type in ((NATIVE, "application/senml+json"), (PACK, "application/senml+cbor")):
        with pytest.raises(Unreadable):
            decode(MqttMessage(LAMP_TOPIC, payload, 0, content_type))
    with pytest.raises(Unreadable):
        decode(MqttMessage(LAMP_TOPIC, PACK_CBOR, 0, "application/json"))


def test_a_bad_element_of_a_batch_leaves_the_others_whole() -> None:
    batch = json.dumps([{"readings": {"a": 1}}, None, {"readings": {"a": 2}}]).encode()
    assert [type(item) for item in decode(MqttMessage(LAMP_TOPIC, batch, 0))] == [Uplink, Refused, Uplink]
