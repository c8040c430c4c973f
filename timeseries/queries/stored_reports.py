"""A report put together again from what a store keeps of it."""

from collections.abc import Mapping
from typing import Any

from domain.quantities.catalogue import CATALOGUE
from domain.telemetry import Reading, Telemetry


def stored_report(
    kind: str,
    device_id: str,
    observed_at_ms: int,
    received_at_ms: int,
    message_id: str | None,
    time_source: str | None,
    *,
    values: Mapping[str, float],
    quality: Mapping[str, str],
) -> Telemetry:
    """The report as it stood on the log, but for its area and codec; truth values, stored as 1 and 0, are such again."""
    report: dict[str, Any] = {
        "device_id": device_id,
        "kind": kind,
        "observed_at_ms": observed_at_ms,
        "received_at_ms": received_at_ms,
        "codec": "stored",
        "readings": {quantity: _reading(quantity, value) for quantity, value in values.items()},
    }
    if message_id is not None:
        report["message_id"] = message_id
    if time_source is not None:
        report["time_source"] = time_source
    if quality:
        report["quality"] = dict(quality)
    return report  # type: ignore[return-value]


def _reading(quantity: str, value: float) -> Reading:
    known = CATALOGUE.get(quantity)
    return value == 1.0 if known is not None and known.boolean and value in (0.0, 1.0) else value
