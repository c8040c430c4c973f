"""The dialects that simulated devices speak, written from the standards and apart from the platform's decoders."""

from simulators.dialects.choice import dialect_of, dialects
from simulators.dialects.hj212 import Command, Hj212, Span
from simulators.dialects.native import encode_batch
from simulators.dialects.port import CannotSay, Dialect, DialectName
from simulators.dialects.sparkplug import EdgeNode, edge_nodes

__all__ = [
    "CannotSay",
    "Command",
    "Dialect",
    "DialectName",
    "EdgeNode",
    "Hj212",
    "Span",
    "dialect_of",
    "dialects",
    "edge_nodes",
    "encode_batch",
]
