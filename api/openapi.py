"""The description of the API (OpenAPI 3.1): what the framework sees of the routes, completed by what it cannot.

Bodies and answers are described by pydantic itself, so that what it refuses and what the description says cannot
differ; every route names its refusals as problems, and has an example of what goes in and what comes out.
"""

from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from inspect import cleandoc
from typing import Any, get_args, get_origin

from litestar import Litestar, Request, Response
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.routes import HTTPRoute
from litestar.serialization import encode_json
from litestar.utils.sync import AsyncCallable
from pydantic import BaseModel, Field, TypeAdapter

from api.conventions import API, View, keyed
from api.problems import PROBLEM_JSON

SCHEMAS = "#/components/schemas/"
_JSON = "application/json"
_CHANGES = {"post", "put", "patch", "delete"}


class FaultView(View):
    """One field that is wrong."""

    where: str | None = Field(None, alias="in", description="body, query, path or header", examples=["body"])
    pointer: str = Field(description="Its place as a JSON pointer.", examples=["/postings/0/amount"])
    code: str = Field(examples=["amount-zero"])
    detail: str = Field(examples=["The amount is zero. Type an amount."])
    fields: dict[str, str | int | list[str | int]] = Field({}, examples=[{}])


class Problem(View):
    """A refusal (RFC 9457). `code` is stable; `detail` is in the caller's language (`Accept-Language`)."""

    type: str = Field(description="`urn:qazyna:problem:` and the code.", examples=["urn:qazyna:problem:period-closed"])
    title: str = Field(description="The code.", examples=["period-closed"])
    status: int = Field(examples=[409])
    code: str = Field(examples=["period-closed"])
    detail: str = Field(examples=["The month 2026-11 is closed. Choose a day in an open month."])
    fields: dict[str, Any] | None = Field(
        None, description="The facts of the sentence.", examples=[{"month": "2026-11"}]
    )
    errors: list[FaultView] | None = Field(None, description="What is wrong, field by field.")
    reference: str | None = Field(None, description="What the log of the server calls it.", examples=["9f2c"])


_REFUSALS = {
    400: "The request is not of the form that is described here: `errors` says where.",
    401: "No token, or one that has run out.",
    403: "No right to this, or a change that came from a foreign page.",
    404: "There is no such thing, or it is of an organisation you do not work with.",
    409: "The state of the books forbids it now.",
    412: "It has changed since the state that `If-Match` names.",
    415: "The body is a form of several parts (`multipart/form-data`), which nothing here takes.",
    422: "It breaks a rule: `errors` says where, `fields` tells the facts.",
    428: "`If-Match` is needed here.",
    429: "Too many requests; try again later.",
    500: "Unforeseen; nothing was saved.",
    503: "The database cannot be reached; nothing was saved unless the code is `outcome-unknown`.",
}


class Described(JsonRenderPlugin):
    """Serves the completed description."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return _encoded(request.app)


@cache
def _encoded(app: Litestar) -> bytes:
    return encode_json(description(app))


def description(app: Litestar) -> dict[str, Any]:
    """The whole description, as a document of its own."""
    told = app.openapi_schema.to_schema()
    schemas: dict[str, Any] = {}
    _schema(Problem, "serialization", schemas)
    for handler, path, method in handlers(app):
        _complete(told["paths"][path][method], handler, method, schemas)
    told["components"]["schemas"] = dict(sorted(schemas.items()))
    told["components"]["responses"] = {str(status): _refusal(status) for status in _REFUSALS}
    return told


def handlers(app: Litestar) -> Iterator[tuple[HTTPRouteHandler, str, str]]:
    """Every described route: its handler, its address as the description writes it, its method."""
    for route in app.routes:
        if not isinstance(route, HTTPRoute) or not route.path.startswith(API):
            continue
        for handler in route.route_handlers:
            if handler.resolve_include_in_schema():
                for method in handler.http_methods - {"HEAD", "OPTIONS"}:
                    yield handler, route.path_format, method.lower()


def _complete(operation: dict[str, Any], handler: HTTPRouteHandler, method: str, schemas: dict[str, Any]) -> None:
    function: Any = handler.fn
    while isinstance(function, AsyncCallable):  # the way into a thread, wrapped once or twice
        function = function.func
    operation["tags"] = [function.__module__.rpartition(".")[2]]
    operation["summary"], _, rest = (function.__doc__ or "").strip().partition("\n")
    operation["description"] = cleandoc(rest) or operation["summary"]
    signature = handler.parsed_fn_signature
    command = signature.parameters.get("data")
    if command is not None and "requestBody" in operation:
        media = operation["requestBody"]["content"]
        for kind, body in media.items():
            asked = body.get("schema", {}).get("examples") if kind == _JSON else None
            body["schema"] = _schema(command.annotation, "validation", schemas)
            body["examples"] = _named(asked or [example(body["schema"], schemas)])
        if keyed(handler):
            operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
    answer = operation["responses"][str(handler.status_code)]
    answered = signature.return_type.annotation
    if get_origin(answered) is Response:
        (answered,) = get_args(answered)
        answer.setdefault("headers", {})["ETag"] = {"schema": {"type": "string"}, "description": "Its state."}
        operation["responses"]["304"] = {"description": "The caller has it already (`If-None-Match`)."}
    for kind, body in answer.get("content", {}).items():
        if kind == _JSON:
            body["schema"] = _schema(answered, "serialization", schemas)
            body["examples"] = _named([example(body["schema"], schemas)])
    refusals = {400, 401, 403, 404, 422, 429, 500, 503} | ({409, 412, 415} if method in _CHANGES else set())
    for status in sorted(refusals):
        operation["responses"][str(status)] = {"$ref": f"#/components/responses/{status}"}
    operation["responses"]["default"] = {"$ref": "#/components/responses/500"}


_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The command's `key`, where the body does not say it: what was sent again is done once.",
    "schema": {"type": "string", "format": "uuid"},
}


def _refusal(status: int) -> dict[str, Any]:
    code = {401: "sign-in-needed", 404: "organisation-unknown"}.get(status, HTTPStatus(status).phrase.lower())
    code = code.replace(" ", "-")
    told = {"type": f"urn:qazyna:problem:{code}", "title": code, "status": status, "code": code}
    shown = told | {"detail": _REFUSALS[status]}
    body = {"schema": {"$ref": f"{SCHEMAS}Problem"}, "examples": _named([shown])}
    return {"description": _REFUSALS[status], "content": {PROBLEM_JSON: body}}


def _named(examples: list[Any]) -> dict[str, Any]:
    return {f"example-{number}": {"value": value} for number, value in enumerate(examples, 1)}


def _schema(annotation: Any, mode: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    """A schema by reference to the components, which it is entered among."""
    made: dict[str, Any] = TypeAdapter(annotation).json_schema(mode=mode, ref_template=SCHEMAS + "{model}")
    schemas.update(made.pop("$defs", {}))
    if "$ref" in made:  # of what holds others of its kind
        return made
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        name = made.get("title", annotation.__name__).translate(str.maketrans("[], ", "____")).strip("_")
        schemas[name] = made
        return {"$ref": SCHEMAS + name}
    return made


def example(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """A value that the schema allows: its own example, or one put together from its parts'."""
    if "$ref" in schema:
        return example(schemas[schema["$ref"].removeprefix(SCHEMAS)], schemas)
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if "anyOf" in schema:
        return example(schema["anyOf"][0], schemas)
    kind = schema.get("type")
    if kind == "object":
        return {name: example(part, schemas) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(schema["items"], schemas)]
    return _EXAMPLES[kind, schema.get("format")] if (kind, schema.get("format")) in _EXAMPLES else _EXAMPLES[kind, None]


_EXAMPLES: dict[tuple[Any, Any], Any] = {
    ("string", None): "text",
    ("string", "date"): "2026-11-20",
    ("string", "date-time"): "2026-11-20T09:30:00Z",
    ("string", "uuid"): "7a1f4c1e-6f0b-4c39-9d55-0f2f3a6f2b10",
    ("integer", None): 1,
    ("boolean", None): True,
    ("null", None): None,
}
