"""`urbansense probe`: whether the service of these settings answers."""

import httpx
import typer

from urbansense.commands.terminal.output import err, out
from urbansense.configuration.settings import load_settings


def register(app: typer.Typer) -> None:
    app.command()(probe)


def probe() -> None:
    """Exit code 0 if the service with these settings answers; for container health checks."""
    url = f"http://127.0.0.1:{load_settings().http_port}/healthz"
    try:
        answer = httpx.get(url, timeout=3, trust_env=False)
    except httpx.HTTPError as error:
        err.print(f"{url}: {error}")
        raise typer.Exit(1) from None
    out.print(answer.text)
    raise typer.Exit(0 if answer.is_success else 1)
