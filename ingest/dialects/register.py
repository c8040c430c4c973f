"""Which code reads which dialect: the first level of the MQTT topic decides.

A further dialect is a folder beside this module, a value in `domain.dialects`, and one line in READERS.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from domain.dialects import CHIRPSTACK, CITY, HJ212, SPARKPLUG, THINGS_STACK, Dialect
from domain.errors import Unreadable
from domain.rejections import Reason
from ingest.dialects.chirpstack.reports import read_chirpstack
from ingest.dialects.hj212.factors import READINGS
from ingest.dialects.hj212.stations import Stations
from ingest.dialects.messages import Decoded, MqttMessage
from ingest.dialects.native.city import read_city
from ingest.dialects.sparkplug.edge_nodes import EdgeNodes
from ingest.dialects.state import DialectSession, SessionNeeds
from ingest.dialects.things_stack.reports import read_things_stack


@dataclass(frozen=True, slots=True)
class Reader:
    """How a dialect is read: by `decode`, message by message, or by a `session` that remembers earlier ones.

    `decode` returns None for a topic that is not the dialect's. `default_fields` are what its source fields mean where
    a profile maps none: (quantity, unit) by field.
    """

    dialect: Dialect
    decode: Callable[[MqttMessage], Decoded | None] | None = None
    session: Callable[[SessionNeeds], DialectSession] | None = None
    default_fields: Mapping[str, tuple[str, str]] | None = None


READERS: Final = (
    Reader(CITY, decode=read_city),
    Reader(CHIRPSTACK, decode=read_chirpstack),
    Reader(THINGS_STACK, decode=read_things_stack),
    Reader(HJ212, session=Stations, default_fields=READINGS),
    Reader(SPARKPLUG, session=EdgeNodes),
)

DEFAULT_FIELDS: Final = {one.dialect.name: one.default_fields for one in READERS if one.default_fields is not None}
"""By codec, of the dialects that have names of their own."""

_DECODERS: Final = {root: one.decode for one in READERS if one.decode for root in one.dialect.roots}


def decode(message: MqttMessage) -> Decoded:
    """The reports in `message` as their device worded them, and the elements that are none; never empty.

    Raises: Unreadable where no part of the message can be used.
    """
    decoder = _DECODERS.get(message.topic.partition("/")[0])
    decoded = decoder(message) if decoder is not None else None
    if decoded is None:
        raise Unreadable(Reason.UNPARSEABLE, "no dialect is spoken on this topic")
    return decoded


def open_sessions(needs: SessionNeeds) -> dict[str, DialectSession]:
    """A new session of every stateful dialect, by the first level of its topics."""
    sessions: dict[str, DialectSession] = {}
    for reader in READERS:
        if reader.session is not None:
            sessions |= dict.fromkeys(reader.dialect.roots, reader.session(needs))
    return sessions
