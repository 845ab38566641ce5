"""Every route under ``/api/v1`` is described: words, examples that hold, refusals as problems, one shape of lists."""

import re
from collections import Counter
from typing import Any, get_args, get_origin

import pytest
from jsonschema_rs import Draft202012Validator
from litestar import Litestar, Response
from pydantic import BaseModel, TypeAdapter
from sqlalchemy import create_engine

from api.app import create_app
from api.openapi import SCHEMAS, description, handlers
from api.problems import PROBLEM_JSON
from qazyna.settings import PROJECT
from web.app import pages

Operation = tuple[str, dict[str, Any]]
JSON = "application/json"
WANTED = {"400", "401", "403", "404", "422", "500", "503", "default"}


@pytest.fixture(scope="module")
def app() -> Litestar:
    return create_app(create_engine("postgresql+psycopg://"), pages)


@pytest.fixture(scope="module")
def told(app: Litestar) -> dict[str, Any]:
    return description(app)


@pytest.fixture(scope="module")
def operations(told: dict[str, Any]) -> list[Operation]:
    found = [
        (f"{method} {path}", told["paths"][path][method]) for path in told["paths"] for method in told["paths"][path]
    ]
    assert len(found) > 15
    return found


def answered(operation: dict[str, Any]) -> dict[str, Any]:
    """The answer where all goes well."""
    ((_, answer),) = [(status, a) for status, a in operation["responses"].items() if status.startswith("2")]
    return dict(answer)


def test_every_route_is_told_in_words(operations: list[Operation]) -> None:
    silent = [
        name for name, operation in operations if not operation["summary"].endswith(".") or not operation["description"]
    ]
    assert silent == []
    ids = [operation["operationId"] for _, operation in operations]
    assert len(set(ids)) == len(ids)


def test_every_route_tells_its_refusals_as_problems(told: dict[str, Any], operations: list[Operation]) -> None:
    assert [name for name, operation in operations if not set(operation["responses"]) >= WANTED] == []
    for status, refusal in told["components"]["responses"].items():
        body = refusal["content"][PROBLEM_JSON]
        assert body["schema"] == {"$ref": "#/components/schemas/Problem"}
        (shown,) = body["examples"].values()
        assert shown["value"]["status"] == int(status)


def test_a_name_in_the_description_is_of_one_shape() -> None:
    """Two classes of one name become one schema there, and one of them is told wrongly."""
    classes = re.compile(r"^class (\w+)\((?:\w*View|View)\b", re.MULTILINE)
    named = Counter(name for path in (PROJECT / "api").rglob("*.py") for name in classes.findall(path.read_text()))
    assert [name for name, times in named.items() if times > 1] == []


def test_no_shape_of_the_description_is_told_in_the_place_of_another(app: Litestar, told: dict[str, Any]) -> None:
    """Enums and records of the slices have names of their own too, where the API shows them."""
    shapes = told["components"]["schemas"]
    other = set()
    for handler, _, _ in handlers(app):
        signature = handler.parsed_fn_signature
        asked = [p.annotation for name, p in signature.parameters.items() if name == "data"]
        answered = signature.return_type.annotation
        answers = get_args(answered) if get_origin(answered) is Response else (answered,)
        for annotation, mode in (*((a, "validation") for a in asked), *((a, "serialization") for a in answers)):
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                made = TypeAdapter(annotation).json_schema(mode=mode, ref_template=SCHEMAS + "{model}")  # type: ignore[arg-type]
                other |= {
                    name for name, shape in made.get("$defs", {}).items() if _parts(shapes[name]) != _parts(shape)
                }
    assert other == set()


def _parts(shape: dict[str, Any]) -> tuple[list[str], set[str]]:
    """What makes a shape another: one class may be told otherwise where it goes in than where it comes out."""
    return shape.get("enum", []), set(shape.get("properties", {}))


def test_every_answer_has_an_example_that_its_schema_allows(told: dict[str, Any], operations: list[Operation]) -> None:
    for name, operation in operations:
        body = answered(operation).get("content", {}).get(JSON)
        if body is None:
            continue
        (shown,) = body["examples"].values()
        validator = Draft202012Validator(body["schema"] | {"components": told["components"]})
        assert [e.message for e in validator.iter_errors(shown["value"])] == [], name


def test_every_body_has_an_example_that_the_command_takes(app: Litestar, told: dict[str, Any]) -> None:
    for handler, path, method in handlers(app):
        body = told["paths"][path][method].get("requestBody", {}).get("content", {}).get(JSON)
        if body is None:
            continue
        command = TypeAdapter(handler.parsed_fn_signature.parameters["data"].annotation)
        assert body["examples"], path
        for shown in body["examples"].values():
            command.validate_python(shown["value"])


def test_every_list_has_one_shape(told: dict[str, Any], operations: list[Operation]) -> None:
    schemas = told["components"]["schemas"]
    assert [n for n, schema in schemas.items() if {"next_cursor", "cursor"} & set(schema.get("properties", {}))] == []
    for name, operation in operations:
        schema = answered(operation).get("content", {}).get(JSON, {}).get("schema", {})
        assert schema.get("type") != "array", f"{name} answers a bare list"
        shown = schemas.get(schema.get("$ref", "").rpartition("/")[2], {}).get("properties", {})
        paged = {"cursor", "limit"} & {p["name"] for p in operation.get("parameters", [])}
        assert "cursor" not in paged or {"items", "next"} <= set(shown), name


def test_whoever_sends_a_key_may_send_it_in_the_header(operations: list[Operation], told: dict[str, Any]) -> None:
    for name, operation in operations:
        schema = operation.get("requestBody", {}).get("content", {}).get(JSON, {}).get("schema", {})
        command = told["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
        header = "Idempotency-Key" in {p["name"] for p in operation.get("parameters", [])}
        a_file = "application/octet-stream" in operation.get("requestBody", {}).get("content", {})
        assert header == ("key" in command.get("properties", {})) or a_file, name
