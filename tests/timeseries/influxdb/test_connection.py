"""What becomes of a server's refusals and silences."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from threading import Event

import pytest

from domain.errors import ConfigurationError, TransientFault
from tests.servers.ports import free_port
from tests.timeseries.influxdb.answering import Answer, Request, answering
from timeseries.influxdb.connection import Address, InfluxConnection

LINES = [f"m,device_id=d{number} v=1.0 {number}" for number in range(100)]


@asynccontextmanager
async def connected(
    answer: Callable[[Request], Answer], attempts: int = 3, timeout_s: float = 5
) -> AsyncIterator[tuple[InfluxConnection, list[Request]]]:
    with answering(answer) as (url, requests):
        connection = InfluxConnection(Address(url, "city", "tele metry"), "secret", attempts, timeout_s)
        try:
            yield connection, requests
        finally:
            await connection.close()


async def test_a_request_is_gzipped_and_names_bucket_organisation_precision_and_token() -> None:
    async with connected(lambda _: Answer()) as (connection, requests):
        assert await connection.write_lines(LINES) == {}
        (request,) = requests
    assert request.lines == LINES
    assert request.path == "/api/v2/write?org=city&bucket=tele+metry&precision=ms"
    assert (request.headers["Content-Encoding"], request.headers["Authorization"]) == ("gzip", "Token secret")


async def test_many_lines_go_in_requests_of_five_thousand() -> None:
    lines = [f"m v=1.0 {number}" for number in range(12_001)]
    async with connected(lambda _: Answer()) as (connection, requests):
        await connection.write_lines(lines)
    assert sorted(len(request.lines) for request in requests) == [2001, 5000, 5000]
    assert sorted(line for request in requests for line in request.lines) == sorted(lines)


async def test_nothing_to_write_asks_nothing() -> None:
    async with connected(lambda _: Answer()) as (connection, requests):
        assert await connection.write_lines([]) == {}
    assert requests == []


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_server_that_is_overloaded_is_tried_again(status: int) -> None:
    answers = iter([Answer(status), Answer(status), Answer()])
    async with connected(lambda _: next(answers)) as (connection, requests):
        assert await connection.write_lines(LINES) == {}
        assert len(requests) == 3


async def test_the_server_sets_how_long_to_wait() -> None:
    answers = iter([Answer(429, headers={"Retry-After": "1"}), Answer()])
    async with connected(lambda _: next(answers)) as (connection, requests):
        await connection.write_lines(LINES)
        first, second = requests
    assert 1.0 <= second.at_s - first.at_s < 5


async def test_a_server_that_stays_overloaded_is_a_transient_fault_with_its_words() -> None:
    overloaded = Answer(503, '{"code":"unavailable","message":"shard is being compacted"}', {"Retry-After": "0"})
    async with connected(lambda _: overloaded) as (connection, requests):
        with pytest.raises(TransientFault, match="503: shard is being compacted"):
            await connection.write_lines(LINES)
        assert len(requests) == 3


async def test_a_server_that_does_not_answer_in_time_is_a_transient_fault() -> None:
    over = Event()
    async with connected(lambda _: Answer(204 if over.wait(10) else 500), 1, 0.2) as (connection, _):
        with pytest.raises(TransientFault, match="does not answer"):
            await connection.write_lines(LINES)
        over.set()


async def test_a_server_that_is_not_there_is_a_transient_fault() -> None:
    connection = InfluxConnection(Address(f"http://127.0.0.1:{free_port()}", "o", "b"), "t", attempts=2)
    with pytest.raises(TransientFault, match="does not answer"):
        await connection.write_lines(LINES)
    await connection.close()


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "URBANSENSE_STORE_TOKEN"), (403, "URBANSENSE_STORE_TOKEN"), (404, "URBANSENSE_STORE_URL")],
)
async def test_a_wrong_token_or_bucket_is_a_configuration_error_at_once(status: int, words: str) -> None:
    async with connected(lambda _: Answer(status, '{"message":"unauthorized access"}')) as (connection, requests):
        with pytest.raises(ConfigurationError, match=words) as refused:
            await connection.write_lines(LINES)
        assert len(requests) == 1
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_lines_that_are_refused_are_found_among_the_others(status: int) -> None:
    bad = {3: LINES[3], 4: LINES[4], 99: LINES[99]}
    stored: set[str] = set()

    def refuse_bad(request: Request) -> Answer:
        if set(bad.values()) & set(request.lines):
            return Answer(status, '{"message":"unable to parse"}')
        stored.update(request.lines)
        return Answer()

    async with connected(refuse_bad) as (connection, requests):
        assert await connection.write_lines(LINES) == dict.fromkeys(bad, "unable to parse")
    assert stored == set(LINES) - set(bad.values())
    assert len(requests) < 40


async def test_lines_that_are_all_refused_need_not_be_looked_for() -> None:
    def refuse_all(request: Request) -> Answer:
        return Answer(422, f'{{"message":"partial write: outside retention policy dropped={len(request.lines)}"}}')

    async with connected(refuse_all) as (connection, requests):
        refused = await connection.write_lines(LINES)
    assert list(refused) == list(range(100))
    assert len(requests) == 1


async def test_a_server_that_quotes_a_huge_line_is_cut_short() -> None:
    async with connected(lambda _: Answer(400, f'{{"message":"unable to parse {"x" * 70_000}"}}')) as (connection, _):
        (words,) = (await connection.write_lines(LINES[:1])).values()
    assert len(words) < 600
