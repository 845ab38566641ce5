"""The API keeps what its description says: schemathesis makes up requests, whatever comes back must be described.

The examples are the same in every run; the books are real ones, so that not all is refused at the door.
"""

from collections.abc import Callable, Iterator
from datetime import date
from math import prod
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from litestar.testing import TestClient
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import create_engine

from api.openapi import description
from erp.base import uow
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.base.scope import system_scope
from erp.reference.access import service as access
from erp.reference.access.model import Role
from tests.canary.planting import inserted
from tests.canary.rooms import ROOMS, Tenant
from tests.factories.application import app_over
from tests.web.desk import PASSWORD, Desk

Bearer = Callable[[str], dict[str, str]]
Client = TestClient[Any]
PERSON = "everybody"
"""Of all roles: whatever is sent comes past the door."""
EXAMPLES = 15
"""Of each kind, for each route."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
STEADY = settings(
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TOLD = description(app_over(create_engine("postgresql+psycopg://")))
del TOLD["security"]  # who signs in is no part of what is made up
SCHEMA = schemathesis.openapi.from_dict(TOLD)
OPERATIONS: list[APIOperation[Any, Any, Any, Any]] = [found.ok() for found in SCHEMA.get_all_operations()]


@pytest.fixture(scope="module")
def real(desk: Desk) -> dict[str, list[Any]]:
    """Values of the address that exist, by the name of the parameter."""
    entries = [desk.post(memo=f"Made up {n}") for n in range(3)]
    url = desk.engine.url.render_as_string(hide_password=False)
    user = _everybody(url, desk)
    found = inserted(url, ROOMS, Tenant(desk.school, user, user, "nobody", "Own", 12345).facts)
    return {
        "organisation_id": [desk.school],
        "entry_id": entries,
        "code": ["1316", "3210"],
        "batch": ["5d0c1a52-3f0b-4f7e-9a57-0d6a2f1c9a11"],
        "month": ["2026-03", "2026-12"],
        "year": [2026],
        "plan_id": found["economy_plan"],
        "version_id": found["economy_version"] + found["a scenario's version"],
        "series": ["brent"],
        "no": [1],
        "person_id": found["hr_person_name"],
        "unit_id": found["hr_unit"],
        "staff_unit_id": found["hr_staff_unit"],
        "appointment_id": found["hr_appointment"],
        "act_id": found["hr_act"],
        "request_id": found["hr_request"],
        "feed_id": found["hr_calendar_feed"],
        "settlement_id": found["finance_settlement"],
    }


def _everybody(url: str, desk: Desk) -> int:
    owner = make_engine(url, role=None, pool=1)

    def make(u: uow.UnitOfWork) -> int:
        user = access.create_user(u, PERSON, "Everybody", PASSWORD, Language.EN)
        for role in Role:
            access.grant_role(u, user, role, desk.school, date(2020, 1, 1))
        return user

    user = uow.run(owner, system_scope(), make)
    owner.dispose()
    return user


@pytest.fixture(scope="module")
def module_client(desk: Desk) -> Iterator[Client]:
    with TestClient(desk.app, raise_server_exceptions=False) as client:
        yield client


def send(client: Client, case: Case, head: dict[str, str]) -> Any:
    wanted = case.as_transport_kwargs(base_url=str(client.base_url))
    sent = {name: wanted[name] for name in ("method", "url", "params", "json") if wanted.get(name) is not None}
    if wanted.get("data") is not None:
        sent["content" if isinstance(wanted["data"], (str, bytes)) else "data"] = wanted["data"]
    names = {name.lower() for name in head}
    headers = {name: value for name, value in dict(wanted.get("headers") or {}).items() if name.lower() not in names}
    return client.request(**sent, headers=headers | head)


def examples(operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, real: dict[str, list[Any]]) -> int:
    """How many: where only numbers of the address may be told, each thrice; few are wrong in ways of their own."""
    told = list(operation.iter_parameters())
    if operation.body or any(p.location != "path" or p.definition["schema"].get("type") != "integer" for p in told):
        return EXAMPLES
    places = prod(len(real.get(p.name, "?")) for p in told)
    return min(EXAMPLES, 3 * places) if mode is GenerationMode.POSITIVE else EXAMPLES // 3


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["as told", "otherwise"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_whatever_is_sent_is_answered_as_described(
    operation: APIOperation[Any, Any, Any, Any],
    mode: GenerationMode,
    module_client: Client,
    bearer: Bearer,
    real: dict[str, list[Any]],
) -> None:
    if mode is GenerationMode.NEGATIVE and not (operation.body or list(operation.iter_parameters())):
        pytest.skip("nothing is sent, so nothing can be sent otherwise")
    head = bearer(PERSON)
    checks = [*CHECKS, negative_data_rejection] if mode is GenerationMode.NEGATIVE else CHECKS

    @settings(STEADY, max_examples=examples(operation, mode, real))
    @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
    def answers(case: Case, data: st.DataObject) -> None:
        if mode is GenerationMode.POSITIVE:
            for name in real.keys() & (case.path_parameters or {}).keys():
                case.path_parameters[name] = data.draw(st.sampled_from(real[name]))
        response = send(module_client, case, head)
        case.validate_response(response, checks=checks)

    try:
        answers()
    except Unsatisfiable:
        if mode is GenerationMode.POSITIVE:
            raise
        pytest.skip("any text is as told")


OPEN = {"GET /api/v1/check/{code}"}
"""What anybody may ask: the code on a printed paper is the permission."""


@pytest.mark.parametrize(
    "operation", [o for o in OPERATIONS if o.label not in OPEN], ids=lambda operation: operation.label
)
def test_nobody_is_answered_without_signing_in(
    operation: APIOperation[Any, Any, Any, Any], module_client: Client, real: dict[str, list[Any]]
) -> None:
    places = {name: values[0] for name, values in real.items()}
    address = operation.path.format_map({p.name: places.get(p.name, 1) for p in operation.path_parameters})
    for head in ({}, {"Authorization": "Bearer made-up"}, {"Cookie": "qazyna_session=made-up"}):
        answer = module_client.request(operation.method.upper(), address, headers=head)
        assert (answer.status_code, answer.json()["code"]) == (401, "sign-in-needed")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == "Bearer"
