"""Requests made from the OpenAPI document, good and bad, to the whole served API: no answer is a server error."""

import asyncio
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import uvloop
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.core.result import Ok

from device_registry.publication.publisher import RegistryPublisher
from domain.devices import Device
from rules.library.documents import library_rules
from simulators.city.devices_file import devices_csv
from tests.web.api.cases.test_attachments import PNG
from tests.web.desk import COVER
from urbansense.configuration.settings import Settings
from urbansense.wiring.api import api_app
from urbansense.wiring.parts import open_platform_parts
from web.serving.server import serve

LONG = bool(os.environ.get("URBANSENSE_TEST_LONG"))
EXAMPLES = 25 if LONG else 1
ENDLESS = {"/api/v1/stream"}
"""Never answers to the end; its route has tests of its own."""
LAMP = Device("L1", "streetlight", "streetlight", area="320582/110", lon=120.5, lat=31.8)


async def _serve(folder: Path, ready: "Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]]") -> None:
    own = Settings(data_dir=folder, partitions=2, http_port=0)
    stop = asyncio.Event()
    try:
        async with open_platform_parts(own, stop) as parts:
            await parts.lookup.load(parts.log)
            app = api_app(parts, RegistryPublisher(parts.registry, parts.log, parts.topics))
            loop = asyncio.get_running_loop()
            await serve(app, 0, stop, lambda port: ready.set_result((f"http://127.0.0.1:{port}", loop, stop)))
    except BaseException as error:
        if not ready.done():
            ready.set_exception(error)
        raise


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Every route that there is, over embedded parts with a lamp, the library's rules and a case with a photo."""
    ready: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    folder = tmp_path_factory.mktemp("fuzz")
    thread = threading.Thread(target=lambda: uvloop.run(_serve(folder, ready)))
    thread.start()
    served, loop, stop = ready.result(30)
    with httpx.Client(base_url=served, trust_env=False, timeout=30) as client:
        headers = {"content-type": "text/csv"}
        client.post("/api/v1/devices/import", content=devices_csv([LAMP]), headers=headers).raise_for_status()
        headers = {"content-type": "application/yaml"}
        client.post("/api/v1/rules", content=library_rules().encode(), headers=headers).raise_for_status()
        case = client.post("/api/v1/cases", json=COVER).raise_for_status().json()
        photo = client.post(f"/api/v1/cases/{case['number']}/attachments", files={"photo": ("a.png", PNG)})
        photo.raise_for_status()
    yield served
    loop.call_soon_threadsafe(stop.set)
    thread.join(30)


@pytest.mark.long
@pytest.mark.timeout(3600 if LONG else 120)
def test_no_request_of_the_document_makes_a_server_error(url: str) -> None:
    schema = schemathesis.openapi.from_url(f"{url}/api/openapi.json")
    asked = []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        if found.ok().path not in ENDLESS:
            asked.append(found.ok())
    assert len(asked) > 60
    failures = [words for operation in asked for words in _try(operation)]
    assert failures == []


def _try(operation: APIOperation[Any, Any, Any, Any]) -> list[str]:
    """What went wrong with one operation, good requests and bad ones."""
    failures: list[str] = []
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

        @seed(1)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Case[Any]) -> None:
            answer = case.call(timeout=30)
            kind = answer.headers.get("content-type", [""])[0]
            is_told = answer.status_code < 400 or kind.startswith(("application/problem+json", "text/plain"))
            if answer.status_code >= 500 or not is_told:
                failures.append(f"{case.as_curl_command()} → {answer.status_code} {kind} {answer.text[:300]}")

        try:
            ask()
        except schemathesis.errors.SchemathesisError as error:
            failures.append(f"{operation.method} {operation.path}: {type(error).__name__} {error}")
        except Exception as error:
            if type(error).__name__ not in ("Unsatisfiable", "SkipTest", "Skipped"):
                failures.append(f"{operation.method} {operation.path} {mode}: {type(error).__name__} {error}"[:500])
    return failures
