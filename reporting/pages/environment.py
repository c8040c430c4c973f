"""The Jinja2 environment of a package's pages: everything is escaped, and a name that is missing is an error."""

from functools import cache
from typing import Final

from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined

from reporting.wording.durations import decimal_duration, duration
from reporting.wording.shares import percent

_SHARED: Final = "reporting.pages"


def render(package: str, template: str, **values: object) -> str:
    """A template of `templates/` in this package, filled with the values.

    Raises: UndefinedError where the template names a value that is not given.
    """
    return page_environment(package).get_template(template).render(values)


@cache
def page_environment(package: str) -> Environment:
    """The templates of a package by their names, and those shared by all pages as `reporting/…`."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PrefixLoader({"reporting": PackageLoader(_SHARED)})]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {"count": _count, "duration": duration, "decimal_duration": decimal_duration}
    environment.filters |= {"percent": percent}
    return environment


def _count(number: int) -> str:
    return f"{number:,}"
