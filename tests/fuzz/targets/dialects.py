"""Every dialect through the whole pipeline, the frames of MQTT below it, and the rejections above.

Whatever arrives gives readable records or is ignored by a known word; no message meets a bug (the pipeline catches
one, and names it `internal error`); the fast path gives what the long one gives.
"""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from domain.devices import Device
from domain.dialects import DIALECTS
from domain.topics import Topics
from ingest.dialects.messages import MqttMessage
from ingest.dialects.state import Ticket
from ingest.gateway.claim import ClaimFault, Claims
from ingest.gateway.clock.ignored import IgnoredClock
from ingest.gateway.clock.nonces import OutstandingNonces
from ingest.gateway.clock.simulated import SimulatedTime
from ingest.gateway.installation_key import InstallationKey
from ingest.gateway.mqtt.frames import PUBLISH, MalformedFrame, read_publish, split_frames
from ingest.pipeline.fast_path import FastPath
from ingest.pipeline.limits import Limits
from ingest.pipeline.message_to_records import Pipeline
from ingest.pipeline.rejection_records import decode_rejection, replay_message
from streams.ports import Outgoing
from streams.reading.ticks import LATEST_MS
from tests.fuzz.messages import pack, unpack
from tests.fuzz.target import Shape, Target
from tests.golden import FOLDER, golden
from tests.ingest.dialects.test_golden import DEVICES, MESSAGES, RECEIVED, TOPICS
from tests.ingest.lookup import lookup_of
from tests.ingest.pipeline.test_fast_path import MAPPED, MODEL, PARENT, PLAIN

LAMP_TOPIC: Final = TOPICS["native/single.json"]
GATEWAY_TOPIC: Final = TOPICS["native/batch.json"]
CONTENT_TYPES: Final = (None, "application/json", "application/senml+json", "application/senml+cbor")
LIMITS: Final = Limits(payload_bytes=64 * 1024, reports=50)
_TOLERANT: Final = Device("WM-2", "water_monitor", "water_monitor", mn="T", attributes={"hj212_tolerates": "all"})
_LOOKUP: Final = lookup_of(
    *DEVICES, PARENT, PLAIN, MAPPED, MODEL, _TOLERANT,
    kinds=("water_monitor", "cabinet", "streetlight", "manhole_cover", "gateway"),
)  # fmt: skip


class _NoFastPath(FastPath):
    def records(self, message: MqttMessage) -> list[Outgoing] | None:
        return None


def _pipeline() -> Pipeline:
    return Pipeline(Topics(), _LOOKUP, LIMITS)


def _long_way() -> Pipeline:
    pipeline = _pipeline()
    pipeline._fast_path.__class__ = _NoFastPath
    return pipeline


def _values(records: Sequence[Outgoing]) -> list[dict[str, Any]]:
    values = [orjson.loads(record.value or b"") for record in records]
    bugs = [value["detail"] for value in values if "internal error" in value.get("detail", "")]
    assert not bugs, bugs
    return values


def check_stateless(message: MqttMessage) -> None:
    """Records without a bug, equal on both ways; a rejection replayed is the same rejection."""
    records = _pipeline().records(message)
    values = _values(records)
    assert records
    assert records == _long_way().records(message)
    whole = [one for one in records if one.topic == Topics().rejected]
    if len(whole) == len(records) and "truncated" not in values[0]:
        again = _pipeline().records(replay_message(decode_rejection(whole[0].value or b""), "r/0/0"))
        reasons = [(value["reason"], value["detail"]) for value in _values(again)]
        assert reasons == [(value["reason"], value["detail"]) for value in values]


def _city(data: bytes) -> None:
    content_type, topic = CONTENT_TYPES[data[0] & 3 if data else 0], data[0] & 4 if data else 0
    topics = (LAMP_TOPIC, GATEWAY_TOPIC)
    check_stateless(MqttMessage(topics[topic >> 2], data[1:], RECEIVED, content_type))


def _native(data: bytes) -> None:
    """On the topics of two devices and their gateway: plain ones and those with a field mapping."""
    for topic in ("city/a/streetlight/SL-1/up", "city/a/streetlight/SL-2/up", "city-gateway/GW-1/up", LAMP_TOPIC):
        check_stateless(MqttMessage(topic, data, RECEIVED))


def _stateless(topic: str, content_type: str | None = None) -> Any:
    return lambda data: check_stateless(MqttMessage(topic, data, RECEIVED, content_type))


def _any_topic(data: bytes) -> None:
    """A topic of any dialect, or of none, up to the first NUL."""
    topic, _, payload = data.partition(b"\0")
    message = MqttMessage(topic.decode(errors="surrogateescape"), payload, RECEIVED)
    _values(_pipeline().records(message))


def _session(topics: Sequence[str]) -> Any:
    """A conversation: the number before a message chooses its topic; every ticket is settled in the end, once."""

    def check(data: bytes) -> None:
        pipeline = _pipeline()
        tickets: list[Ticket] = []
        settled: list[Ticket] = []
        for kind, payload in unpack(data):
            tickets.append(Ticket(1, None))
            if kind >= 240:
                answer = pipeline.sweep()
                _values(answer.records)
                settled += answer.settled
            message = MqttMessage(topics[kind % len(topics)], payload, RECEIVED)
            answer = pipeline.receive(message, tickets[-1])
            _values(answer.records)
            settled += answer.settled
        answer = pipeline.sweep(everything=True)
        _values(answer.records)
        settled += answer.settled
        assert len(settled) == len(tickets), f"{len(tickets)} messages, {len(settled)} settled"
        assert all(ticket.settled for ticket in tickets)

    return check


def _replayed(data: bytes) -> None:
    """A rejection as it may stand on the log: no rejection is refused, one is replayed without a bug."""
    try:
        message = replay_message(decode_rejection(data), "r/0/0")
    except ValueError:
        return
    _values(_pipeline().records(message))


def _frames(data: bytes) -> None:
    for has_properties in (False, True):
        try:
            frames, used = split_frames(data)
            assert used <= len(data)
            for first, start, end in frames:
                if first & 0xF0 == PUBLISH:
                    publish = read_publish(data, first, start, end, has_properties)
                    assert len(publish.payload) <= end - start
        except MalformedFrame:
            pass


def _clock(data: bytes) -> None:
    """A message on the clock's topic counts where its nonce is outstanding, and never ahead of all clocks."""
    nonces = OutstandingNonces()
    nonces.remember(_NONCE, RECEIVED)
    assert nonces.count(data) == RECEIVED if data == _NONCE else isinstance(nonces.count(data), IgnoredClock)
    taken = SimulatedTime(RECEIVED).count(data, is_assured=True)
    assert taken is None or RECEIVED <= taken <= LATEST_MS


def _claim(data: bytes) -> None:
    """Nothing but our own claim is one."""
    read = _CLAIMS.read(data, RECEIVED * 1_000_000)
    assert isinstance(read, ClaimFault) or orjson.loads(data) == orjson.loads(_CLAIMS.write(read))


def _named(*starts: str) -> list[str]:
    return [name for name in MESSAGES if name.startswith(starts)]


_NONCE: Final = b"0123456789abcdef" * 2
_CLAIMS: Final = Claims(InstallationKey("k" * 32), "urbansense-0", "c")
_SPARKPLUG: Final = sorted({TOPICS[name] for name in _named("sparkplug/")})
_HJ212: Final = [TOPICS["hj212/real_time.txt"], "hj212/T/up", "hj212/nobody/up"]


def _senml(ending: str) -> list[bytes]:
    return [golden(f"senml/{path.name}") for path in sorted((FOLDER / "senml").glob(f"*{ending}"))]


def _conversation(names: Sequence[str], topics: Sequence[str]) -> bytes:
    return pack((topics.index(TOPICS[name]), golden(f"dialects/{name}")) for name in names)


def _sparkplug_seeds() -> list[bytes]:
    names = sorted(_named("sparkplug/"))
    return [_conversation(part, _SPARKPLUG) for part in (names, names[:4], names[1:5], names[4:], names[9:14])]


def _hj212_seeds() -> list[bytes]:
    names = _named("hj212/")
    return [_conversation([name], _HJ212) for name in names] + [_conversation(names, _HJ212)]


def _frame_seeds() -> list[bytes]:
    topic = b"\x00\x18city/a/streetlight/L1/up"
    publish = topic + b"\x00\x07" + b"\x12\x03\x00\x10application/json" + golden("dialects/native/single.json")[:40]
    return [b"\x32" + bytes([len(publish)]) + publish, b"\x40\x02\x00\x07\xd0\x00", b"\x30\x1c" + topic + b"{}"]


def _rejection_seeds() -> list[bytes]:
    bad = _pipeline().records(MqttMessage(LAMP_TOPIC, b"{}", RECEIVED, "application/json"))
    odd = _pipeline().records(MqttMessage("hj212/T/up", b"##", RECEIVED))
    return [one.value or b"" for one in (*bad, *odd)]


TARGETS: Final = (
    Target("native", _native, lambda: [golden(f"dialects/{n}") for n in _named("native/")], Shape.JSON),
    Target(
        "senml-json", _stateless(LAMP_TOPIC, "application/senml+json"),
        lambda: [golden(f"dialects/{n}") for n in _named("senml-json/")] + _senml(".json"), Shape.JSON,
    ),
    Target(
        "senml-cbor", _stateless(LAMP_TOPIC, "application/senml+cbor"),
        lambda: [golden(f"dialects/{n}") for n in _named("senml-cbor/")] + _senml(".hex"), Shape.CBOR,
    ),
    Target(
        "chirpstack", _stateless(TOPICS["chirpstack/cbor_lamp.json"]),
        lambda: [golden(f"dialects/{n}") for n in _named("chirpstack/")] + [golden("chirpstack/lht65n.json")], Shape.JSON,
    ),
    Target(
        "things-stack", _stateless(TOPICS[_named("things-stack/")[0]]),
        lambda: [golden(f"dialects/{n}") for n in _named("things-stack/")] + [golden("things_stack/em400_mud.json")],
        Shape.JSON,
    ),
    Target("hj212", _session(_HJ212), _hj212_seeds, Shape.TEXT, messages=True, most_bytes=16_384),
    Target("sparkplug", _session(_SPARKPLUG), _sparkplug_seeds, Shape.SPARKPLUG, messages=True, most_bytes=16_384),
    Target(
        "city", _city,
        lambda: [bytes([n]) + golden(f"dialects/{name}") for n in range(8) for name in _named("native/", "senml")],
    ),
    Target(
        "any-topic", _any_topic,
        lambda: [TOPICS[name].encode() + b"\0" + golden(f"dialects/{name}") for name in MESSAGES]
        + [root.encode() + b"/x/up\0{}" for one in DIALECTS for root in one.roots],
    ),
    Target("clock-message", _clock, lambda: [_NONCE, b'{"sent_at_ms": %d}' % (RECEIVED + 1)], Shape.JSON),
    Target("slot-claim", _claim, lambda: [_CLAIMS.write(RECEIVED * 1_000_000)], Shape.JSON),
    Target("mqtt-frames", _frames, _frame_seeds, Shape.BYTES),
    Target("rejection", _replayed, _rejection_seeds, Shape.JSON),
)  # fmt: skip
