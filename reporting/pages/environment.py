"""The Jinja2 environment of a package's pages: everything is escaped, and a name that is missing is an error."""

from functools import cache
from typing import TYPE_CHECKING

from reporting.wording.durations import decimal_duration, duration
from reporting.wording.shares import percent

if TYPE_CHECKING:
    from jinja2 import Environment


def render(package: str, template: str, **values: object) -> str:
    """A template of `templates/` in this package, filled with the values.

    Shape: texts are escaped; only the markup of reporting.charts stands as it is.
    Raises: UndefinedError where the template names a value that is not given.
    """
    return page_environment(package).get_template(template).render(values)


@cache
def page_environment(package: str) -> "Environment":
    """The templates of a package by their names, and those shared by all pages as `reporting/…`."""
    # Here, so that a command that makes no page does not wait for Jinja2.
    from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PrefixLoader({"reporting": PackageLoader("reporting.pages")})]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "count": _count,
        "duration": duration,
        "decimal_duration": decimal_duration,
        "percent": percent,
    }
    return environment


def _count(number: int) -> str:
    return f"{number:,}"
