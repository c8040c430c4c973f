"""`urbansense`: the command line. Exit codes: 0 done, 1 failed or unbalanced, 2 wrong settings or arguments."""

import atexit
import os
import sys

import typer

from domain.errors import ConfigurationError, UrbansenseError
from urbansense.commands import (
    appraisal,
    cases,
    demo,
    devices,
    doctor,
    events,
    ledger,
    load,
    notifications,
    people,
    rejected,
    rules,
    rules_history,
    score,
    services,
    silences,
    simulate,
    smart_data_models,
)  # fmt: skip
from urbansense.commands.output import complain
from urbansense.running import leaves

app = typer.Typer(
    name="urbansense",
    help="City telemetry in, trustworthy city-component events out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (demo, services, simulate, score, load, ledger, doctor, appraisal):
    group.register(app)
smart_data_models.register(devices.app)
app.add_typer(devices.app, name="devices")
rules_history.register(rules.app)
app.add_typer(rules.app, name="rules")
app.add_typer(silences.app, name="silences")
app.add_typer(events.app, name="events")
app.add_typer(cases.app, name="cases")
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
