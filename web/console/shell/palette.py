"""The colours of conditions and severities, apart from one another for colour-blind eyes too, and never the only sign."""

from typing import Final

from domain.events import Severity

SEVERITY_COLOURS: Final[dict[Severity, str]] = {
    Severity.CRITICAL: "#ad1457",
    Severity.MAJOR: "#d9480f",
    Severity.MINOR: "#e8a200",
    Severity.WARNING: "#f4dd6b",
    Severity.INFO: "#4a90d9",
}
"""Lightness falls as severity rises, so that the order survives without hue; each is drawn with an outline."""

OK_COLOUR: Final = "#6f9a95"
SILENT_COLOUR: Final = "#8b939c"
LINE_COLOUR: Final = "#2f80b7"
"""Lines of readings, on light and on dark ground."""

CONDITION_COLOURS: Final[dict[str, str]] = {
    **{severity.value: colour for severity, colour in SEVERITY_COLOURS.items()},
    "ok": OK_COLOUR,
    "silent": SILENT_COLOUR,
    "unheard": SILENT_COLOUR,
}
