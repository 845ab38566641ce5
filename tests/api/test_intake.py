"""Tables under ``/api/v1``: faults by address, mended, accepted; one's own alone."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.erp.base.sheets.files import a_zip_bomb, an_xlsx
from tests.web.desk import SUPPLIER, Desk

Header = Callable[[str], dict[str, str]]
HEADS = ["Дата", "№ документа", "Счет Дт", "Количество Дт", "Счет Кт", "БИН", "Сумма", "Содержание"]


def a_row(number: str, debit: str = "1316") -> list[Any]:
    return ["16.03.2026", number, debit, "20", "3210", SUPPLIER, "1 234,56", "Бумага"]


@pytest.fixture
def tables(desk: Desk) -> str:
    return f"/api/v1/organisations/{desk.school}/intake"


def bring(client: Any, tables: str, header: dict[str, str], *rows: list[Any]) -> Any:
    text = "\n".join("\t".join(map(str, row)) for row in (HEADS, *rows))
    answer = client.post(tables, headers=header, json={"key": str(uuid4()), "name": "March", "text": text})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_faults_come_back_by_address_and_are_mended(client: Any, tables: str, bearer: Header) -> None:
    header = bearer("accountant")
    brought = bring(client, tables, header, a_row("A1"), a_row("A2", debit="9999"))
    assert (brought["entries"], brought["entries_good"], brought["fault_count"]) == (2, 1, 1)
    (fault,) = brought["faults"]
    assert (fault["address"], fault["field"], fault["code"]) == ("C3", "debit.account", "account-unknown")
    assert [(row["row"], row["kind"], row["is_good"]) for row in brought["rows"]] == [
        (1, "head", False), (2, "entry", True), (3, "entry", False),
    ]  # fmt: skip
    assert [column["means"] for column in brought["columns"]][2] == "debit.account"
    one = f"{tables}/{brought['id']}"
    mended = client.put(one, headers=header | {"If-Match": '"1"'}, json={"cells": {"C3": "1316"}})
    assert (mended.json()["version"], mended.json()["entries_good"]) == (2, 2)
    assert client.put(one, headers=header | {"If-Match": '"1"'}, json={}).status_code == 409
    read = client.get(one, headers=header)
    assert (read.headers["etag"], read.json()) == ('"2"', mended.json())
    accepted = client.post(f"{one}/accept", headers=header | {"If-Match": '"2"'}, json={"make": "drafts"})
    assert len(accepted.json()["drafts"]) == 2
    assert client.get(one, headers=header).json()["became"] == accepted.json()
    assert (
        client.post(f"{one}/accept", headers=header | {"If-Match": '"3"'}, json={"make": "entries"}).status_code == 409
    )


def test_a_file_is_its_body_and_the_same_key_the_same_table(client: Any, tables: str, bearer: Header) -> None:
    header = bearer("accountant") | {"Idempotency-Key": str(uuid4()), "Content-Type": "application/octet-stream"}
    content = an_xlsx([HEADS, a_row("F1")])
    first, second = (
        client.post(f"{tables}/files", params={"name": "март.xlsx"}, headers=header, content=content) for _ in range(2)
    )
    assert first.status_code == 201, first.text
    assert first.json() == second.json()
    assert (first.json()["name"], first.json()["entries_good"]) == ("март.xlsx", 1)
    job = client.post(
        f"{tables}/{first.json()['id']}/accept", headers=bearer("accountant") | {"If-Match": '"1"'},
        json={"make": "entries"},
    )  # fmt: skip
    assert client.get(f"/api/v1/jobs/{job.json()['job']}", headers=bearer("accountant")).json()["kind"] == "intake"


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "file-empty"), (b"PK\x03\x04" + b"\x00" * 60, "file-damaged"), (a_zip_bomb, "table-too-heavy")],
    ids=["empty", "broken", "bomb"],
)
def test_what_is_no_table_is_a_problem(
    client: Any, tables: str, bearer: Header, content: bytes | Callable[[], bytes], code: str
) -> None:
    content = content() if callable(content) else content
    header = bearer("accountant") | {"Idempotency-Key": str(uuid4()), "Content-Type": "application/octet-stream"}
    answer = client.post(f"{tables}/files", params={"name": "x.xlsx"}, headers=header, content=content)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_table_is_its_person_s_and_is_thrown_away(client: Any, tables: str, bearer: Header) -> None:
    header = bearer("accountant")
    one = f"{tables}/{bring(client, tables, header, a_row('T1'))['id']}"
    assert client.get(one, headers=bearer("office")).status_code == 404
    assert client.get(one, headers=bearer("auditor")).status_code == 403
    assert client.post(f"{one}/discard", headers=bearer("office") | {"If-Match": '"1"'}).status_code == 404
    assert client.post(f"{one}/discard", headers=header).status_code == 428
    assert client.post(f"{one}/discard", headers=header | {"If-Match": '"1"'}).status_code == 204
    assert client.get(one, headers=header).status_code == 404
    assert one.rpartition("/")[2] not in {str(t["id"]) for t in client.get(tables, headers=header).json()["items"]}


def test_what_columns_mean_is_listed_and_forgotten(client: Any, desk: Desk, tables: str, bearer: Header) -> None:
    header, mappings = bearer("accountant"), f"/api/v1/organisations/{desk.school}/intake-mappings"
    brought = bring(client, tables, header, a_row("M1"))
    columns = [*[column["means"] for column in brought["columns"]][:-1], ""]
    said = client.put(f"{tables}/{brought['id']}", headers=header | {"If-Match": '"1"'}, json={"columns": columns})
    assert said.status_code == 200, said.text
    kept = [m for m in client.get(mappings, headers=header).json()["items"] if m["name"] == "March"]
    assert [column["means"] for column in kept[-1]["columns"]] == columns
    for each in kept:
        assert client.delete(f"{mappings}/{each['id']}", headers=header).status_code == 204
    assert "March" not in {m["name"] for m in client.get(mappings, headers=header).json()["items"]}
