"""A TCP proxy before a real broker that can keep back what the broker says, or cut every connection."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self


class StallingProxy:
    """Listens on loopback. While `answers` is cleared, nothing passes from the broker to its client."""

    def __init__(self, broker_port: int) -> None:
        self._broker_port = broker_port
        self._connections: list[asyncio.StreamWriter] = []
        self.answers = asyncio.Event()
        self.answers.set()
        self.accepted = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.cut()

    def cut(self) -> None:
        for writer in self._connections:
            writer.transport.abort()
        self._connections.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        broker_reader, broker_writer = await asyncio.open_connection("127.0.0.1", self._broker_port)
        self.accepted += 1
        self._connections += [writer, broker_writer]
        with suppress(OSError):
            await asyncio.gather(
                self._pass(reader, broker_writer, None), self._pass(broker_reader, writer, self.answers)
            )

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: asyncio.Event | None
    ) -> None:
        while data := await reader.read(65536):
            if gate is not None:
                await gate.wait()
            writer.write(data)
            await writer.drain()
        writer.close()
