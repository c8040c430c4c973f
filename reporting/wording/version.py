"""Which release this is; the one place is `version` in pyproject.toml, which the installed distribution carries."""

from functools import cache


@cache
def version() -> str:
    """Such as `0.1.0`; `0+unknown` for a source tree that is not installed."""
    from importlib.metadata import PackageNotFoundError  # not for every `--help`
    from importlib.metadata import version as of_distribution

    try:
        return of_distribution("urbansense")
    except PackageNotFoundError:
        return "0+unknown"
