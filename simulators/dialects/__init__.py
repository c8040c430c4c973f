"""The dialects that simulated devices report in, written from the standards and apart from the platform's decoders."""

from simulators.dialects.choice import (
    DialectName,
    EdgeNode,
    Siting,
    dialect_of,
    dialects,
    identity_of,
    keeps_session,
    split_path,
    station_attributes,
    those,
)
from simulators.dialects.native import encode_batch
from simulators.dialects.ports import CannotSay, Dialect

__all__ = [
    "CannotSay",
    "Dialect",
    "DialectName",
    "EdgeNode",
    "Siting",
    "dialect_of",
    "dialects",
    "encode_batch",
    "identity_of",
    "keeps_session",
    "split_path",
    "station_attributes",
    "those",
]
