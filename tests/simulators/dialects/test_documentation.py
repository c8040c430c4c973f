"""The examples of docs/dialects.md run, and its tables are complete."""

import re
from dataclasses import replace
from pathlib import Path

from simulators.dialects import DialectName
from simulators.dialects.hj212.factors import FACTORS
from tests.simulators.dialects.spoken import EVENING_MS, LAMP, rebirth_request, report

PAGE = (Path(__file__).parents[3] / "docs" / "dialects.md").read_text(encoding="utf-8")


def test_the_examples_run() -> None:
    lamp = replace(LAMP, device_id="SL-1", sparkplug="lighting/cabinet-1/lamp-1")
    one, node = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    said = report(lamp, {"voltage": 229.1})
    command = rebirth_request(EVENING_MS)
    names = {"device": lamp, "lamp": lamp, "report": said, "now_ms": EVENING_MS}
    exec(one, names)
    assert [message.topic for message in names["messages"]] == ["city/320582-110-152-102/streetlight/SL-1/up"]  # type: ignore[attr-defined]
    exec(node, names | {"topic": "spBv1.0/lighting/NCMD/cabinet-1", "payload": command.payload})


def test_every_dialect_and_every_factor_has_its_row() -> None:
    assert {DialectName(word) for word in re.findall(r"^\| `([a-z0-9-]+)`.*\| [01]", PAGE, re.MULTILINE)} == set(
        DialectName
    )
    for quantity, factor in FACTORS.items():
        rows = [row for row in PAGE.splitlines() if row.startswith("|") and f"`{quantity}`" in row]
        assert any(factor.code in row for row in rows), quantity
