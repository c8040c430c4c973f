"""Every golden message, byte for byte, with its topic and the way it is to be sent."""

import orjson
import pytest

from simulators.dialects.reports import MqttMessage
from tests.simulators.dialects.spoken import FOLDER, spoken

MESSAGES = dict(spoken())
INDEX = orjson.loads((FOLDER / "messages.json").read_bytes())


@pytest.mark.parametrize("name", MESSAGES)
def test_what_is_said_is_what_was_written_down(name: str) -> None:
    content = (FOLDER / name).read_bytes()
    payload = bytes.fromhex(content.decode()) if name.endswith(".hex") else content
    how = INDEX[name]
    assert MESSAGES[name] == MqttMessage(how["topic"], payload, how.get("content_type"), how.get("qos", 1))


def test_no_golden_file_is_without_its_test() -> None:
    files = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    assert {name for name in files if not name.endswith("README.md")} - {"messages.json"} == MESSAGES.keys()
