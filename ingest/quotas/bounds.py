"""What the settings say of the quotas of one gateway slot."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quotas:
    """`report_times`: how many times the reports of its interval a device may send for good; 0 is without a bound.

    Units: `rejected_bytes` is what `telemetry.rejected` may grow by in the 30 days that it keeps, by this slot.
    """

    report_times: float = 50.0
    rejected_bytes: int = 1024 * 1024 * 1024
