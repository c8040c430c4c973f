"""The dialects that simulated devices speak, written from the standards and apart from the platform's decoders."""

from simulators.dialects.choice import dialect_of, dialects
from simulators.dialects.hj212.frames import Aggregate, Command, Hj212
from simulators.dialects.native import encode_batch
from simulators.dialects.ports import CannotSay, Dialect, DialectName
from simulators.dialects.sparkplug.edge_node import EdgeNode, edge_nodes

__all__ = [
    "Aggregate",
    "CannotSay",
    "Command",
    "Dialect",
    "DialectName",
    "EdgeNode",
    "Hj212",
    "dialect_of",
    "dialects",
    "edge_nodes",
    "encode_batch",
]
