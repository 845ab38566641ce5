"""Packages written to a folder for a test; a call names only what the test is about."""

import csv
from collections.abc import Sequence
from pathlib import Path

ACCOUNT_COLUMNS = (
    "code", "parent_code", "name_kk", "name_ru", "name_en", "kind", "normal_side", "postable", "mandatory",
    "permitted", "keeps_quantity", "role", "valid_from", "valid_to", "confidence", "source",
)  # fmt: skip
CODE_COLUMNS = (
    "code", "parent_code", "level", "name_kk", "name_ru", "name_en", "international", "valid_from", "valid_to",
    "confidence", "source",
)  # fmt: skip

Row = dict[str, str]


def an_account(code: str = "1010", **said: str) -> Row:
    return {
        "code": code,
        "parent_code": "",
        "name_kk": "Кассадағы ақша",
        "name_ru": "Деньги в кассе",
        "name_en": "Cash on hand",
        "kind": "asset",
        "normal_side": "debit",
        "postable": "yes",
        "mandatory": "",
        "permitted": "source",
        "keeps_quantity": "no",
        "role": "",
        "valid_from": "",
        "valid_to": "",
        "confidence": "high",
        "source": "a test",
    } | said


def a_group(code: str = "1000", **said: str) -> Row:
    return an_account(code, **{"postable": "no", "permitted": ""} | said)


def a_specific(code: str = "111", **said: str) -> Row:
    return {
        "code": code,
        "parent_code": "110",
        "level": "specific",
        "name_kk": "Еңбекке ақы төлеу",
        "name_ru": "Оплата труда",
        "name_en": "Remuneration of labour",
        "international": "2111",
        "valid_from": "",
        "valid_to": "",
        "confidence": "high",
        "source": "a test",
    } | said


def economic(*specifics: Row) -> list[Row]:
    """Specifics with what stands above them."""
    above = (("1", "", "category"), ("1.1", "1", "class"), ("110", "1.1", "subclass"))
    return [a_specific(code, parent_code=parent, level=level) for code, parent, level in above] + list(specifics)


def a_manifest(folder: str, **said: str) -> str:
    keys = {
        "name": f'"{folder}"',
        "act": '"an order"',
        "edition": '"first"',
        "valid_from": "2026-01-01",
        "source": '"a test"',
        "licence": '"none"',
        "files": '[{ path = "rows.csv", content = "accounts" }]',
        "title": '{ kk = "Тест", ru = "Тест", en = "Test" }',
    } | said
    return "\n".join(f"{key} = {value}" for key, value in keys.items() if value) + "\n"


def a_package(
    place: Path,
    rows: Sequence[Row] = (an_account(),),
    *,
    folder: str = "chart",
    content: str = "accounts",
    columns: Sequence[str] = (),
    **said: str,
) -> Path:
    """A folder with ``package.toml`` and ``rows.csv``; ``said`` overrides keys of the manifest, "" drops one."""
    directory = place / folder
    directory.mkdir(exist_ok=True)
    files = f'[{{ path = "rows.csv", content = "{content}" }}]'
    (directory / "package.toml").write_text(a_manifest(folder, **{"files": files} | said), encoding="utf-8")
    with (directory / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns or tuple(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return directory
