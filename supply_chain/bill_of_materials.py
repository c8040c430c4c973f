"""`make sbom`: build/sbom.cdx.json, CycloneDX 1.6: every locked distribution with hashes, licence and what it needs.

requirements*.lock ──name, version, hashes──▶ ┐
installed metadata ──licence, requirements──▶ ├──▶ Bom ──validated──▶ the same bytes for the same commit
pyproject, images, fetch_kafka.sh ──────────▶ ┘

Scope: `required` is what the runtime installs, `excluded` what development and tests need besides.
"""

import json
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.requirements import Requirement

from supply_chain.images import images, kafka_for_tests
from supply_chain.licences import licence_of
from supply_chain.locked import EVERYTHING, ROOT, RUNTIME, Locked, normalised, read_lock

OUTPUT: Final = ROOT / "build" / "sbom.cdx.json"


def bill_of_materials() -> str:
    """The whole bill as JSON; equal for equal files and an equal environment: no clock, no random serial number.

    Raises: ValueError where it is no valid CycloneDX.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    runtime, everything = {(one.name, one.version) for one in read_lock(RUNTIME)}, read_lock(EVERYTHING)
    bom = Bom()
    root = bom.metadata.component = Component(
        name=project["name"], version=project["version"], type=ComponentType.APPLICATION, bom_ref="urbansense",
        description=project["description"], licenses=[DisjunctiveLicense(id=project["license"])],
    )  # fmt: skip
    components = {
        (one.name, one.version): _of_distribution(one, (one.name, one.version) in runtime)
        for one in read_lock(EVERYTHING)
    }
    bom.components.update(components.values())
    by_name: dict[str, list[Component]] = {}
    for (name, _), component in components.items():
        by_name.setdefault(name, []).append(component)
    bom.register_dependency(root, _named(project["dependencies"], by_name))
    for (name, _), component in components.items():
        bom.register_dependency(component, _named(_requirements_of(name), by_name))
    bom.components.update(_servers())
    return _written(bom, {str(_url_of(one)): one.hashes for one in everything})


def _of_distribution(locked: Locked, is_runtime: bool) -> Component:
    url = _url_of(locked)
    component = Component(
        name=locked.name, version=locked.version, type=ComponentType.LIBRARY, bom_ref=str(url), purl=url,
        scope=ComponentScope.REQUIRED if is_runtime else ComponentScope.EXCLUDED,
    )  # fmt: skip
    licence = _licence_of(locked.name)
    if licence is not None:
        component.licenses.add(DisjunctiveLicense(name=licence))
    return component


def _url_of(locked: Locked) -> PackageURL:
    return PackageURL("pypi", name=locked.name, version=locked.version)


def _servers() -> Iterable[Component]:
    """The images that operators start, and the Kafka of the tests; versions are tags, for no registry is asked here."""
    for image in images():
        url = PackageURL("docker", name=image.name, version=image.tag)
        yield Component(
            name=image.name, version=image.tag, type=ComponentType.CONTAINER, bom_ref=str(url), purl=url,
            scope=ComponentScope.OPTIONAL,
        )  # fmt: skip
    version = kafka_for_tests()
    url = PackageURL("maven", "org.apache.kafka", "kafka_2.13", version)
    yield Component(
        name="kafka_2.13", group="org.apache.kafka", version=version, type=ComponentType.APPLICATION, bom_ref=str(url),
        purl=url, scope=ComponentScope.EXCLUDED,
    )  # fmt: skip


def _licence_of(name: str) -> str | None:
    try:
        return licence_of(distribution(name).metadata)
    except PackageNotFoundError:  # of another system or Python
        return None


def _requirements_of(name: str) -> list[str]:
    try:
        return distribution(name).requires or []
    except PackageNotFoundError:
        return []


def _named(requirements: Iterable[str], by_name: Mapping[str, list[Component]]) -> list[Component]:
    """The components that the requirements name here, those of extras left out."""
    parsed = (Requirement(one) for one in requirements)
    wanted = [one for one in parsed if one.marker is None or one.marker.evaluate({"extra": ""})]
    return [component for one in wanted for component in by_name.get(normalised(one.name), ())]


def _written(bom: Bom, hashes: Mapping[str, Sequence[str]]) -> str:
    """The bill as text, with the hashes of each distribution's files; one of them is what is installed."""
    written: dict[str, Any] = json.loads(make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string())
    for component in written["components"]:
        if files := hashes.get(component["purl"]):
            component["hashes"] = [{"alg": "SHA-256", "content": one} for one in files]
    written["metadata"].pop("timestamp", None)
    written.pop("serialNumber", None)
    written["serialNumber"] = f"urn:uuid:{uuid5(NAMESPACE_URL, json.dumps(written, sort_keys=True))}"
    text = json.dumps(written, indent=1, sort_keys=True) + "\n"
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault is not None:
        raise ValueError(f"the bill is no CycloneDX: {fault}")
    return text


def main(path: Path = OUTPUT) -> int:
    """Write the bill."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(bill_of_materials(), encoding="utf-8")
    print(f"sbom: {len(json.loads(path.read_bytes())['components'])} components in {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
