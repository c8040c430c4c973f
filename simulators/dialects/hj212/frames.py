"""HJ 212-2017 frames of a water station, carried on `hj212/<mn>/up`.

    ##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&1C80\\r\\n
    └┬┘└┬┘└──────────────────────────────── data segment, 0 to 1024 bytes ────────────────────────────────────┘└┬┘
    head its length                                                                                  its check value

Times are local, without an offset. DataTime has whole seconds: the milliseconds of an observation are lost.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from enum import IntEnum
from typing import Final, NamedTuple

from domain.devices import Device
from simulators.dialects.hj212.factors import FACTORS, factor_text
from simulators.dialects.ports import CannotSay, refuse
from simulators.dialects.reports import MqttMessage, Report

LONGEST_SEGMENT: Final = 1024
"""Bytes of a data segment (HJ 212-2017, chapter 6)."""

_LONGEST_MN: Final = 24
BEIJING: Final = timezone(timedelta(hours=8))
SURFACE_WATER: Final = 21
"""The system code of surface water."""
_VERSION_2017, _ACK_WANTED, _SUB_PACKETS = 0b100, 0b001, 0b010
"""The bits of Flag, `V5…V0 D A` (HJ 212-2017, chapter 6)."""
_PERIOD_DECIMALS: Final = 4
"""Places of a mean: it is computed, and would otherwise have as many as a float."""


class Aggregate(NamedTuple):
    """The lowest, mean and highest of a quantity over a period, in its canonical unit."""

    low: float
    mean: float
    high: float


class Command(IntEnum):
    """CN: what a message is (HJ 212-2017, chapter 6)."""

    REAL_TIME = 2011
    MINUTE = 2051
    HOUR = 2061


@dataclass(frozen=True, slots=True)
class Hj212:
    """Real-time data (CN=2011) of a station; `zone` is the zone of its times. A host's answer is asked for if `ack`.

    What is longer than `longest_segment` bytes goes out in sub-packets that share QN, DataTime in each of them. A device
    is known by its `mn`. Attributes it may have: `hj212_st`, its system code (default 21, surface water), and
    `hj212_password` (default 123456).
    """

    zone: tzinfo = BEIJING
    ack: bool = False
    longest_segment: int = LONGEST_SEGMENT

    def encode(self, report: Report, device: Device) -> tuple[MqttMessage, ...]:
        if missing := self.unsayable(report.readings, device):
            raise refuse(device, "HJ 212", missing)
        sent_ms = report.observed_at_ms
        items = [
            f"{FACTORS[name].code}-Rtd={factor_text(FACTORS[name], value)},{FACTORS[name].code}-Flag=N"
            for name, value in report.readings.items()
        ]
        return self._messages(device, Command.REAL_TIME, sent_ms, sent_ms, items)

    def encode_period(
        self,
        command: Command,
        begins_at_ms: int,
        spans: Mapping[str, Aggregate],
        device: Device,
        *,
        sent_at_ms: int,
    ) -> tuple[MqttMessage, ...]:
        """Minute (CN=2051) or hour data (CN=2061) of the period that begins at `begins_at_ms`. Raises: CannotSay."""
        if missing := self.unsayable(spans, device):
            raise refuse(device, "HJ 212", missing)
        return self._messages(device, command, sent_at_ms, begins_at_ms, list(_period_items(spans)))

    def unsayable(self, quantities: Iterable[str], device: Device) -> frozenset[str]:
        return frozenset(quantities) - FACTORS.keys()

    def _messages(
        self, device: Device, command: Command, sent_ms: int, data_ms: int, items: list[str]
    ) -> tuple[MqttMessage, ...]:
        mn, attributes = mn_of(device), device.attributes
        head = (
            f"QN={self._local(sent_ms)}{sent_ms % 1000:03d};ST={attributes.get('hj212_st', SURFACE_WATER)};"
            f"CN={command:d};PW={attributes.get('hj212_password', '123456')};MN={mn};"
        )
        flag = _VERSION_2017 | (_ACK_WANTED if self.ack else 0)
        time = f"DataTime={self._local(data_ms)}"
        topic = f"hj212/{mn}/up"
        whole = f"{head}Flag={flag};CP=&&{';'.join((time, *items))}&&"
        if len(whole) <= self.longest_segment:
            return (MqttMessage(topic, frame(whole)),)
        parts = list(_parts(items, self.longest_segment - len(f"{head}Flag={flag};PNUM=99;PNO=99;CP=&&{time}&&")))
        return tuple(
            MqttMessage(
                topic,
                frame(
                    f"{head}Flag={flag | _SUB_PACKETS};PNUM={len(parts)};PNO={number};CP=&&{';'.join((time, *part))}&&"
                ),
            )
            for number, part in enumerate(parts, start=1)
        )

    def _local(self, at_ms: int) -> str:
        return datetime.fromtimestamp(at_ms // 1000, self.zone).strftime("%Y%m%d%H%M%S")


def mn_of(device: Device) -> str:
    """What a device is known by in HJ 212. Raises: CannotSay where it has none, or one that is too long."""
    if not device.mn or len(device.mn) > _LONGEST_MN:
        raise CannotSay(f"{device.device_id}: hj212 needs mn, up to {_LONGEST_MN} characters; it is {device.mn!r}")
    return device.mn


def frame(segment: str) -> bytes:
    """A data segment as it goes over the line: head, length, segment, check value, CR LF.

    Raises: ValueError where it is longer than 1,024 bytes or not ASCII. Source: HJ 212-2017, chapter 6.
    """
    data = segment.encode("ascii")
    if len(data) > LONGEST_SEGMENT:
        raise ValueError(f"a data segment has at most {LONGEST_SEGMENT} bytes, this one {len(data)}")
    return b"##%04d%b%04X\r\n" % (len(data), data, check_value(data))


def check_value(segment: bytes) -> int:
    """The check value of a data segment, 0 to 0xFFFF.

    Each step drops the low byte, so only 256 values exist. Source: HJ 212-2017, annex A; it is not CRC-16/MODBUS.
    """
    register = 0xFFFF
    for byte in segment:
        register = _STEP[register >> 8 ^ byte]
    return register


def _step(register: int) -> int:
    for _ in range(8):
        register = register >> 1 ^ (0xA001 if register & 1 else 0)
    return register


_STEP: Final = tuple(map(_step, range(256)))


def _period_items(spans: Mapping[str, Aggregate]) -> Iterator[str]:
    for name, span in spans.items():
        factor = FACTORS[name]
        low, mean, high = (factor_text(factor, round(value, _PERIOD_DECIMALS)) for value in span)
        code = factor.code
        yield f"{code}-Min={low},{code}-Avg={mean},{code}-Max={high},{code}-Flag=N"


def _parts(items: list[str], room: int) -> Iterator[list[str]]:
    """The items in as few runs as keep their order and fit into `room` bytes, a semicolon before each counted."""
    part: list[str] = []
    used = 0
    for item in items:
        if part and used + 1 + len(item) > room:
            yield part
            part, used = [], 0
        part.append(item)
        used += 1 + len(item)
    if part:
        yield part
