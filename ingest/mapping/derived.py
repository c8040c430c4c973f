"""Derived readings: what follows from a report without having been measured, such as a level from a distance."""

from collections.abc import Mapping, Sequence
from math import isfinite

from domain.devices import AttributeValue
from domain.quantities.derivations import Derivation
from ingest.mapping.readings import ReportReadings


def add_derived(
    readings: ReportReadings, derivations: Sequence[Derivation], attributes: Mapping[str, AttributeValue]
) -> None:
    """Add each derived reading whose inputs the report and whose attributes the device has; the others are left out.

    A measured reading of the same quantity wins. A derived one is at most as good as the worst it was computed from.
    Order: as in the profile, so that a formula may use what an earlier one gave.
    """
    for derivation in derivations:
        if derivation.quantity.name not in readings.values and _has_all(derivation, readings, attributes):
            _add(readings, derivation, attributes)


def _has_all(derivation: Derivation, readings: ReportReadings, attributes: Mapping[str, AttributeValue]) -> bool:
    return all(name in readings.values for name in derivation.inputs) and all(
        isinstance(attributes.get(name), int | float) for name in derivation.attributes
    )


def _add(readings: ReportReadings, derivation: Derivation, attributes: Mapping[str, AttributeValue]) -> None:
    quantity = derivation.quantity
    try:
        value = float(derivation.compute(readings.values, attributes))  # type: ignore[arg-type]
    except ArithmeticError as error:
        readings.bad.append(f"{quantity.name} (derived: {error})")
        return
    if not isfinite(value):
        readings.bad.append(f"{quantity.name} (derived: not finite)")
        return
    readings.values[quantity.name] = value
    qualities = {readings.quality.get(name) for name in derivation.inputs}
    if "bad" in qualities or not quantity.is_plausible(value):
        readings.quality[quantity.name] = "bad"
    elif "suspect" in qualities:
        readings.quality[quantity.name] = "suspect"
