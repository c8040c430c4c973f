"""A loopback HTTP server that answers writes as a test says, to produce what a healthy server never does."""

import gzip
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass(frozen=True, slots=True)
class Answer:
    status: int = 204
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Request:
    path: str
    headers: dict[str, str]
    lines: list[str]
    at_s: float


@contextmanager
def answering(answer: Callable[[Request], Answer]) -> Iterator[tuple[str, list[Request]]]:
    """The server's URL and the requests it has had."""
    requests: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            lines = gzip.decompress(body).decode().split("\n")
            request = Request(self.path, dict(self.headers), lines, time.monotonic())
            requests.append(request)
            given = answer(request)
            self.send_response(given.status)
            for name, value in {**given.headers, "Content-Length": str(len(given.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(given.body.encode())

        def log_message(self, *args: object) -> None:
            """Tests read `requests`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
