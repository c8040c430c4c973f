"""Real sockets that come slowly, say half, never read or are too many: they end, and others are answered meanwhile."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI, Request, WebSocket
from starlette.responses import StreamingResponse

from web.serving.connections import ConnectionBounds, Connections
from web.serving.server import serve

WAIT_S = 20
QUICK = ConnectionBounds(
    head_s=0.3, body_window_s=0.3, least_rate=100.0, unread_s=0.3, of_one=1000, in_all=1000, look_s=0.05
)
HEAD = b"GET /answer HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"


def app() -> FastAPI:
    served = FastAPI()
    served.state.bodies = []

    @served.get("/answer")
    async def answer(request: Request) -> dict[str, str]:
        return {"address": request.client.host if request.client else "", "scheme": request.url.scheme}

    @served.post("/body")
    async def body(request: Request) -> dict[str, int]:
        try:
            size = len(await request.body())
        except Exception as error:
            served.state.bodies.append(type(error).__name__)
            raise
        return {"size": size}

    @served.post("/slow-reader")
    async def slow_reader(request: Request) -> dict[str, int]:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            await asyncio.sleep(0.05)
        return {"size": size}

    @served.get("/endless")
    async def endless() -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 65536
                await asyncio.sleep(0)

        return StreamingResponse(chunks())

    @served.get("/later")
    async def later() -> dict[str, bool]:
        await asyncio.sleep(4 * QUICK.head_s)
        return {"late": True}

    @served.websocket("/socket")
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        while True:
            await websocket.send_text(await websocket.receive_text())

    return served


@asynccontextmanager
async def serving(connections: Connections, served: FastAPI | None = None) -> AsyncIterator[int]:
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(served or app(), 0, stop, listening.set_result, connections=connections))
    try:
        yield await asyncio.wait_for(listening, WAIT_S)
    finally:
        stop.set()
        await asyncio.wait_for(task, WAIT_S)


async def opened(port: int, *sent: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in sent:
        writer.write(part)
    return reader, writer


async def rest(reader: asyncio.StreamReader) -> bytes:
    """All that still comes until the server closes; it must."""
    try:
        return await asyncio.wait_for(reader.read(-1), WAIT_S)
    except ConnectionError:
        return b""


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.01)


async def test_four_hundred_half_sent_requests_end_and_an_honest_one_is_answered_meanwhile() -> None:
    connections = Connections(QUICK)
    async with serving(connections) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        halves = [await opened(port, HEAD + b"X-Half: ") for _ in range(400)]
        assert (await client.get("/answer")).status_code == 200
        answers = await asyncio.gather(*(rest(reader) for reader, _ in halves))
        assert {answer.split(b"\r\n")[0] for answer in answers} == {b"HTTP/1.1 408 Request Timeout"}
        await until(lambda: len(connections) <= 1)
    assert connections.ended["head too slow"] == 400


@pytest.mark.parametrize("first", [b"", b"G", HEAD])
async def test_a_connection_that_asks_for_nothing_ends(first: bytes) -> None:
    async with serving(Connections(QUICK)) as port:
        reader, _ = await opened(port, first)
        await rest(reader)


async def drip(writer: asyncio.StreamWriter, piece: bytes) -> None:
    """A byte now and then, which keeps no timer at rest."""
    try:
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)
    except (ConnectionError, OSError):
        return


@pytest.mark.parametrize("begun", [HEAD + b"X-Slow: ", HEAD + b"\r\n" + HEAD + b"X-Second: "])
async def test_a_head_that_drips_ends_also_behind_an_answered_request(begun: bytes) -> None:
    connections = Connections(QUICK)
    async with serving(connections) as port:
        reader, writer = await opened(port, begun)
        dripping = asyncio.create_task(drip(writer, b"x"))
        await rest(reader)
        dripping.cancel()
    assert connections.ended["head too slow"] == 1


async def test_a_body_that_drips_ends_and_its_app_learns_of_it() -> None:
    connections, served = Connections(QUICK), app()
    async with serving(connections, served) as port:
        reader, writer = await opened(port, POST)
        dripping = asyncio.create_task(drip(writer, b"x"))
        await rest(reader)
        dripping.cancel()
        await until(lambda: served.state.bodies)
    assert connections.ended["body too slow"] == 1
    assert served.state.bodies == ["ClientDisconnect"]


async def test_a_body_that_is_read_slowly_by_ourselves_goes_on() -> None:
    connections = Connections(QUICK)
    async with serving(connections) as port, httpx.AsyncClient(timeout=WAIT_S) as client:
        sent = b"x" * 2_000_000
        answer = await client.post(f"http://127.0.0.1:{port}/slow-reader", content=sent)
    assert answer.json() == {"size": len(sent)}
    assert not connections.ended


async def test_an_answer_that_takes_its_time_is_waited_for() -> None:
    async with serving(Connections(QUICK)) as port, httpx.AsyncClient(timeout=WAIT_S) as client:
        assert (await client.get(f"http://127.0.0.1:{port}/later")).json() == {"late": True}


async def test_an_answer_that_nobody_reads_ends() -> None:
    connections = Connections(QUICK)
    async with serving(connections) as port:
        idle = socket.create_connection(("127.0.0.1", port))
        idle.sendall(HEAD.replace(b"/answer", b"/endless") + b"\r\n")
        await until(lambda: connections.ended["answer not read"])
        await until(lambda: not len(connections))
        idle.close()


async def test_a_head_without_end_is_refused_before_it_fills_the_memory() -> None:
    connections = Connections(QUICK)
    async with serving(connections) as port:
        reader, writer = await opened(port, HEAD)

        async def flood() -> None:
            for n in range(100_000):
                writer.write(b"X-%d: %s\r\n" % (n, b"x" * 1000))
                await writer.drain()

        flooding = asyncio.create_task(flood())
        answer = await rest(reader)
        flooding.cancel()
        assert answer[:12] in (b"HTTP/1.1 431", b"")
    assert connections.ended["head too large"] == 1


@pytest.mark.parametrize(
    ("bounds", "why"),
    [
        (ConnectionBounds(of_one=5), "too many of one address"),
        (ConnectionBounds(in_all=5), "too many in all"),
    ],
)
async def test_connections_beyond_the_bound_end_at_once(bounds: ConnectionBounds, why: str) -> None:
    connections = Connections(bounds)
    async with serving(connections) as port, httpx.AsyncClient() as client:
        held = [await opened(port) for _ in range(5)]
        await until(lambda: len(connections) == 5)
        reader, _ = await opened(port)
        assert await rest(reader) == b""
        assert connections.ended == {why: 1}
        for _, writer in held:
            writer.close()
        await until(lambda: len(connections) == 0)
        assert (await client.get(f"http://127.0.0.1:{port}/answer")).status_code == 200


async def test_a_proxy_that_is_trusted_may_hold_more() -> None:
    connections = Connections(ConnectionBounds(of_one=5), ["127.0.0.0/8"])
    async with serving(connections) as port:
        held = [await opened(port) for _ in range(8)]
        await until(lambda: len(connections) == 8)
        for _, writer in held:
            writer.close()


async def test_a_socket_outlives_the_times_of_requests() -> None:
    connections = Connections(QUICK)
    upgrade = (
        b"GET /socket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    async with serving(connections) as port:
        reader, writer = await opened(port, upgrade)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WAIT_S)
        assert head.startswith(b"HTTP/1.1 101")
        await asyncio.sleep(3 * QUICK.head_s)  # longer than any bound: the socket must still be there
        writer.write(b"\x81\x85\0\0\0\0hello")
        assert await asyncio.wait_for(reader.readexactly(7), WAIT_S) == b"\x81\x05hello"
        assert len(connections) == 0
        writer.close()


@pytest.mark.parametrize(
    ("trusted", "address", "scheme"),
    [
        ((), "127.0.0.1", "http"),
        (("10.0.0.0/8",), "127.0.0.1", "http"),
        (("127.0.0.1",), "203.0.113.9", "https"),
        (("127.0.0.1", "198.51.100.0/24"), "203.0.113.9", "https"),
    ],
)
async def test_a_forwarded_address_is_believed_of_trusted_proxies_alone(
    trusted: tuple[str, ...], address: str, scheme: str
) -> None:
    chain = "6.6.6.6, 203.0.113.9" + (", 198.51.100.4" if "198.51.100.0/24" in trusted else "")
    headers = {"x-forwarded-for": chain, "x-forwarded-proto": "https"}
    async with serving(Connections(QUICK, trusted)) as port, httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{port}/answer", headers=headers)
    assert answer.json() == {"address": address, "scheme": scheme}
