"""paho's client, reading many packets per system call and joining acknowledgements (docs/adr/0001)."""

from collections.abc import Callable
from time import monotonic
from typing import Final

import structlog
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import MQTTErrorCode

from ingest.gateway.mqtt.frames import PUBLISH, MalformedFrame, Publish, read_publish, split_frames

_log = structlog.get_logger()
_READ_BYTES: Final = 1 << 18
_PUBACK: Final = 0x40


class FrameClient(Client):
    """paho's client with `loop_read` replaced; `on_publishes` gets every PUBLISH of QoS 0 and 1, in order of receipt."""

    on_publishes: Callable[[list[Publish]], None]
    _unread = b""

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        try:
            data = self._sock_recv(_READ_BYTES)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        if not data:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        self._last_bytes_received = monotonic()
        try:
            return self._take(self._unread + data if self._unread else data)
        except (MalformedFrame, IndexError) as error:
            _log.error("the broker sent bytes that are no MQTT; reconnecting", error=str(error))
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_PROTOCOL)

    def _take(self, buffer: bytes) -> MQTTErrorCode:
        frames, used = split_frames(buffer)
        self._unread = buffer[used:]
        publishes: list[Publish] = []
        version5 = self._protocol == MQTTv5
        for first_byte, start, end in frames:
            if first_byte & 0xF4 == PUBLISH:
                publishes.append(read_publish(buffer, first_byte, start, end, version5))
                continue
            self._in_packet["command"] = first_byte
            self._in_packet["remaining_length"] = end - start
            self._in_packet["packet"] = bytearray(buffer[start:end])
            code = self._packet_handle()
            if code > 0:
                return self._loop_rc_handle(code)
        if publishes:
            self.on_publishes(publishes)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def forget_unread(self) -> None:
        self._unread = b""

    def send_pubacks(self, pubacks: bytes) -> None:
        self._packet_queue(_PUBACK, pubacks, 0, 0)

    def stay_alive_unread(self) -> None:
        """Not a dead broker: we ourselves have stopped reading, so no ping is due an answer."""
        self._ping_t = 0.0
