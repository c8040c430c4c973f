"""Ledger, health, readiness and metrics."""

import asyncio
from dataclasses import replace

import httpx
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.parser import text_string_to_metric_families

from domain.errors import TransientFault
from domain.ledger import Ledger, RulesLedger, StoreLedger
from tests.web.city import City
from web.api.operations.readiness import run_check
from web.serving.app import create_app

UNBALANCED = Ledger(
    StoreLedger(accepted=10, stored=7, duplicate=1, pending=1),
    RulesLedger(accepted=10, judged=10),
    rejected={"bad_time": 3},
    rejected_in_part={"bad_value": 2},
)


async def test_the_ledger_says_which_sum_does_not_agree(city: City, api: httpx.AsyncClient) -> None:
    city.ledger = UNBALANCED
    told = (await api.get("/api/v1/ledger")).json()
    assert told["store"] == {"accepted": 10, "stored": 7, "duplicate": 1, "refused": 0, "pending": 1}
    assert (told["store_balances"], told["rules_balance"]) == (False, True)
    assert (told["rejected"], told["rejected_in_part"]) == ({"bad_time": 3}, {"bad_value": 2})


async def test_alive_and_ready(api: httpx.AsyncClient) -> None:
    assert (await api.get("/healthz")).json() == {"status": "alive"}
    ready = await api.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["checks"][0]["detail"].startswith("DuckDB")


async def test_one_failing_check_makes_it_not_ready_and_says_why(city: City) -> None:
    async def away() -> str:
        raise TransientFault("no broker at 127.0.0.1:9092")

    services = city.services()
    app = create_app(replace(services, checks={**services.checks, "log": away}), registry=CollectorRegistry())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        response = await client.get("/readyz")
    assert response.status_code == 503
    assert [(c["name"], c["ready"]) for c in response.json()["checks"]] == [("store", True), ("log", False)]
    assert response.json()["checks"][1]["detail"] == "no broker at 127.0.0.1:9092"


async def test_a_check_that_hangs_is_not_ready() -> None:
    async def hangs() -> str:
        await asyncio.Event().wait()
        return "never"

    check = await run_check("log", hangs, timeout_s=0.01)
    assert (check.ready, check.detail) == (False, "no answer within 0.01 s")


async def test_metrics_hold_the_ledger_and_what_the_process_counts(city: City) -> None:
    city.ledger = UNBALANCED
    registry = CollectorRegistry()
    Counter("urbansense_mqtt_messages", "Messages.", registry=registry).inc(5)
    app = create_app(city.services(), registry=registry)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        text = (await client.get("/metrics")).text
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["urbansense_mqtt_messages_total", ()] == 5
    assert samples["urbansense_reports_total", (("fate", "stored"), ("stage", "store"))] == 7
    assert samples["urbansense_reports_pending", (("stage", "store"),)] == 1
    assert samples["urbansense_rejected_total", (("partial", "true"), ("reason", "bad_value"))] == 2
    assert samples["urbansense_ledger_balances", ()] == 0


async def test_the_metrics_of_the_process_are_there_while_the_log_is_not(city: City) -> None:
    async def away() -> Ledger:
        raise TransientFault("no broker at 127.0.0.1:9092")

    registry = CollectorRegistry()
    Counter("urbansense_mqtt_messages", "Messages.", registry=registry).inc(5)
    app = create_app(replace(city.services(), ledger=away), registry=registry)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert "urbansense_mqtt_messages_total 5.0" in answer.text
    assert "urbansense_ledger_balances" not in answer.text
