"""The programs of docs/telemetry.md run as they stand there, and what they write is read."""

import re
import subprocess
import sys
from pathlib import Path
from time import time

import orjson
import pytest

from domain.devices import Device
from domain.quantities.catalogue import CATALOGUE
from domain.topics import Topics
from ingest.dialects.hj212.factors import FACTORS
from ingest.dialects.hj212.frame import Defect
from ingest.dialects.messages import MqttMessage
from ingest.pipeline.message_to_records import Pipeline
from tests.ingest.lookup import lookup_of

PAGE = (Path(__file__).parents[2] / "docs/telemetry.md").read_text(encoding="utf-8")
PROGRAMS = {match[1]: match[0] for match in re.finditer(r"# (\w+)\.py: .*?(?=\n```)", PAGE, re.DOTALL)}
MN = "010000A8900016F000169DC0"


def run(name: str, *arguments: str) -> bytes:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAMS[name], *arguments], capture_output=True, timeout=20, check=True
    )
    return done.stdout


def read(pipeline: Pipeline, topic: str, data: bytes) -> dict[str, object]:
    [record] = pipeline.records(MqttMessage(topic, data, int(time() * 1000)))
    value: dict[str, object] = orjson.loads(record.value or b"")
    return value


def test_the_frame_of_the_page_is_a_report() -> None:
    pipeline = Pipeline(
        Topics(), lookup_of(Device("WM-1", "water_monitor", "water_monitor", mn=MN), kinds=["water_monitor"])
    )
    assert read(pipeline, f"hj212/{MN}/up", run("frame"))["readings"] == {"ph": 7.42, "water_temperature": 21.6}


def test_the_edge_node_of_the_page_is_asked_and_then_understood() -> None:
    cabinet = Device("CB-1", "cabinet", "cabinet", sparkplug="city/edge-1")
    pipeline = Pipeline(Topics(), lookup_of(cabinet, kinds=["cabinet"]))
    birth, data = run("edge", "birth"), run("edge", "data")
    assert read(pipeline, "spBv1.0/city/NDATA/edge-1", data)["reason"] == "unknown_quantity"
    assert read(pipeline, "spBv1.0/city/NBIRTH/edge-1", birth)["readings"] == {"active_power": 2885.3}
    assert read(pipeline, "spBv1.0/city/NDATA/edge-1", data)["readings"] == {"active_power": 2890.1}


@pytest.mark.parametrize("factor", FACTORS)
def test_the_page_has_every_factor(factor: str) -> None:
    quantity, _ = FACTORS[factor]
    assert f"| {factor} | {quantity} |" in PAGE
    assert quantity in CATALOGUE


@pytest.mark.parametrize("defect", Defect)
def test_the_page_has_every_defect(defect: Defect) -> None:
    assert f"`{defect.value}`" in PAGE
