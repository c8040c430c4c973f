"""Open rejections by the message they are of, since a message is put through once, whatever was refused of it. Pure."""

from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from domain.rejections import Reason, Rejection
from ingest.pipeline.rejection_records import why_not_replayed
from ingest.rejections.places import Place
from ingest.rejections.reading import Found

_About = tuple[str, int, str | None]


class OldRejection(NamedTuple):
    """One rejection of a message: its place, its key on the log, its device."""

    place: Place
    key: bytes | None
    device_id: str | None


@dataclass(slots=True)
class OpenMessage:
    """A message and its rejections. The first one keeps it whole."""

    is_meant: bool = False
    refused: list[OldRejection] = field(default_factory=list)


class _Cut(NamedTuple):
    refused: OldRejection
    is_meant: bool
    why_not: str


class OpenMessages:
    """The messages of the rejections that were added. What keeps no payload joins the one message it can be of."""

    def __init__(self) -> None:
        self._whole: dict[_About, dict[object, OpenMessage]] = defaultdict(dict)
        self._cut: list[tuple[_About, _Cut]] = []
        self._problems: list[str] = []

    def add(self, found: Found, worded: str, *, is_meant: bool) -> None:
        """A rejection whose id is `worded`; `is_meant` where it is to be replayed."""
        rejection = found.rejection
        refused = OldRejection(found.place, found.key, rejection.get("device_id"))
        why_not = why_not_replayed(rejection, worded)
        if why_not and "count" not in rejection:
            self._cut.append((_about(rejection), _Cut(refused, is_meant, why_not)))
        elif why_not:
            self._problems += [why_not] if is_meant else []
        else:
            message = self._whole[_about(rejection)].setdefault(_content(found), OpenMessage())
            message.is_meant |= is_meant
            message.refused.append(refused)

    def chosen(self) -> tuple[dict[Place, OpenMessage], list[str]]:
        """The messages that are meant, by the place that keeps each whole; and why others that are meant cannot be."""
        problems = list(self._problems)
        for about, cut in self._cut:
            candidates = list(self._whole[about].values()) if about in self._whole else []
            if len(candidates) == 1:
                candidates[0].is_meant |= cut.is_meant
                candidates[0].refused.append(cut.refused)
            elif cut.is_meant:
                problems.append(cut.why_not)
        messages = [message for of_one in self._whole.values() for message in of_one.values() if message.is_meant]
        return {message.refused[0].place: message for message in messages}, problems


def _about(rejection: Rejection) -> _About:
    return rejection["topic"], rejection["received_at_ms"], rejection.get("content_type")


def _content(found: Found) -> object:
    """In what two messages of one topic and instant differ; what the store refused is each by itself."""
    if found.rejection["reason"] is Reason.STORE_REFUSED:
        return found.place
    return blake2b(found.rejection["payload"].encode(), digest_size=16).digest()
