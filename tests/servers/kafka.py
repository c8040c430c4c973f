"""A real Apache Kafka 4.x on loopback: one node that is broker and controller, from the jars of `fetch_kafka.sh`."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.servers.absence import absent
from tests.servers.ports import free_port
from tests.servers.processes import Process, accepts_connections, wait_until

JARS = Path(__file__).parents[2] / ".cache" / "kafka"
_CLUSTER_ID = "dXJiYW5zZW5zZS10ZXN0cw"
_JVM = ("-Xmx320m", "-Xss512k", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
_SETTINGS = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
transaction.abort.timed.out.transaction.cleanup.interval.ms=500
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=200
num.network.threads=2
num.io.threads=4
log.index.size.max.bytes=262144
log.cleaner.dedupe.buffer.size=4194304
log.cleaner.backoff.ms=500
"""


class KafkaServer:
    """One broker with its own folder. `stop`, `kill` and `start` again keep the data and the port."""

    def __init__(self, folder: Path) -> None:
        java, jars = shutil.which("java"), sorted(JARS.glob("*/.complete"))
        if java is None:
            absent("kafka", "java is not installed (Debian: apt-get install openjdk-17-jre-headless)")
        if not jars:
            absent("kafka", "Apache Kafka is not here (run tests/servers/fetch_kafka.sh, or set URBANSENSE_TEST_KAFKA)")
        self.port = free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.url = f"kafka://{self.bootstrap}"
        self._data = folder / "data"
        self._settings = folder / "server.properties"
        self._settings.write_text(
            _SETTINGS.format(port=self.port, controller_port=free_port(), data=self._data).lstrip()
        )
        self._java = [java, *_JVM, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{jars[-1].parent}/*"]
        self._log = folder / "kafka.log"
        self._process = Process([*self._java, "kafka.Kafka", str(self._settings)], self._log)

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self) -> "KafkaServer":
        if not self._data.exists():
            command = ["kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(self._settings)]
            formatting = Process([*self._java, *command], self._log).start()
            wait_until(lambda: formatting.returncode is not None, 30, "Kafka's storage is formatted")
            assert formatting.returncode == 0, formatting.tail()
        self._process.start()
        wait_until(lambda: accepts_connections(self.port), 60, "Kafka accepts connections", self._process)
        return self

    def stop(self) -> None:
        self._process.stop(timeout_s=30)

    def kill(self) -> None:
        """Kill -9."""
        self._process.kill()

    def restart(self) -> None:
        """Kill -9, then start on the same data and port."""
        self.kill()
        self.start()


@pytest.fixture(scope="session")
def kafka_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """The one broker of the run, for tests that stop, kill or restart it; they leave it running."""
    server = KafkaServer(tmp_path_factory.mktemp("kafka")).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def kafka_bootstrap(request: pytest.FixtureRequest) -> str:
    """`host:port` of a broker: the one that URBANSENSE_TEST_KAFKA names, or else `kafka_server`."""
    named = os.environ.get("URBANSENSE_TEST_KAFKA")
    if named:
        return named
    server: KafkaServer = request.getfixturevalue("kafka_server")
    return server.bootstrap


@pytest.fixture
def topic_prefix() -> str:
    """A prefix of the test's own, so that tests share a broker without meeting."""
    return f"t{time.time_ns() // 1_000_000 % 10**10}-{uuid4().hex[:6]}-"
