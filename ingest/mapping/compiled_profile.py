"""What each source field of a device means: its profile, compiled once so that a reading costs one multiply-add."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final, NamedTuple

from domain.devices import DerivedReading, FieldMapping, Profile
from domain.errors import UnknownUnit
from domain.quantities.catalogue import CATALOGUE, Quantity
from domain.quantities.derivations import BadFormula, Derivation, compile_derivation
from domain.quantities.units import IDENTITY
from domain.telemetry import Quality

LINK_QUANTITIES: Final = ("rssi", "snr")
"""What a network server knows of the radio link: canonical, whatever the device's profile maps."""

_CANONICAL: Final[Mapping[str, tuple[str, str]]] = {name: (name, one.unit) for name, one in CATALOGUE.items()}
_LINK: Final = {name: _CANONICAL[name] for name in LINK_QUANTITIES}


class FieldTarget(NamedTuple):
    """One reading that a source field gives: value * factor + bias, in the quantity's canonical unit.

    Where the message itself names a unit, that one counts instead of the profile's: value * scale + offset stands in it.
    A reading beyond [low, high], canonical, is marked `outside`; beyond the quantity's own range it is `bad`.
    """

    quantity: Quantity
    factor: float = 1.0
    bias: float = 0.0
    scale: float = 1.0
    offset: float = 0.0
    low: float = -inf
    high: float = inf
    outside: Quality = "bad"


class FastTarget(NamedTuple):
    """A slot flattened for the shortest way. A `factor` of None means a boolean quantity, taken as it is."""

    quantity: str
    factor: float | None
    bias: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CompiledProfile:
    """A profile compiled.

    Shape: `slots` by source field, never empty ones; `straight` holds those of them that are a single plain slot, and is
    empty where readings are derived, so that such reports take the long way. `problems` says why a mapped field or a
    derived reading (`derived.<quantity>`) cannot be used; such a profile is the registry's to mend.
    """

    slots: dict[str, tuple[FieldTarget, ...]]
    straight: dict[str, FastTarget]
    ignored: frozenset[str]
    problems: dict[str, str]
    derived: tuple[Derivation, ...] = ()


def compile_profile(profile: Profile | None, built_in: Mapping[str, tuple[str, str]] = _CANONICAL) -> CompiledProfile:
    """The plan of `profile`; where it maps nothing or is None, that of `built_in`: (quantity, unit) by source field.

    Unless a dialect has names of its own, those are the canonical quantities in canonical units.
    """
    slots: dict[str, tuple[FieldTarget, ...]] = {}
    problems: dict[str, str] = {}
    for mapping in profile.fields if profile else ():
        slot = _compile_mapping(mapping)
        if isinstance(slot, FieldTarget):
            slots[mapping.source] = (*slots.get(mapping.source, ()), slot)
        else:
            problems[mapping.source] = slot
    ignored = frozenset(profile.ignore if profile else ())
    names = _LINK if profile and profile.fields else built_in
    for name in names.keys() - problems.keys() - slots.keys():
        slots[name] = (_built_in_slot(*names[name]),)
    derived = _compile_derived(profile.derived if profile else (), problems)
    straight = {
        source: _straightened(of_source[0])
        for source, of_source in slots.items()
        if source not in ignored and source not in problems and len(of_source) == 1 and _is_plain(of_source[0])
    }
    return CompiledProfile(slots, {} if derived else straight, ignored, problems, derived)


def _built_in_slot(name: str, unit: str) -> FieldTarget:
    quantity = CATALOGUE[name]
    if unit == quantity.unit:
        return FieldTarget(quantity)
    conversion = quantity.conversion_from(unit)
    return FieldTarget(quantity, conversion.factor, conversion.offset)


def _compile_mapping(mapping: FieldMapping) -> FieldTarget | str:
    quantity = CATALOGUE.get(mapping.quantity)
    if quantity is None:
        return f"the profile maps it to {mapping.quantity!r}, which is no quantity"
    scale, offset = mapping.scale, mapping.offset
    try:
        conversion = IDENTITY if quantity.boolean else quantity.conversion_from(mapping.unit)
    except UnknownUnit as error:
        return f"the profile cannot be used: {error}"
    factor, bias = scale * conversion.factor, offset * conversion.factor + conversion.offset
    low = conversion(mapping.low) if mapping.low is not None else -inf
    high = conversion(mapping.high) if mapping.high is not None else inf
    return FieldTarget(quantity, factor, bias, scale, offset, low, high, mapping.outside)


def _compile_derived(derived: Sequence[DerivedReading], problems: dict[str, str]) -> tuple[Derivation, ...]:
    compiled = []
    for one in derived:
        try:
            compiled.append(compile_derivation(one))
        except BadFormula as error:
            problems[f"derived.{one.quantity}"] = f"the profile cannot be used: {error}"
    return tuple(compiled)


def _is_plain(slot: FieldTarget) -> bool:
    return not slot.quantity.boolean or (slot.factor, slot.bias) == (1.0, 0.0)


def _straightened(slot: FieldTarget) -> FastTarget:
    quantity = slot.quantity
    factor = None if quantity.boolean else slot.factor
    return FastTarget(quantity.name, factor, slot.bias, max(quantity.low, slot.low), min(quantity.high, slot.high))
