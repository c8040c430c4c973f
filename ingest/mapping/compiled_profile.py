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
    """A target flattened for the fast path. A `factor` of None means a boolean quantity, taken as it is."""

    quantity: str
    factor: float | None
    bias: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CompiledProfile:
    """A profile compiled.

    Shape: `targets` by source field, never empty; `fast_targets` holds those of them that are a single plain one, and is
    empty where readings are derived, so that such reports take the long way. `problems` is why a mapped field or a
    derived reading (`derived.<quantity>`) cannot be used; such a profile is the registry's to mend.
    """

    targets: dict[str, tuple[FieldTarget, ...]]
    fast_targets: dict[str, FastTarget]
    ignored: frozenset[str]
    problems: dict[str, str]
    derived: tuple[Derivation, ...] = ()


def compile_profile(profile: Profile | None, built_in: Mapping[str, tuple[str, str]] = _CANONICAL) -> CompiledProfile:
    """`profile` compiled; where it maps nothing or is None, `built_in`: (quantity, unit) by source field.

    Unless a dialect has names of its own, those are the canonical quantities in canonical units.
    """
    targets: dict[str, tuple[FieldTarget, ...]] = {}
    problems: dict[str, str] = {}
    for mapping in profile.fields if profile else ():
        target = _compile_mapping(mapping)
        if isinstance(target, FieldTarget):
            targets[mapping.source] = (*targets.get(mapping.source, ()), target)
        else:
            problems[mapping.source] = target
    ignored = frozenset(profile.ignore if profile else ())
    names = _LINK if profile and profile.fields else built_in
    for name in names.keys() - problems.keys() - targets.keys():
        targets[name] = (_built_in_target(*names[name]),)
    derived = _compile_derived(profile.derived if profile else (), problems)
    fast_targets = {
        source: _fast_target(of_source[0])
        for source, of_source in targets.items()
        if source not in ignored and source not in problems and len(of_source) == 1 and _is_plain(of_source[0])
    }
    return CompiledProfile(targets, {} if derived else fast_targets, ignored, problems, derived)


def _built_in_target(name: str, unit: str) -> FieldTarget:
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


def _is_plain(target: FieldTarget) -> bool:
    return not target.quantity.boolean or (target.factor, target.bias) == (1.0, 0.0)


def _fast_target(target: FieldTarget) -> FastTarget:
    quantity = target.quantity
    factor = None if quantity.boolean else target.factor
    return FastTarget(
        quantity.name, factor, target.bias, max(quantity.low, target.low), min(quantity.high, target.high)
    )
