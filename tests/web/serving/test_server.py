"""The app on a real loopback port: its port, its stream of server-sent events, its end."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest
from prometheus_client import CollectorRegistry

from tests.servers.ports import free_port
from tests.web.city import NOON_MS, City, cleared, lamp, lamp_out
from web.http.bodies import MAX_FILE_BYTES
from web.serving.app import create_app
from web.serving.server import bind, serve

WAIT_S = 10


@asynccontextmanager
async def served(city: City, port: int) -> AsyncIterator[int]:
    """The port in use; at the end the server must have ended in time."""
    stop = asyncio.Event()
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    app = create_app(city.services(), registry=CollectorRegistry())
    serving = asyncio.create_task(serve(app, port, stop, listening.set_result))
    try:
        yield await asyncio.wait_for(listening, WAIT_S)
    finally:
        stop.set()
        await asyncio.wait_for(serving, WAIT_S)


async def test_a_taken_port_is_left_alone_and_another_one_used(city: City) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        async with served(city, taken) as port, httpx.AsyncClient() as client:
            assert port > taken
            assert (await client.get(f"http://127.0.0.1:{port}/healthz")).json() == {"status": "alive"}


async def test_it_listens_on_loopback_only_and_lets_the_port_go(city: City) -> None:
    wanted = free_port()
    async with served(city, wanted) as port:
        assert port == wanted
    again = bind(wanted)
    assert again.getsockname() == ("127.0.0.1", wanted)
    again.close()


@asynccontextmanager
async def stream(
    client: httpx.AsyncClient, port: int, headers: dict[str, str] | None = None
) -> AsyncIterator[AsyncIterator[str]]:
    """The lines of the stream."""
    async with client.stream("GET", f"http://127.0.0.1:{port}/api/v1/stream", headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        yield response.aiter_lines()


async def sse(lines: AsyncIterator[str]) -> tuple[str, str | None, Any]:
    """The next server-sent event: its name, id and data."""
    fields: dict[str, str] = {}
    async for line in lines:
        if not line and "data" in fields:
            return fields["event"], fields.get("id"), orjson.loads(fields["data"])
        name, colon, value = line.partition(": ")
        if colon and name:
            fields[name] = value
    raise EOFError


async def sse_named(name: str, lines: AsyncIterator[str]) -> tuple[str | None, Any]:
    while True:
        told, event_id, data = await sse(lines)
        if told == name:
            return event_id, data


async def test_the_stream_tells_counts_and_changes_of_events_as_they_happen(city: City) -> None:
    await city.put(lamp(1))
    event = lamp_out(lamp(1), NOON_MS)
    async with served(city, 0) as port, httpx.AsyncClient(timeout=WAIT_S) as client, stream(client, port) as lines:
        _, counts = await sse_named("counts", lines)
        assert (counts["devices"], counts["accepted"], counts["open_events"]) == (1, 0, 0)
        await city.report(lamp(1), NOON_MS, active_power=1.0)
        await city.publish(event)
        event_id, told = await sse_named("event", lines)
        assert (event_id, told["event_id"], told["status"]) == ("1", str(event.event_id), "open")
        while (counts["accepted"], counts["open_events"]) != (1, 1):
            _, counts = await sse_named("counts", lines)


async def test_a_stream_is_taken_up_again_after_the_last_id(city: City) -> None:
    event = lamp_out(lamp(1), NOON_MS)
    await city.publish(event)
    await city.publish(cleared(event, NOON_MS + 1))
    async with (
        served(city, 0) as port,
        httpx.AsyncClient(timeout=WAIT_S) as client,
        stream(client, port, {"last-event-id": "1"}) as lines,
    ):
        event_id, told = await sse_named("event", lines)
    assert (event_id, told["status"]) == ("2", "cleared")


async def test_an_open_stream_does_not_hold_up_the_end(city: City) -> None:
    async with httpx.AsyncClient(timeout=WAIT_S) as client:
        async with served(city, 0) as port:
            response = await client.send(
                client.build_request("GET", f"http://127.0.0.1:{port}/api/v1/stream"), stream=True
            )
            await sse_named("counts", response.aiter_lines())
            before_s = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - before_s < 2
        await response.aclose()


async def test_a_body_too_large_is_refused_before_it_is_read(city: City) -> None:
    async with served(city, 0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"POST /api/v1/devices/import HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"
            b"Content-Length: %d\r\n\r\n" % (MAX_FILE_BYTES + 1)
        )
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WAIT_S)
        writer.close()
    assert head.startswith(b"HTTP/1.1 413")
    assert b"application/problem+json" in head


def test_no_free_port_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.serving.server.PORTS_TRIED", 1)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        with pytest.raises(OSError, match="no free port on"):
            bind(holder.getsockname()[1])
