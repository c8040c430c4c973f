"""A broker that is hard to write to: it takes little at a time and answers in pieces. MQTT 3.1.1, publishers only."""

import socket
import threading
import time
from typing import Self

import orjson

from simulators.fleet.packets import FIRST_SEQ


class SlowBroker:
    """Listens on loopback for one connection after the other; `messages` are those of the schedule, in order of receipt."""

    def __init__(self) -> None:
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(8)
        self.port: int = self._listener.getsockname()[1]
        self.messages: list[int] = []
        self.connections = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        data = b""
        while piece := connection.recv(3001):
            data += piece
            time.sleep(0.0005)
            answers = b""
            while (end := _end_of_packet(data)) is not None:
                packet, data = data[:end], data[end:]
                answers += self._take(packet)
            for at in range(0, len(answers), 7):
                connection.sendall(answers[at : at + 7])

    def _take(self, packet: bytes) -> bytes:
        if packet[0] == 0x10:
            return b"\x20\x02\x00\x00"
        if packet[0] & 0xF0 != 0x30:
            return b""
        at = 2 if packet[1] < 0x80 else 3
        id_at = at + 2 + int.from_bytes(packet[at : at + 2], "big")
        self.messages.append(orjson.loads(packet[id_at + 2 :])["seq"] - FIRST_SEQ)
        return b"\x40\x02" + packet[id_at : id_at + 2]


def _end_of_packet(data: bytes) -> int | None:
    length = shift = 0
    for at in range(1, min(len(data), 5)):
        length |= (data[at] & 0x7F) << shift
        shift += 7
        if data[at] < 0x80:
            end = at + 1 + length
            return end if end <= len(data) else None
    return None
