"""Our gateway, whole: registry, normalising, records on Kafka, PUBACK after Kafka has them.

usage: python -m benchmarks.gateway.ours MQTT_PORT KAFKA MESSAGES   (prints `ready`, then one JSON line)
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from secrets import token_hex

import uvloop

from benchmarks.workload import StaticLookup
from domain.mqtt import MqttEndpoint
from domain.topics import Topics
from ingest.gateway.installation_key import InstallationKey
from ingest.gateway.settings import GatewaySettings
from ingest.gateway.slot import Gateway
from ingest.pipeline.message_to_records import Pipeline
from streams.opening.by_url import open_log
from urbansense.running.logs import configure_logging
from urbansense.running.memory import settled_memory


async def main(port: int, kafka: str, count: int) -> None:
    configure_logging("error")
    topics = Topics(prefix=f"bench-{time.time_ns()}.", kinds=("streetlight",))
    log = await open_log(f"kafka://{kafka}", Path())
    await log.ensure_topics(topics.specs())
    settings = GatewaySettings(
        0, MqttEndpoint("127.0.0.1", port), topics, InstallationKey(token_hex()), end_session=True
    )
    gateway = Gateway(settings, log, Pipeline(topics, StaticLookup()))
    stop = asyncio.Event()
    running = asyncio.create_task(gateway.run(stop))
    while not gateway.counters.ticks:
        await asyncio.sleep(0.05)
    print("ready", flush=True)
    counters = gateway.counters
    while not counters.received:
        await asyncio.sleep(0.001)
    began, cpu_began = time.perf_counter(), time.process_time()
    while counters.acknowledged < count:
        await asyncio.sleep(0.005)
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu_began
    print(json.dumps({"per_s": count / seconds, "cpu_us": cpu_s / count * 1e6}), flush=True)
    stop.set()
    await running
    await log.close()


if __name__ == "__main__":
    with settled_memory():
        uvloop.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
