"""`/sta/v1.1`: the OGC SensorThings API 1.1, read only. Errors are problem documents, as everywhere here."""

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from device_registry.service.services import RegistryServices
from timeseries.ports import Store
from web.http.problems import Refused
from web.standards.sta.answers import Answers, link_to, service_root
from web.standards.sta.entities.sets import ENTITY_SETS
from web.standards.sta.query.expressions import InvalidQuery
from web.standards.sta.query.options import Options, parse_options
from web.standards.sta.query.resource_path import parse_path
from web.standards.sta.resolving import Collection, Property, Single, Unknown, resolve
from web.standards.sta.retrieval.properties import check_options
from web.standards.sta.retrieval.source import Source

ROOT: Final = "/sta/v1.1"
_WRITING: Final = ["POST", "PUT", "PATCH", "DELETE"]


def sta_routes(registry: RegistryServices, store: Store) -> APIRouter:
    """The routes over a registry and a store."""
    router = APIRouter(prefix=ROOT, include_in_schema=False)

    async def get(request: Request, path: str = "") -> Response:
        source = Source(registry, store)
        root = f"{str(request.base_url).rstrip('/')}{ROOT}"
        try:
            return await _answer(source, root, path, request.url.query)
        except InvalidQuery as error:
            raise Refused(HTTPStatus.BAD_REQUEST, "invalid-request", str(error)) from error
        except Unknown as error:
            raise Refused(HTTPStatus.NOT_FOUND, "not-found", str(error)) from error

    async def refuse(path: str = "") -> Response:
        detail = "this SensorThings service can only be read; devices report by MQTT, and are registered in /api/v1"
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "method-not-allowed", detail)

    for address in ("", "/{path:path}"):
        router.add_api_route(address, get, methods=["GET", "HEAD"])
        router.add_api_route(address, refuse, methods=_WRITING)
    return router


async def _answer(source: Source, root: str, path: str, query: str) -> Response:
    options = _options(query)
    try:
        segments = parse_path(path)
    except ValueError as error:
        raise Unknown(str(error)) from error
    if not segments:
        return _json(service_root(root))
    target = await resolve(source, segments)
    if isinstance(target, Property):
        return _property(target)
    check_options(options, ENTITY_SETS[target.entity_set.name])
    answers = Answers(source, root)
    match target:
        case Single(entity_set, row, only_link=True):
            return _json({"@iot.selfLink": link_to(root, entity_set, row)})
        case Single(entity_set, row):
            return _json((await answers.entities(entity_set, [row], options))[0])
        case Collection(entity_set, bounds, only_links):
            address = f"{root}/{path.rstrip('/')}"
            return _json(await answers.collection(entity_set, bounds, options, address, only_links=only_links))


def _options(query: str) -> Options:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError as error:
        raise InvalidQuery(f"the query cannot be read: {error}") from error
    return parse_options(pairs)


def _property(target: Property) -> Response:
    if target.value is None:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    if not target.bare:
        return _json({target.name: target.value})
    value = target.value
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return Response(text, media_type="text/plain")


def _json(content: Any) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")
