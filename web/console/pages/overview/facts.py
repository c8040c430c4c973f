"""What the detail panel shows of an event, a device and its newest readings, as pairs of a name and a text."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from domain.devices import Device
from domain.events import Event
from domain.quantities.catalogue import CATALOGUE
from domain.time.instants import in_zone
from timeseries.queries.samples import Sample
from web.console.shell.words import word
from web.http.language import Language

Fact = tuple[str, str]


def wall_clock(at_ms: int | None, zone: ZoneInfo) -> str:
    """The zone's date and time to the second; an empty text for None."""
    if at_ms is None:
        return ""
    return f"{in_zone(at_ms, zone):%Y-%m-%d %H:%M:%S}"


def event_facts(event: Event, zone: ZoneInfo, language: Language) -> list[Fact]:
    """When the event began, opened and ended, and whose it is; what is not known is left out."""
    facts = [
        ("rule", f"{event.rule} v{event.rule_version}"),
        ("since", wall_clock(event.since_ms, zone)),
        ("opened", wall_clock(event.opened_at_ms, zone)),
        ("cleared", wall_clock(event.cleared_at_ms, zone)),
        ("department", event.department or ""),
        ("area", event.area or ""),
    ]
    return [(word(name, language), text) for name, text in facts if text]


def device_facts(device: Device, last_heard_ms: int | None, zone: ZoneInfo, language: Language) -> list[Fact]:
    """What the registry knows of the device, and when it reported last."""
    facts = [
        ("kind", device.kind),
        ("department", device.department or ""),
        ("area", device.area or ""),
        ("last_heard", wall_clock(last_heard_ms, zone) or word("never", language)),
    ]
    return [(word(name, language), text) for name, text in facts if text]


def reading_facts(latest: Mapping[str, Sample], language: Language) -> list[Fact]:
    """The newest reading of each quantity with its unit; what is not good is marked."""
    return [(quantity_title(name, language), _value(name, latest[name], language)) for name in sorted(latest)]


def quantity_title(quantity: str, language: Language) -> str:
    """The catalogue's title in that language, or the bare name."""
    known = CATALOGUE.get(quantity)
    if known is None:
        return quantity
    return known.title_zh if language == "zh" else known.title_en


def display_unit(quantity: str) -> str:
    """The unit as people write it: UCUM without its brackets, none for booleans and pure numbers."""
    known = CATALOGUE.get(quantity)
    if known is None or known.boolean or known.unit == "1":
        return ""
    return _WRITTEN.get(known.unit, known.unit)


def _value(quantity: str, sample: Sample, language: Language) -> str:
    known = CATALOGUE.get(quantity)
    if known is not None and known.boolean:
        text = word("yes" if sample.value else "no", language)
    else:
        unit = display_unit(quantity)
        text = f"{sample.value:.4g}{'' if unit in ('', '°') else ' '}{unit}"
    return text if sample.quality is None else f"{text} ({word(sample.quality, language)})"


_WRITTEN = {
    "Cel": "°C", "deg": "°", "m3/h": "m³/h", "m/s2": "m/s²", "kW.h": "kWh", "V.A{reactive}": "var", "%{LEL}": "% LEL",
    "[ppm]": "ppm", "[NTU]": "NTU", "[pH]": "", "uS/cm": "µS/cm",
}  # fmt: skip
