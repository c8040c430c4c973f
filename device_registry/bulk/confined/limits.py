"""What reading one file may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """Of the child. `silent_s` is how long it may go without a row, waiting for its reader not counted.

    A workbook of a million devices takes 130 MB and three minutes of one core.
    """

    memory_bytes: int = 1024 * 1024 * 1024
    cpu_s: int = 600
    silent_s: float = 120.0
