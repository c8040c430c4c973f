"""`urbansense`: the command line. Exit codes: 0 done, 1 failed or unbalanced, 2 wrong settings or arguments."""

import atexit
import os
import sys

import typer

from domain.errors import ConfigurationError, UrbansenseError
from urbansense.commands.accounts import people
from urbansense.commands.cases import appraisal, desk, notifications
from urbansense.commands.devices import registry, smart_data_models
from urbansense.commands.evaluation import load, score
from urbansense.commands.platform import doctor, ledger, rejected, services
from urbansense.commands.rules import events, history, lifecycle, silences
from urbansense.commands.simulation import demo, simulate
from urbansense.commands.terminal.output import complain
from urbansense.running.services import leaves

app = typer.Typer(
    name="urbansense",
    help="City telemetry in, trustworthy city-component events out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (demo, services, simulate, score, load, ledger, doctor, appraisal):
    group.register(app)
smart_data_models.register(registry.app)
app.add_typer(registry.app, name="devices")
history.register(lifecycle.app)
app.add_typer(lifecycle.app, name="rules")
app.add_typer(silences.app, name="silences")
app.add_typer(events.app, name="events")
app.add_typer(desk.app, name="cases")
app.add_typer(notifications.app, name="notifications")
app.add_typer(people.app, name="people")
app.add_typer(people.audit, name="audit")
app.add_typer(rejected.app, name="rejected")


def main() -> None:
    """Run the command line; every problem of ours ends in words, not in a traceback. Raises: SystemExit."""
    sys.exit(_run())


def program() -> None:
    """`main` as a process of its own, which ends with it."""
    code = _run()
    if "duckdb" not in sys.modules:
        sys.exit(code)
    # DuckDB's Python module writes pages about objects that are still there when the interpreter ends, below whatever
    # the command had to say last. Everything of ours is closed and flushed by now.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _run() -> int:
    """The exit code of the command that was asked for."""
    code = 0
    try:
        try:
            app()
        except* UrbansenseError as group:
            ours = leaves(group)
            complain([problem for error in ours for problem in getattr(error, "problems", (str(error),))])
            code = 2 if any(isinstance(error, ConfigurationError) for error in ours) else 1
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return code
