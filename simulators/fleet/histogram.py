"""Latencies counted in buckets that grow by a constant factor: small, mergeable, and never off by more than 1.5 %."""

from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np
import numpy.typing as npt

_SMALLEST_MS: Final = 0.1
_LARGEST_MS: Final = 1e8
_GROWTH: Final = 1.03
_BUCKETS: Final = int(np.ceil(np.log(_LARGEST_MS / _SMALLEST_MS) / np.log(_GROWTH))) + 1


def _no_counts() -> npt.NDArray[np.int64]:
    return np.zeros(_BUCKETS, dtype=np.int64)


@dataclass(slots=True)
class LatencyHistogram:
    """How many values fell into each bucket, and the largest one exactly.

    Units: milliseconds. What is below 0.1 ms (a clock that went back too) counts as 0, what is above 28 hours as 28 hours.
    Merging two gives what one would hold that had seen both.
    """

    counts: npt.NDArray[np.int64] = field(default_factory=_no_counts)
    max_ms: float = 0.0

    def add(self, values_ms: npt.NDArray[np.float64]) -> None:
        if not values_ms.size:
            return
        ratio = np.clip(values_ms, _SMALLEST_MS, _LARGEST_MS) / _SMALLEST_MS
        buckets = np.ceil(np.log(ratio) / np.log(_GROWTH)).astype(np.int64)
        self.counts += np.bincount(np.minimum(buckets, _BUCKETS - 1), minlength=_BUCKETS)
        self.max_ms = max(self.max_ms, float(values_ms.max()))

    def merge(self, other: Self) -> None:
        self.counts += other.counts
        self.max_ms = max(self.max_ms, other.max_ms)

    @property
    def count(self) -> int:
        return int(self.counts.sum())

    def quantile(self, share: float) -> float | None:
        """The smallest value that `share` (0 to 1) of all values do not exceed, within 1.5 %; None of no values.

        The nearest-rank definition, so that the quantile of 1 is the maximum, exactly.
        """
        total = self.count
        if not total:
            return None
        rank = max(1, int(np.ceil(share * total - 1e-9)))
        if rank >= total:
            return self.max_ms
        bucket = int(np.searchsorted(np.cumsum(self.counts), rank))
        if bucket == 0:
            return 0.0
        return min(float(_SMALLEST_MS * _GROWTH ** (bucket - 0.5)), self.max_ms)
