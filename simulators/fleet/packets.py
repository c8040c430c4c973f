"""Whole PUBLISH packets from templates: `ts`, `seq`, the packet id and one probe digit are written anew.

All packets of one kind have the same length, so a batch of them is one array of bytes and is patched by columns.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from simulators.fleet.kinds import AREA, LoadKind, device_id, trips
from simulators.fleet.schedule import Indices, Schedule

FIRST_SEQ: Final = 1_000_000_000
"""Message i carries `seq` FIRST_SEQ + i, which has ten digits; the log shows it as `message_id`."""

_TS: Final = b'{"ts":'
_SEQ: Final = b',"seq":'
_PUBLISH_QOS_1: Final = 0x32
_DUP: Final = 0x08
_SOME_MS: Final = 1_763_772_000_000
_POWERS: Final = 10 ** np.arange(12, -1, -1, dtype=np.int64)

Packets = npt.NDArray[np.uint8]


def remaining_length(value: int) -> bytes:
    """A variable byte integer (MQTT 5.0, section 1.5.5)."""
    out = bytearray()
    while True:
        value, byte = divmod(value, 128)
        out.append(byte | (128 if value else 0))
        if not value:
            return bytes(out)


def text(value: str | bytes) -> bytes:
    """A UTF-8 string or binary data with its length in two bytes (MQTT 5.0, sections 1.5.4 and 1.5.6)."""
    data = value.encode() if isinstance(value, str) else value
    return len(data).to_bytes(2, "big") + data


@dataclass
class Templates:
    """The packets of the devices `first`, `first + step`, … below `devices`, one process's slice.

    `probe_every`: every so many devices one trips the rule in every other report; 0 is none.
    """

    kind: LoadKind
    schedule: Schedule
    start_ms: int
    devices: int
    first: int
    step: int
    probe_every: int
    mqtt5: bool
    _rows: Packets = field(init=False)
    _id_at: int = field(init=False)
    _ts_at: int = field(init=False)
    _seq_at: int = field(init=False)
    _probe_at: int = field(init=False)

    def __post_init__(self) -> None:
        packets = [self._packet(number) for number in range(self.first, self.devices, self.step)]
        self._rows = np.frombuffer(b"".join(packets), np.uint8).reshape(len(packets), -1)
        sample = packets[0]
        self._ts_at = sample.index(_TS) + len(_TS)
        self._id_at = sample.index(_TS) - (3 if self.mqtt5 else 2)
        self._seq_at = sample.index(_SEQ) + len(_SEQ)
        readings_at = sample.index(b'"readings":') + len(b'"readings":')
        self._probe_at = readings_at + self._readings(0, "@").index("@")

    @property
    def packet_length(self) -> int:
        return int(self._rows.shape[1])

    def encode(self, messages: Indices, packet_ids: Indices, *, resent: bool = False) -> Packets:
        """One row a message, of `packet_length` bytes: the packets of these messages of the schedule, in this order.

        `resent` sets the DUP flag. A message always gives the same bytes, but for the packet id and that flag.
        """
        device = messages % self.devices
        rows: Packets = self._rows[(device - self.first) // self.step]
        intended_ms = self.schedule.intended_ms(messages, self.start_ms)
        rows[:, self._ts_at : self._ts_at + 13] = intended_ms[:, None] // _POWERS % 10 + ord("0")
        seq = messages + FIRST_SEQ
        rows[:, self._seq_at : self._seq_at + 10] = seq[:, None] // _POWERS[3:] % 10 + ord("0")
        rows[:, self._id_at] = packet_ids >> 8
        rows[:, self._id_at + 1] = packet_ids & 0xFF
        if self.probe_every:
            rows[trips(messages, self.devices, self.probe_every), self._probe_at] = ord(self.kind.tripped)
        if resent:
            rows[:, 0] |= _DUP
        return rows

    def _packet(self, number: int) -> bytes:
        topic = text(f"city/{AREA}/{self.kind.kind}/{device_id(number)}/up")
        readings = self._readings(number, self.kind.quiet).encode()
        payload = b'%s%d%s%d,"readings":%s}' % (_TS, _SOME_MS, _SEQ, FIRST_SEQ, readings)
        body = topic + b"\0\0" + (b"\0" if self.mqtt5 else b"") + payload
        return bytes([_PUBLISH_QOS_1]) + remaining_length(len(body)) + body

    def _readings(self, number: int, probe: str) -> str:
        return self.kind.readings.format(a=number % 10, b=number // 10 % 10, p=probe)
