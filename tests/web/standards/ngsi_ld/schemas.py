"""JSON Schemas of what we export, written from the facts of the models: names, units, what is required.

Nothing beside these is allowed, so that an invented attribute fails.
Source: smart-data-models Streetlighting, WaterQuality and Environment; ETSI GS CIM 009, section 5.2 (entities); UN/CEFACT
Recommendation 20 (unit codes).
"""

from typing import Any, Final

INSTANT: Final = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
_QUALITY: Final = {
    "type": "object",
    "properties": {"type": {"const": "Property"}, "value": {"const": "suspect"}},
    "required": ["type", "value"],
    "additionalProperties": False,
}


def _property(value: dict[str, Any], unit: str | None = None, *, observed: bool = False) -> dict[str, Any]:
    properties: dict[str, Any] = {"type": {"const": "Property"}, "value": value}
    required = ["type", "value"]
    if unit is not None:
        properties["unitCode"] = {"const": unit}
        required.append("unitCode")
    if observed:
        properties |= {"observedAt": INSTANT, "quality": _QUALITY}
        required.append("observedAt")
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _read(unit: str | None = None, **value: Any) -> dict[str, Any]:
    return _property({"type": "number", **value}, unit, observed=True)


def _entity(kind: str, attributes: dict[str, Any], required: list[str]) -> dict[str, Any]:
    date = {"type": "object", "properties": {"@type": {"const": "DateTime"}, "@value": INSTANT}}
    point = {
        "type": "object",
        "properties": {
            "type": {"const": "Point"},
            "coordinates": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
        },
        "required": ["type", "coordinates"],
    }
    place = {"type": "object", "properties": {"type": {"const": "GeoProperty"}, "value": point}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "id": {"type": "string", "pattern": rf"^urn:ngsi-ld:{kind}:[\w.:-]+$"},
            "type": {"const": kind},
            "name": _property({"type": "string", "minLength": 1}),
            "location": {**place, "required": ["type", "value"]},
            "@context": {
                "type": "array",
                "items": {"type": "string", "pattern": "^https://"},
                "contains": {"const": "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld"},
            },
            **{name: _property(date) if schema == "date" else schema for name, schema in attributes.items()},
        },
        "required": ["id", "type", "@context", *required],
        "additionalProperties": False,
    }


STREETLIGHT: Final = _entity(
    "Streetlight",
    {
        "powerState": _property({"enum": ["on", "off", "low", "bootingUp"]}, observed=True),
        "status": _property({"enum": ["ok", "defectiveLamp", "columnIssue", "brokenLantern"]}, observed=True),
        "illuminanceLevel": _read("C62", minimum=0, maximum=1),
        "voltage": _read("VLT"),
        "current": _read("AMP"),
        "powerConsumption": _read("WTT"),
        "powerFactor": _read("C62", minimum=-1, maximum=1),
        "powerRating": _property({"type": "number"}, "WTT"),
        "lanternHeight": _property({"type": "number"}, "MTR"),
        "circuit": _property({"type": "string"}),
    },
    ["location"],
)
WATER_QUALITY_OBSERVED: Final = _entity(
    "WaterQualityObserved",
    {
        "dateObserved": "date",
        "temperature": _read("CEL"),
        "pH": _read("Q30", minimum=0, maximum=14),
        "O2": _read("M1", minimum=0),
        "conductivity": _read("D10", minimum=0),
        "turbidity": _read(minimum=0),
        "cod": _read("M1", minimum=0),
    },
    ["location", "dateObserved"],
)
FLOOD_MONITORING: Final = _entity(
    "FloodMonitoring",
    {
        "stationID": _property({"type": "string"}),
        "observationDateTime": "date",
        "measuredDistance": _read("MTR", minimum=0),
        "currentLevel": _read("MTR"),
        **{name: _property({"type": "number"}, "MTR") for name in ("referenceLevel", "alertLevel", "dangerLevel")},
    },
    ["stationID", "observationDateTime"],
)
SCHEMAS: Final = {
    "Streetlight": STREETLIGHT,
    "WaterQualityObserved": WATER_QUALITY_OBSERVED,
    "FloodMonitoring": FLOOD_MONITORING,
}
