"""The naive gateway: paho's loop in a thread, orjson, aiokafka batches, acknowledged on receipt. No guarantees, no checks.

usage: python -m benchmarks.gateway.floor MQTT_PORT KAFKA MESSAGES   (prints `ready`, then one JSON line)
"""

import asyncio
import collections
import json
import sys
import time
import zlib

import orjson
import paho.mqtt.client as mqtt
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from paho.mqtt.enums import CallbackAPIVersion

_PARTITIONS = 12


async def main(port: int, kafka: str, count: int) -> None:
    topic = f"floor-{time.time_ns()}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic, _PARTITIONS, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=kafka, linger_ms=5, max_batch_size=1 << 19)
    await producer.start()
    queue: collections.deque[tuple[str, bytes | bytearray]] = collections.deque()
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _c, _u, message: queue.append((message.topic, message.payload))
    client.on_connect = lambda connected, *_: connected.subscribe("city/#", 1)
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.connect("127.0.0.1", port)
    client.loop_start()
    done, began, cpu_began = 0, 0.0, 0.0
    while done < count:
        await asyncio.sleep(0.005)
        size = len(queue)
        if not size:
            continue
        if not began:
            began, cpu_began = time.perf_counter(), time.process_time()
        await _ship(producer, topic, [queue.popleft() for _ in range(size)])
        done += size
    await producer.flush()
    seconds = time.perf_counter() - began
    cpu_us = (time.process_time() - cpu_began) / done * 1e6
    print(json.dumps({"per_s": done / seconds, "cpu_us": cpu_us}), flush=True)
    client.disconnect()
    await producer.stop()


async def _ship(producer: AIOKafkaProducer, topic: str, messages: list[tuple[str, bytes | bytearray]]) -> None:
    partitions: list[list[tuple[bytes, bytes]]] = [[] for _ in range(_PARTITIONS)]
    for name, payload in messages:
        device_id = name.rsplit("/", 2)[1]
        content = orjson.loads(payload)
        for report in content if isinstance(content, list) else [content]:
            report["device_id"] = device_id
            key = device_id.encode()
            partitions[zlib.crc32(key) % _PARTITIONS].append((key, orjson.dumps(report)))
    for partition, rows in enumerate(partitions):
        prepared = producer.create_batch()
        for key, value in rows:
            if prepared.append(key=key, value=value, timestamp=None) is None:
                await producer.send_batch(prepared, topic, partition=partition)
                prepared = producer.create_batch()
                prepared.append(key=key, value=value, timestamp=None)
        if prepared.record_count():
            await producer.send_batch(prepared, topic, partition=partition)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
