"""urbansense as a user runs it: services and commands as processes of their own, each on settings from the environment."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson

from domain.devices import Device
from simulators.city.devices_file import devices_csv
from tests.e2e.processes.forked import Forked
from tests.servers.processes import Process, wait_until
from urbansense.configuration.settings import PREFIX, Settings

ROOT = Path(__file__).parents[3]
COMMAND = (sys.executable, "-m", "urbansense")
_RECORDER_ON_DUCKDB = (
    "from urbansense.commands.platform.services import run_until_stopped;"
    "from urbansense.configuration.settings import load_settings;"
    "from urbansense.wiring.stages import run_recorder;"
    "run_until_stopped(load_settings(), run_recorder)"
)


class Platform:
    """The processes of one urbansense, on one `Settings`. All are killed by `end`, whatever became of them."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(PREFIX)},
            **_environment(settings),
            "COLUMNS": "200",
            "PYTHONUNBUFFERED": "1",
        }
        self._services: dict[str, Process] = {}

    def service(self, name: str, *arguments: str) -> Process:
        """A service of the command line, not yet started, such as `gateway`; its log is `<folder>/<name>.log`."""
        return self._add(name, [*COMMAND, name, *arguments])

    def recorder(self) -> Process:
        """The recorder: the command itself where the store serves several processes.

        For DuckDB, which serves one, the same wiring without the command, which refuses `embedded:` when it runs alone.
        """
        if self.settings.store_url.startswith("influxdb"):
            return self.service("recorder")
        return self._add("recorder", [sys.executable, "-c", _RECORDER_ON_DUCKDB])

    def forked(self, name: str, run: Callable[..., None], *arguments: Any) -> Forked:
        """A process that calls `run(*arguments)` on this platform's settings, and begins in milliseconds."""
        log = self.folder / f"{name}.log"
        log.touch()
        self._services[name] = forked = Forked(run, arguments, log, self.environment)
        return forked

    def run(self, *arguments: str, timeout_s: float = 60, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command to its end."""
        done = subprocess.run(
            [*COMMAND, *arguments], env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=timeout_s,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0 or not check, (
            f"{arguments} ended with {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done

    def run_json(self, *arguments: str) -> Any:
        return orjson.loads(self.run(*arguments, "--json").stdout)

    def register(self, devices: Sequence[Device], rules: str) -> None:
        """Import the devices and put the rules in force, by the commands of a user."""
        (self.folder / "devices.csv").write_text(devices_csv(devices))
        (self.folder / "rules.yaml").write_text(rules)
        self.run("devices", "import", str(self.folder / "devices.csv"))
        self.run("rules", "apply", str(self.folder / "rules.yaml"))

    def end(self) -> None:
        """Kill what still runs."""
        for process in self._services.values():
            process.kill()

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """A stretch that fails as soon as a started service has ended on its own; its failures tell the last words."""
        async with self.last_words(), asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(self._watch())
            yield
            watching.cancel()

    @asynccontextmanager
    async def last_words(self, *notes: object) -> AsyncIterator[None]:
        """A stretch whose failures tell the last words of every service, and these notes."""
        try:
            yield
        except BaseException as error:
            error.add_note("\n".join([self.words(), *map(str, notes)]))
            raise

    async def _watch(self) -> None:
        while True:
            for name, process in self._services.items():
                assert process.running or process.returncode is None, f"{name} ended with {process.returncode}"
            await asyncio.sleep(0.2)

    def words(self) -> str:
        """The last words of every service, for a failure's message."""
        return "\n".join(f"--- {name}\n{process.tail(12)}" for name, process in self._services.items())

    def _add(self, name: str, command: list[str]) -> Process:
        log = self.folder / f"{name}.log"
        log.touch()
        self._services[name] = Process(command, log, self.environment)
        return self._services[name]


@contextmanager
def platform(folder: Path, **settings: Any) -> Iterator[Platform]:
    """A platform on these settings; data in `folder`, three partitions, any free port for health checks."""
    defaults = {"data_dir": folder / "data", "partitions": 3, "http_port": 0}
    running = Platform(folder, Settings(**{**defaults, **settings}))
    try:
        yield running
    finally:
        running.end()


def _environment(settings: Settings) -> dict[str, str]:
    """The settings that are not the defaults, as the environment names them."""
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    if settings.store_token is not None:
        given["store_token"] = settings.store_token.get_secret_value()
    return {PREFIX + name.upper(): str(value) for name, value in given.items()}


def answers(url: str) -> bool:
    """Whether an HTTP GET succeeds."""
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def log_lines(process: Process) -> list[dict[str, Any]]:
    """What the process has logged so far, as JSON lines."""
    lines = process.log.read_bytes().splitlines()
    return [orjson.loads(line) for line in lines if line.startswith(b"{") and line.endswith(b"}")]


def wait_for_line(process: Process, event: str, timeout_s: float = 30) -> dict[str, Any]:
    """The first line logged with that text."""
    found: list[dict[str, Any]] = []

    def logged() -> bool:
        found.extend(line for line in log_lines(process) if line["event"] == event)
        return bool(found)

    wait_until(logged, timeout_s, f"the line {event!r}", process)
    return found[0]
