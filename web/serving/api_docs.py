"""The page at `/api/docs`: the OpenAPI document as plain HTML, made here, so that nothing is fetched from elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from reporting.pages.environment import render


@dataclass(frozen=True, slots=True)
class TypeWord:
    """One choice of a type: a named schema or a text, in as many lists."""

    name: str = ""
    text: str = ""
    lists: int = 0


@dataclass(frozen=True, slots=True)
class ParameterView:
    name: str
    place: str
    type: Sequence[TypeWord]
    default: str
    meaning: str


@dataclass(frozen=True, slots=True)
class ResponseView:
    """An answer by its status, and the type of its body by media type."""

    status: str
    meaning: str
    content: Sequence[tuple[str, Sequence[TypeWord]]]


@dataclass(frozen=True, slots=True)
class OperationView:
    """A method of a path; `first` and `rest` are the lines of its description, `body` the media types that it takes."""

    id: str
    method: str
    path: str
    first: str
    rest: str
    parameters: Sequence[ParameterView]
    body: Sequence[str]
    responses: Sequence[ResponseView]


@dataclass(frozen=True, slots=True)
class SchemaView:
    """A named schema; `text` is its JSON, indented."""

    name: str
    description: str
    text: str


@dataclass(frozen=True, slots=True)
class DocsView:
    """What stands on the page: operations by tag, then the schemas they name."""

    title: str
    version: str
    description: str
    tags: Mapping[str, Sequence[OperationView]]
    schemas: Sequence[SchemaView]


def render_docs(openapi: Mapping[str, Any]) -> str:
    """The HTML page of an OpenAPI document: operations by tag, then the schemas they name."""
    return render("web.serving", "docs.jinja", view=view_of(openapi))


def view_of(openapi: Mapping[str, Any]) -> DocsView:
    """The document in the order of the page."""
    info = openapi["info"]
    return DocsView(
        title=info["title"],
        version=info["version"],
        description=info.get("description", ""),
        tags=_operations(openapi["paths"]),
        schemas=[
            SchemaView(name, schema.get("description", ""), orjson.dumps(schema, option=orjson.OPT_INDENT_2).decode())
            for name, schema in openapi.get("components", {}).get("schemas", {}).items()
        ],
    )


def _operations(paths: Mapping[str, Any]) -> dict[str, list[OperationView]]:
    by_tag: dict[str, list[OperationView]] = {}
    for path, methods in paths.items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["other"])[0]
            by_tag.setdefault(tag, []).append(_operation(method, path, operation))
    return by_tag


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> OperationView:
    first, _, rest = operation.get("description", "").partition("\n")
    return OperationView(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        first=first,
        rest=rest,
        parameters=[_parameter(one) for one in operation.get("parameters", [])],
        body=list((operation.get("requestBody") or {"content": {}})["content"]),
        responses=[_response(status, one) for status, one in operation["responses"].items()],
    )


def _parameter(parameter: Mapping[str, Any]) -> ParameterView:
    schema = parameter.get("schema", {})
    return ParameterView(
        name=parameter["name"],
        place=f"{parameter['in']}, required" if parameter.get("required") else parameter["in"],
        type=_type(schema),
        default=f", {schema['default']} by default" if schema.get("default") is not None else "",
        meaning=parameter.get("description", ""),
    )


def _response(status: str, response: Mapping[str, Any]) -> ResponseView:
    content = response.get("content", {}).items()
    types = [(media, _type(one.get("schema", {}))) for media, one in content]
    return ResponseView(status, response.get("description", ""), types)


def _type(schema: Mapping[str, Any], lists: int = 0) -> list[TypeWord]:
    """The choices of a schema; those of a list's items after `list of` each."""
    if "$ref" in schema:
        return [TypeWord(name=schema["$ref"].rsplit("/", 1)[-1], lists=lists)]
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            options = [option for option in schema[choice] if option.get("type") != "null"]
            # "list of A or B": only the first choice repeats the words for the list.
            return [word for place, one in enumerate(options) for word in _type(one, 0 if place else lists)]
    if schema.get("type") == "array":
        return _type(schema.get("items", {}), lists + 1)
    return [TypeWord(text=str(schema.get("type", "any")), lists=lists)]
