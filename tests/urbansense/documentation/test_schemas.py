"""The schemas in docs/ are those of the models, and the examples of the contract fit them."""

from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest

from urbansense.documentation.schemas import MODELS, schema_of

DOCS = Path(__file__).parents[3] / "docs" / "schemas"

EXAMPLES: dict[str, dict[str, Any]] = {
    "telemetry": {
        "device_id": "SL-320582-000123",
        "kind": "streetlight",
        "observed_at_ms": 1763772000123,
        "received_at_ms": 1763772000410,
        "message_id": "41",
        "codec": "json",
        "readings": {"active_power": 96.2, "voltage": 229.1, "dimming_level": 80.0},
        "quality": {"voltage": "suspect"},
        "area": "320582/110/152/102",
    },
    "tick": {"gateway": 0, "tick_at_ms": 1763772000410},
}


@pytest.mark.parametrize("name", MODELS)
def test_the_schema_in_the_docs_is_the_models(name: str) -> None:
    assert (DOCS / f"{name}.json").read_bytes() == schema_of(name), "run: make schemas"


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of_the_contract_fits(name: str) -> None:
    jsonschema.validate(EXAMPLES[name], orjson.loads(schema_of(name)))


def test_a_record_without_its_device_does_not_fit() -> None:
    broken = {key: value for key, value in EXAMPLES["telemetry"].items() if key != "device_id"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, orjson.loads(schema_of("telemetry")))
