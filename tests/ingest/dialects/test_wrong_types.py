"""Every field of golden messages with a value of another type: named in a rejection, or known to be ignored."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

import cbor2
import orjson
import pytest

from domain.devices import Device, FieldMapping, Profile
from domain.topics import Topics
from ingest.dialects.messages import MqttMessage
from ingest.dialects.senml.cbor import decode_senml_cbor
from ingest.pipeline.message_to_records import Pipeline
from tests.golden import golden
from tests.ingest.dialects.test_golden import DEVICES, RECEIVED, TOPICS
from tests.ingest.lookup import lookup_of

Path = tuple[str | int, ...]

WRONG: Final[tuple[object, ...]] = (None, True, "3", 7, -1, 1.5, float("nan"), 10**400, [], ["3"], {}, {"a": 1})
MESSAGES: Final = (
    "native/single.json", "native/batch.json", "senml-json/lamp.json", "senml-cbor/lamp.cbor.hex",
    "chirpstack/cbor_lamp.json", "things-stack/em400_mud_level.json",
)  # fmt: skip
IGNORED: Final = {
    "chirpstack": {
        "deduplicationId", "tenantId", "tenantName", "applicationId", "applicationName", "deviceProfileId",
        "deviceProfileName", "deviceName", "deviceClassEnabled", "tags", "adr", "dr", "fPort", "confirmed", "uplinkId",
        "channel", "location", "crcStatus", "frequency", "bandwidth", "spreadingFactor", "codeRate", "regionConfigId",
    },
    "things-stack": {
        "application_ids", "application_id", "join_eui", "dev_addr", "correlation_ids", "f_port", "eui", "timestamp",
        "channel_rssi", "bandwidth", "spreading_factor", "coding_rate", "frequency", "consumed_airtime",
    },
}  # fmt: skip
"""By dialect, what no report is made of (docs/dialects.md): nothing written there changes one."""
WELL: Final = Device("MC-9", "manhole_cover", "em400", dev_eui="24E124713C140042")
EM400: Final = Profile(
    "em400", "manhole_cover",
    fields=(
        FieldMapping("battery", "battery_level", "%"), FieldMapping("distance", "distance", "mm"),
        FieldMapping("position", "temperature", "Cel"),
    ),
)  # fmt: skip
"""`position` is a text in the message: what is no number is refused by its name."""


def paths(document: Any, at: Path = ()) -> Iterator[Path]:
    """Every field and element, inner ones after their parents."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in inner:
        yield (*at, key)
        yield from paths(value, (*at, key))


def value_at(document: Any, path: Path) -> Any:
    for key in path:
        document = document[key]
    return document


def changed(document: Any, path: Path, value: object) -> Any:
    copy = deepcopy(document)
    value_at(copy, path[:-1])[path[-1]] = value
    return copy


def is_of_another_type(given: object, wrong: object) -> bool:
    """Whether no reader could take `wrong` for a value like `given`."""
    if isinstance(given, bool) or isinstance(wrong, bool):
        return type(given) is not type(wrong)
    if isinstance(given, int | float) and isinstance(wrong, int | float):
        return wrong != wrong or abs(wrong) > 1e300  # not finite
    return type(given) is not type(wrong)


def outcome(name: str, document: Any) -> tuple[list[dict[str, Any]], str]:
    """The telemetry, and all that rejections say."""
    dialect = name.partition("/")[0]
    content_type = f"application/{dialect.replace('-', '+')}" if dialect.startswith("senml") else None
    payload = cbor2.dumps(document) if dialect == "senml-cbor" else json.dumps(document).encode()
    kinds = ("streetlight", "manhole_cover", "gateway")
    records = Pipeline(Topics(), lookup_of(*DEVICES, WELL, EM400, kinds=kinds)).records(
        MqttMessage(TOPICS[name], payload, RECEIVED, content_type)
    )
    values = [orjson.loads(record.value or b"") for record in records]
    details = " ".join(one["detail"] for one in values if "detail" in one)
    return [one for one in values if "readings" in one], details


def load(name: str) -> Any:
    text = golden(f"dialects/{name}")
    return decode_senml_cbor(text) if name.endswith(".hex") else json.loads(text)


@pytest.mark.parametrize("name", MESSAGES)
def test_a_field_of_another_type_is_named_or_changes_nothing(name: str) -> None:
    document = load(name)
    dialect = name.partition("/")[0]
    plain, said = outcome(name, document)
    silent = []
    for path in paths(document):
        named = next((str(key) for key in reversed(path) if isinstance(key, str)), "object")
        for wrong in WRONG:
            given = value_at(document, path)
            if not is_of_another_type(given, wrong):
                continue
            found, details = outcome(name, changed(document, path, wrong))
            if set(map(str, path)) & IGNORED.get(dialect, set()):
                assert (found, details) == (plain, said), (path, wrong)
            elif wrong is None and found and details == said:
                continue  # as if it were left out
            elif (named == "seq" and isinstance(wrong, str)) or (named == "position" and details == ""):
                continue  # a number or a short text; a field that may be a number
            elif named not in details and "not finite" not in details and "CBOR tag" not in details:
                silent.append((path, wrong, details))
    assert silent == []
