"""No server is started by a test that is not marked for it: an audit hook that every Python of a run carries.

Python imports a module of this name by itself, before its program: this folder is on the PYTHONPATH of children. It uses
nothing of the project, which they may not have loaded.
"""

import os
import sys
from typing import Any

ALLOWED = "TESTS_MAY_START_SERVERS"
"""In the environment: empty where the running test may not; absent outside tests."""
SERVERS = frozenset(
    {"mosquitto", "java", "postgres", "initdb", "victoria-metrics", "influxd", "chromium", "chromedriver"}
)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """Raises: RuntimeError where a program of that name is about to be started by a test that may not."""
    if event not in ("subprocess.Popen", "os.exec", "os.posix_spawn") or os.environ.get(ALLOWED) != "":
        return
    command = arguments[1] if isinstance(arguments[1], list | tuple) else [arguments[1]]
    for word in (arguments[0], *command):
        name = os.path.basename(os.fsdecode(word)) if isinstance(word, str | bytes | os.PathLike) else ""
        if name in SERVERS:
            raise RuntimeError(
                f"a test that starts {name} needs its fixture or its mark: see tests/servers/selection.py"
            )


sys.addaudithook(_refuse)
