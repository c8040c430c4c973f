"""The page at `/api/docs`: the OpenAPI document as plain HTML, made here, so that nothing is fetched from elsewhere."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

import orjson

_STYLE: Final = """
:root{color-scheme:light dark;--line:#8884;--soft:#8882}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h2{margin-top:2.5rem;border-bottom:1px solid var(--line);padding-bottom:.2rem;text-transform:capitalize}
details{border:1px solid var(--line);border-radius:6px;margin:.5rem 0}
summary{padding:.5rem .75rem;cursor:pointer;display:flex;gap:.75rem;align-items:baseline;flex-wrap:wrap}
details>div{padding:0 .75rem .75rem}
code,pre{font:13px/1.5 ui-monospace,monospace}
pre{background:var(--soft);padding:.6rem;border-radius:6px;overflow:auto}
.method{font-weight:700;min-width:3rem}
.what{opacity:.75}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--soft)}
"""


def render_docs(openapi: Mapping[str, Any]) -> str:
    """The HTML page of an OpenAPI document: operations by tag, then the schemas they name."""
    info = openapi["info"]
    return "".join(
        (
            f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(info['title'])} API</title>",
            "<meta name=viewport content='width=device-width,initial-scale=1'><link rel=icon href='data:,'>",
            f"<style>{_STYLE}</style><h1>{escape(info['title'])} API <small>{escape(info['version'])}</small></h1>",
            f"<p>{escape(info.get('description', ''))}</p>",
            "<p>The same as a document for tools: <a href=/api/openapi.json>/api/openapi.json</a></p>",
            *_operations(openapi["paths"]),
            "<h2>Schemas</h2>",
            *_schemas(openapi.get("components", {}).get("schemas", {})),
            "</html>",
        )
    )


def _operations(paths: Mapping[str, Any]) -> Iterator[str]:
    by_tag: dict[str, list[str]] = {}
    for path, methods in paths.items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["other"])[0]
            by_tag.setdefault(tag, []).append(_operation(method, path, operation))
    for tag, operations in by_tag.items():
        yield f"<h2>{escape(tag)}</h2>"
        yield from operations


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    description = operation.get("description", "")
    first, _, rest = description.partition("\n")
    return (
        f"<details id='{escape(operation['operationId'])}'><summary><code class=method>{method.upper()}</code>"
        f"<code>{escape(path)}</code><span class=what>{escape(first)}</span></summary><div>"
        f"<p>{escape(rest)}</p>{_parameters(operation.get('parameters', []))}"
        f"{_body(operation.get('requestBody'))}{_responses(operation['responses'])}</div></details>"
    )


def _parameters(parameters: list[Mapping[str, Any]]) -> str:
    if not parameters:
        return ""
    rows = "".join(map(_parameter, parameters))
    return f"<table><tr><th>Parameter<th>In<th>Type<th>Meaning</tr>{rows}</table>"


def _parameter(parameter: Mapping[str, Any]) -> str:
    schema = parameter.get("schema", {})
    default = f", {schema['default']} by default" if schema.get("default") is not None else ""
    place = f"{parameter['in']}, required" if parameter.get("required") else parameter["in"]
    return (
        f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{escape(place)}</td>"
        f"<td>{_type(schema)}{escape(default)}</td><td>{escape(parameter.get('description', ''))}</td></tr>"
    )


def _body(body: Mapping[str, Any] | None) -> str:
    if body is None:
        return ""
    types = ", ".join(f"<code>{escape(media)}</code>" for media in body["content"])
    return f"<p>Body: {types}</p>"


def _responses(responses: Mapping[str, Any]) -> str:
    rows = (
        f"<tr><td>{escape(status)}</td><td>{escape(response.get('description', ''))}</td><td>"
        + "<br>".join(
            f"<code>{escape(media)}</code> {_type(content.get('schema', {}))}"
            for media, content in response.get("content", {}).items()
        )
        + "</td></tr>"
        for status, response in responses.items()
    )
    return f"<table><tr><th>Status<th>Meaning<th>Body</tr>{''.join(rows)}</table>"


def _type(schema: Mapping[str, Any]) -> str:
    """A schema in a few words; named ones link to their place below."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"<a href='#schema-{escape(name)}'>{escape(name)}</a>"
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return " or ".join(_type(option) for option in schema[choice] if option.get("type") != "null")
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return escape(str(schema.get("type", "any")))


def _schemas(schemas: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in schemas.items():
        text = orjson.dumps(schema, option=orjson.OPT_INDENT_2).decode()
        yield (
            f"<details id='schema-{escape(name)}'><summary><code>{escape(name)}</code></summary>"
            f"<div><p>{escape(schema.get('description', ''))}</p><pre>{escape(text)}</pre></div></details>"
        )
