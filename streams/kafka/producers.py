"""The shared idempotent producer, and a new one when it has failed."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaProducer

from streams.kafka.faults import until_answered

_LOG = structlog.get_logger()

BATCH_BYTES: Final = 1_000_000
"""A prepared batch's limit, below the broker's default `message.max.bytes` of 1,048,588."""
REQUEST_TIMEOUT_MS: Final = 30_000
_STOPPING_PATIENCE_S: Final = 5.0


class ProducerSupply:
    """Hands out one started producer for all partitions.

    aiokafka retries within a producer for as long as order and idempotence can be kept. When a batch fails for good its
    sequence numbers are spent, and the broker would refuse all that follow on that partition: the producer is given
    back with `discard`, and the next `get` starts a new one.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._current: Any = None
        self._starting = asyncio.Lock()
        self._retired: set[asyncio.Task[None]] = set()

    async def get(self) -> Any:
        """The current producer, started; waits out a broker that is away."""
        if self._current is None:
            async with self._starting:
                if self._current is None:
                    self._current = await until_answered("connecting to append", self._start)
        return self._current

    def discard(self, producer: Any) -> None:
        """Use this producer no more; what other partitions have under way on it ends by itself."""
        if producer is self._current:
            self._current = None
            task = asyncio.get_running_loop().create_task(stop_producer(producer))
            self._retired.add(task)
            task.add_done_callback(self._retired.discard)

    async def close(self, patience_s: float) -> None:
        """Stop all producers; what they have not delivered by then they never will."""
        if self._current is not None:
            await stop_producer(self._current, patience_s)
        await asyncio.gather(*self._retired)

    async def _start(self) -> Any:
        producer = self._make()
        try:
            await producer.start()
        except BaseException:
            await stop_producer(producer)
            raise
        return producer


def make_producer(servers: list[str], client_id: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=servers,
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        max_batch_size=BATCH_BYTES,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )


async def stop_producer(producer: Any, patience_s: float = _STOPPING_PATIENCE_S) -> None:
    """Let a producer finish and close; one that cannot finish, since its broker is away, is cut off."""
    try:
        async with asyncio.timeout(patience_s):
            await producer.stop()
    except TimeoutError:
        await producer.client.close()
        producer._sender.sender_task.cancel()
    except Exception as error:
        _LOG.debug("a producer did not stop cleanly", error=str(error))
