"""QoS 1 load that is not the bottleneck: pre-encoded PUBLISH packets on a raw socket, a bounded window unacknowledged.

usage: python -m benchmarks.gateway.mqtt_load PORT MESSAGES single|batch   (prints one JSON line)
"""

import json
import socket
import struct
import sys
import time

from benchmarks.workload import batch, device_ids, single, topic

_WINDOW, _CHUNK = 4000, 200


def _length(value: int) -> bytes:
    out = bytearray()
    while True:
        value, byte = divmod(value, 128)
        out.append(byte | (128 if value else 0))
        if not value:
            return bytes(out)


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("!H", len(data)) + data


def packets(count: int, shape: str, now_ms: int) -> list[bytes]:
    """`count` whole PUBLISH packets, devices in turn; packet ids run from 1 and repeat."""
    payload = {"single": single, "batch": batch}[shape]
    topics = [_text(topic(device_id)) for device_id in device_ids()]
    out = []
    for i in range(count):
        body = topics[i % len(topics)] + struct.pack("!H", i % 65535 + 1) + payload(i, now_ms)
        out.append(b"\x32" + _length(len(body)) + body)
    return out


def main(port: int, count: int, shape: str) -> None:
    encoded = packets(count, shape, int(time.time() * 1000) - 600_000)
    sock = socket.create_connection(("127.0.0.1", port))
    hello = _text("MQTT") + b"\x04\x02\x00\x3c" + _text(f"load-{time.time_ns()}")
    sock.sendall(b"\x10" + _length(len(hello)) + hello)
    if sock.recv(4)[3] != 0:
        raise SystemExit("the broker refused the load's connection")
    began, acknowledged_bytes, sent = time.perf_counter(), 0, 0
    while sent < count:
        sock.sendall(b"".join(encoded[sent : sent + _CHUNK]))
        sent = min(sent + _CHUNK, count)
        while sent - acknowledged_bytes // 4 > _WINDOW - _CHUNK:
            acknowledged_bytes += len(sock.recv(65536))
    while acknowledged_bytes // 4 < count:
        acknowledged_bytes += len(sock.recv(65536))
    print(json.dumps({"messages": count, "per_s": count / (time.perf_counter() - began)}))
    sock.sendall(b"\xe0\x00")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
