"""`urbansense demo`, as on the first day: nothing but Python, or with the Mosquitto of the machine."""

import re
from pathlib import Path

import httpx
import pytest

from tests.e2e.processes.platform import platform
from tests.servers.absence import absent
from tests.servers.mosquitto import BINARY
from tests.servers.ports import free_port
from tests.servers.processes import wait_until


@pytest.mark.parametrize("broker", ["amqtt", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])
def test_the_demo_answers_while_it_runs_and_ends_with_a_summary_that_balances(broker: str, tmp_path: Path) -> None:
    if broker == "mosquitto" and BINARY is None:
        absent("mosquitto", "mosquitto is not installed (Debian: apt-get install mosquitto)")
    with platform(tmp_path, http_port=free_port(), embedded_broker=broker) as running:
        demo = running.service("demo", "--for", "5s", "--devices", "60").start()
        wait_until(lambda: b"live page" in demo.log.read_bytes(), 30, "the live page is named", demo)
        page = re.search(r"live page\s+(http\S+)", demo.log.read_text())
        assert page is not None

        def accepted() -> int:
            answer = httpx.get(f"{page[1]}api/v1/ledger", trust_env=False, timeout=10)
            return int(answer.raise_for_status().json()["store"]["accepted"])

        wait_until(accepted, 10, "telemetry flows", demo)
        wait_until(lambda: not demo.running, 60, "the demo ends")
        said = demo.log.read_text()
        assert demo.returncode == 0, said
    sent = re.search(r"simulator\s+(\d+) messages sent, (\d+) acknowledged; (\d+) distinct reports", said)
    store = re.search(r"store\s+(\d+)\s+= (\d+) stored \+ (\d+) duplicate \+ 0 refused \+ 0 pending\s+balances", said)
    rules = re.search(r"rules\s+(\d+)\s+= .* \+ 0 pending\s+balances", said)
    assert sent is not None
    assert store is not None
    assert rules is not None
    assert int(sent[1]) == int(sent[2]) > 100
    assert int(store[1]) == int(rules[1]) == int(store[2]) + int(store[3])
    assert int(store[2]) >= int(sent[3])
    assert "Traceback" not in said
    assert not running.settings.data_dir.exists()
