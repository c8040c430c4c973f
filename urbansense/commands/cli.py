"""`urbansense`: the command line. Exit codes: 0 done, 1 failed or unbalanced, 2 wrong settings or arguments.

`COMMANDS` names every command with its help; the module of a command is imported when the command is called, so the help
and the commands that only call the API do not pay for the platform.
"""

import atexit
import os
import sys
from functools import cache
from importlib import import_module
from typing import Any, Final, NamedTuple

import typer
from typer.core import TyperGroup

from domain.errors import ConfigurationError, UrbansenseError, leaves


class Listed(NamedTuple):
    """A command before its module is imported."""

    where: str
    """`module:name` below `urbansense.commands`, of a `register(app)` or of a `typer.Typer`."""
    help: str
    """The first paragraph of the command's own help."""


COMMANDS: Final = {
    "demo": Listed(
        "simulation.demo:register",
        "Run everything on a throw-away folder, with a simulated city; Ctrl-C ends it with a summary.",
    ),
    "up": Listed("platform.services:register", "The platform in one process, without the simulator."),
    "gateway": Listed("platform.services:register", "From MQTT to the log: one slot."),
    "recorder": Listed("platform.services:register", "From the log to the store."),
    "correlator": Listed("platform.services:register", "From raised events to city events."),
    "desk": Listed("platform.services:register", "From city events to cases, and from cases to their topic."),
    "api": Listed("platform.services:register", "The HTTP API and the live page."),
    "probe": Listed(
        "platform.probe:register",
        "Exit code 0 if the service with these settings answers; for container health checks.",
    ),
    "rules-worker": Listed("platform.services:register", "From telemetry to raised events."),
    "simulate": Listed(
        "simulation.simulate:register",
        "Publish a city, each device in its own dialect, or with --replay a recorded series; say what was acknowledged.",
    ),
    "score": Listed(
        "evaluation.score:register",
        "Match events to the truth and say how good the rules are: recall, precision, delay, false events.",
    ),
    "load": Listed(
        "evaluation.load:register",
        "Send by a schedule and measure what comes out. Exit code 1 if a threshold is missed.",
    ),
    "ledger": Listed("platform.ledger:register", "Account for every report: exit code 0 only if both ledgers balance."),
    "doctor": Listed(
        "platform.doctor:register", "Check the settings against the real servers; exit code 0 only if all is well."
    ),
    "appraisal": Listed(
        "cases.appraisal:register",
        "Say how well cases were filed, dispatched, handled on time and closed in a period, "
        "and how much was done again.",
    ),
    "devices": Listed("devices.registry:app", "Register, list and look at devices."),
    "rules": Listed("rules.lifecycle:app", "Check, test and apply rules, and look after those in force."),
    "silences": Listed("rules.silences:app", "Silences and maintenance windows: events go on, and notify nobody."),
    "events": Listed("rules.events:app", "City-component events."),
    "cases": Listed("cases.desk:app", "Cases: list, look at, move on, report."),
    "notifications": Listed("cases.notifications:app", "Messages about cases: list them, send dead letters again."),
    "people": Listed("accounts.people:app", "Users, departments and API tokens."),
    "audit": Listed("accounts.people:audit", "Who did what, sealed row by row."),
    "rejected": Listed("platform.rejected:app", "Look at rejected messages and replay them."),
}  # the order of the help


class LazyCommands(TyperGroup):
    """A group that knows its commands by name and help, and imports one when it is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, stub, rest = super().resolve_command(ctx, args)
        return name, stub if name is None else load_command(name), rest


@cache
def load_command(name: str) -> Any:
    """The command of `COMMANDS` with its options and its own commands, as Typer builds it. Raises: KeyError."""
    module, attribute = COMMANDS[name].where.split(":")
    found = getattr(import_module(f"urbansense.commands.{module}"), attribute)
    group = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    group.callback()(_stub)  # with a callback it is a group, even of one command
    if isinstance(found, typer.Typer):
        group.add_typer(found, name=name)
    else:
        found(group)
    built: Any = typer.main.get_command(group)
    return built.commands[name]


def _stub() -> None:
    """Stands for a command that is not imported yet; never called."""


app = typer.Typer(
    name="urbansense",
    cls=LazyCommands,
    help="City telemetry in, trustworthy city-component events out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _name, _listed in COMMANDS.items():
    app.command(_name, help=_listed.help)(_stub)


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
            from urbansense.commands.terminal.output import complain

            ours = leaves(group)
            complain([problem for error in ours for problem in getattr(error, "problems", (str(error),))])
            code = 2 if any(isinstance(error, ConfigurationError) for error in ours) else 1
        except* OSError as group:
            from urbansense.commands.terminal.output import complain

            complain([_words(error) for error in leaves(group) if isinstance(error, OSError)])
            code = 1
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return code


def _words(error: OSError) -> str:
    """A file that cannot be read or written, a connection that broke: which, and why."""
    return f"{error.filename}: {error.strerror}" if error.filename is not None else str(error) or type(error).__name__
