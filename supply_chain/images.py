"""The container images and the Kafka that the repository names, each with its version."""

import re
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from supply_chain.locked import ROOT

COMPOSE_FILES: Final = (ROOT / "compose.yaml", ROOT / "deploy" / "compose.secured.yaml")
DOCKERFILE: Final = ROOT / "Dockerfile"
FETCH_KAFKA: Final = ROOT / "tests" / "servers" / "fetch_kafka.sh"


class Image(NamedTuple):
    """One image as it is named; `tag` is empty where it names none."""

    name: str
    tag: str


def images() -> list[Image]:
    """Every image of the Dockerfile and the compose files but our own, sorted, each once."""
    named = re.findall(r"^FROM ([^ \n]+)", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE)
    for path in COMPOSE_FILES:
        named += _of_compose(path)
    found = {Image(*_split(one)) for one in named}
    return sorted(image for image in found if image.name != "urbansense")


def kafka_for_tests() -> str:
    """The version of Apache Kafka that the tests run on."""
    match = re.search(r"^version=([0-9.]+)$", FETCH_KAFKA.read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise ValueError(f"{FETCH_KAFKA.name} names no version")
    return match[1]


def _of_compose(path: Path) -> list[str]:
    services = yaml.safe_load(path.read_text(encoding="utf-8")).get("services") or {}
    return [str(one["image"]) for one in services.values() if isinstance(one, dict) and "image" in one]


def _split(image: str) -> tuple[str, str]:
    name, _, tag = image.partition(":")
    return name, tag
