"""Phrases in English and Chinese, put together at once so that neither is forgotten."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from domain.events import Text
from domain.quantities.catalogue import CATALOGUE
from domain.time.instants import in_zone
from rules.explaining.formulas import worded_value
from rules.language.rule import Rule
from rules.language.signals.signal import unit_sign


def bilingual(english: str, chinese: str) -> Text:
    return Text(en=english, zh=chinese)


@dataclass(frozen=True, slots=True)
class WallClock:
    """The wall clock of a zone."""

    zone: ZoneInfo

    def wall(self, at_ms: int) -> str:
        """`2026-06-01 21:00:00`, with milliseconds only where there are any."""
        instant = in_zone(at_ms, self.zone)
        return f"{instant:%Y-%m-%d %H:%M:%S}" + (f".{at_ms % 1000:03d}" if at_ms % 1000 else "")


def unit_of(name: str, rule: Rule) -> str:
    """The unit of a name in a condition, as people write it; empty where it has none."""
    root, _, quantity = name.partition(".")
    if root == "reading" and quantity in CATALOGUE:
        return unit_sign(CATALOGUE[quantity].unit)
    if name in rule.signals:
        return unit_sign(rule.signals[name].unit)
    return "°" if name == "sun.elevation" else ""


def with_unit(name: str, value: object, rule: Rule) -> str:
    """A value with its unit: `2.1 W`."""
    if value is None:
        return "–"
    return f"{worded_value(value)} {'' if isinstance(value, bool) else unit_of(name, rule)}".rstrip()


def origin(name: str, rule: Rule) -> Text:
    """Where a name takes its value from."""
    root, _, rest = name.partition(".")
    if name in rule.signals:
        return bilingual(f"signal {rule.signals[name].label}", f"信号 {rule.signals[name].label}")
    match root:
        case "reading":
            return bilingual(CATALOGUE[rest].title_en, CATALOGUE[rest].title_zh)
        case "device":
            return bilingual("attribute of the device", "设备属性")
        case "area":
            return bilingual("area of the device", "设备所在区域")
    return bilingual("elevation of the sun at the device", "设备处太阳高度角")
