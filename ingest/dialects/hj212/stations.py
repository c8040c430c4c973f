"""The messages of HJ 212 stations: frames read, parts joined, dialogue kept apart from data."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from domain.devices import Device
from domain.identities import MN
from domain.rejections import Reason
from ingest.dialects.hj212.frame import Defect, Frame, read_frames
from ingest.dialects.hj212.parts import GivenUp, WaitingParts, Whole
from ingest.dialects.hj212.segment import DATA, DIALOGUE, BadSegment, Fields, read_cp, read_report
from ingest.dialects.messages import MqttMessage, Refused, Uplink
from ingest.dialects.state import Received, SessionCount, SessionNeeds, Ticket

TOLERATES: Final = "hj212_tolerates"
"""The attribute of a device, or of its profile, that names what its frames may do wrong: `spaces, length`, or `all`."""


class Stations:
    """The session of all stations (a `DialectSession`); nothing is ever answered.

    `defects` counts frames by what they do wrong and are forgiven.
    """

    def __init__(self, needs: SessionNeeds) -> None:
        self.defects: Counter[str] = Counter()
        self.parts = WaitingParts()
        self._lookup, self._zone, self._most_frames = needs

    def receive(self, message: MqttMessage, ticket: Ticket) -> Received:
        """What a message on `hj212/<mn>/up` holds. Its ticket is settled when none of its parts waits any more."""
        received = Received()
        ticket.waits += 1
        match message.topic.split("/"):
            case [_, mn, "up"]:
                self._read(message, mn, ticket, received)
            case _:
                detail = "HJ 212 is spoken on hj212/<mn>/up"
                received.items.append((Refused(Reason.UNPARSEABLE, detail), message))
        received.settle([ticket])
        return received

    def sweep(self, *, everything: bool = False) -> Received:
        """A second has passed: parts that waited long enough are refused; or `everything` that waits."""
        received = Received()
        for given_up in self.parts.sweep(everything=everything):
            self._conclude(given_up, received)
        return received

    def counts(self) -> Iterator[SessionCount]:
        help_text = "Defects tolerated in frames."
        yield SessionCount("urbansense_gateway_hj212_defects", help_text, "counter", dict(self.defects), "defect")
        help_text = "Messages that wait for parts of their report."
        yield SessionCount("urbansense_gateway_hj212_parts", help_text, "gauge", {"": len(self.parts)})

    def _read(self, message: MqttMessage, mn: str, ticket: Ticket, received: Received) -> None:
        device = self._lookup.find(MN.of(mn))
        frames = read_frames(message.payload, self._tolerated(device))
        if len(frames) > self._most_frames:
            detail = f"{len(frames)} frames; a message may have {self._most_frames}"
            frames = [Refused(Reason.TOO_LARGE, detail)]
        for frame in frames:
            refused: Refused | None
            if isinstance(frame, Frame):
                self.defects.update(frame.defects)
                refused = self._receive_frame(frame, message, mn, ticket, received)
            else:
                refused = frame
            if refused is not None:
                received.items.append((_of(device, refused), message))
        if message.replay_of is not None and ticket.waits > 1:
            detail = "a part of a report whose other parts are not with it; replay them together"
            received.items.append((Refused(Reason.UNPARSEABLE, detail), message))

    def _receive_frame(
        self, frame: Frame, message: MqttMessage, mn: str, ticket: Ticket, received: Received
    ) -> Refused | None:
        """Take the frame for what it is; why it is refused, None where it is not."""
        if frame.mn not in (mn, ""):
            return Refused(Reason.UNAUTHORISED, f"the frame is of MN {frame.mn!r}, its topic of {mn!r}")
        if frame.cn in DIALOGUE:
            received.ignored.append("hj212 dialogue")
        elif frame.cn not in DATA:
            return Refused(Reason.UNPARSEABLE, f"CN {frame.cn} is no command that urbansense takes readings from")
        elif frame.part is None:
            received.items.append((self._report([frame], mn), message))
        elif self._lookup.find(MN.of(mn)) is None:
            return Refused(Reason.UNKNOWN_DEVICE, f"MN {mn!r} is not registered")
        elif self.parts.is_repetition(frame, message):
            received.ignored.append("hj212 part repeated")
        else:
            for concluded in self.parts.add(frame, message, ticket):
                self._conclude(concluded, received)
        return None

    def _conclude(self, concluded: Whole | GivenUp, received: Received) -> None:
        mn = concluded.message.topic.split("/")[1]
        if isinstance(concluded, Whole):
            item = self._report(concluded.frames, mn)
        else:
            item = _of(self._lookup.find(MN.of(mn)), Refused(Reason.UNPARSEABLE, concluded.detail))
        received.items.append((item, concluded.message))
        received.settle(concluded.tickets)

    def _report(self, frames: Sequence[Frame], mn: str) -> Uplink | Refused:
        device = self._lookup.find(MN.of(mn))
        try:
            fields = self._fields([frame.cp for frame in frames], self._tolerated(device))
            report = read_report(fields, mn, frames[0].qn, self._zone)
        except BadSegment as error:
            report = Refused(Reason.UNPARSEABLE, str(error))
        return _of(device, report) if isinstance(report, Refused) else report

    def _fields(self, segments: Sequence[str], tolerated: Collection[Defect]) -> Fields:
        """The fields of all parts: each read by itself, or where a field was cut in two, all of them as one text."""
        try:
            read = [read_cp(cp, tolerated) for cp in segments]
        except BadSegment:
            if len(segments) == 1:
                raise
            read = [read_cp("".join(segments), tolerated)]
        for _, defects in read:
            self.defects.update(defects)
        return _merged([fields for fields, _ in read])

    def _tolerated(self, device: Device | None) -> frozenset[Defect]:
        if device is None:
            return frozenset()
        named = device.attributes.get(TOLERATES)
        if named is None:
            profile = self._lookup.profile(device.profile)
            named = profile.attributes.get(TOLERATES) if profile else None
        return tolerated_by(named) if isinstance(named, str) else frozenset()


def _of(device: Device | None, refused: Refused) -> Refused:
    return refused if device is None else refused._replace(device_id=device.device_id)


def tolerated_by(text: str) -> frozenset[Defect]:
    """The defects that `spaces, length` names; all of them for `all`. Words that name none are passed over."""
    words = set(re.split(r"[\s,;]+", text))
    return frozenset(defect for defect in Defect if defect.value in words or "all" in words)


def _merged(parts: Sequence[Fields]) -> Fields:
    """All fields; what several parts hold (DataTime) must be the same. Raises: BadSegment."""
    merged: Fields = {}
    for name, value in _pairs(parts):
        if merged.setdefault(name, value) != value:
            raise BadSegment(f"{name[:60]} stands in two parts, and not the same")
    return merged


def _pairs(parts: Sequence[Fields]) -> Iterator[tuple[str, str]]:
    for fields in parts:
        yield from fields.items()
