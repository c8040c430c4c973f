"""How old reports are when the store has them: commit time less `observed_at_ms`, counted in fine buckets."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from domain.telemetry import Telemetry

_GROWTH: Final = 1.04
_SMALLEST_S: Final = 0.001
_LARGEST_S: Final = 3600.0
_COUNT: Final = int(np.ceil(np.log(_LARGEST_S / _SMALLEST_S) / np.log(_GROWTH))) + 1
BOUNDS_S: Final = tuple(_SMALLEST_S * _GROWTH**step for step in range(_COUNT))
"""Upper bounds of the buckets, inclusive: 1 ms to an hour, each 4 % above the last."""

_BOUNDS: Final = np.array(BOUNDS_S)


def _no_counts() -> npt.NDArray[np.int64]:
    return np.zeros(_COUNT + 1, dtype=np.int64)


@dataclass(slots=True)
class ReportAges:
    """Counts by bucket, the last one for all that is older; and their sum, for a mean."""

    counts: npt.NDArray[np.int64] = field(default_factory=_no_counts)
    sum_s: float = 0.0

    def add(self, reports: Iterable[Telemetry], now_ms: float) -> None:
        """Count reports that are committed at `now_ms`. An age below zero (a clock ahead of ours) counts as none."""
        observed_ms = np.fromiter((report["observed_at_ms"] for report in reports), np.float64)
        if observed_ms.size:
            ages_s = np.maximum(now_ms - observed_ms, 0.0) / 1000
            self.counts += np.bincount(np.searchsorted(_BOUNDS, ages_s), minlength=_COUNT + 1)
            self.sum_s += float(ages_s.sum())

    def buckets(self) -> list[tuple[str, float]]:
        """As Prometheus has them: upper bound and cumulative count, `+Inf` last."""
        bounds = [*(f"{bound:.6g}" for bound in BOUNDS_S), "+Inf"]
        return list(zip(bounds, np.cumsum(self.counts).astype(float).tolist(), strict=True))
