"""What is fuzzed: one reader, the inputs that are known to be good for it, and how others are made of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto


class Shape(Enum):
    """How an input is built, so that a change of it is one that its reader gets to see."""

    BYTES = auto()
    TEXT = auto()
    JSON = auto()
    CBOR = auto()
    YAML = auto()
    ZIP = auto()
    SPARKPLUG = auto()


@dataclass(frozen=True, slots=True)
class Target:
    """One reader. `check` returns where the reader did as it declares, and raises whatever is a fault.

    `seeds` are good inputs. `messages` marks an input of several messages, each with a number before it
    (`tests.fuzz.messages`); `shape` is then that of each. `most_bytes` is how large an input is made.
    """

    name: str
    check: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    shape: Shape = Shape.TEXT
    messages: bool = False
    most_bytes: int = 4096
