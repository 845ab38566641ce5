"""The oblast as data: bodies, institutions, suppliers, and how their accountants word things."""

import csv
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from erp.reference.counterparties.rules import iban_check_digits
from qazyna.demonstration.luck import Luck
from qazyna.demonstration.model import Body, Institution, Supplier

_FOLDER = Path(__file__).parent


def rows(name: str) -> Iterator[dict[str, str]]:
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _institution(fields: Mapping[str, Any]) -> Institution:
    return Institution(**{**fields, "traits": frozenset(fields.get("traits", ()))})


@cache
def bodies() -> tuple[Body, ...]:
    """Bodies that keep no books here, each after the one above it."""
    return tuple(Body(**fields) for fields in _table("institutions")["body"])


@cache
def institutions() -> tuple[Institution, ...]:
    """Institutions that keep books."""
    return tuple(_institution(fields) for fields in _table("institutions")["institution"])


@cache
def suppliers() -> tuple[Supplier, ...]:
    return tuple(
        Supplier(
            r["code"],
            frozenset(r["supplies"].split()),
            frozenset(r["place"].split()),
            {language: r[f"name_{language}"] for language in ("kk", "ru", "en")},
        )
        for r in rows("counterparties")
    )


@cache
def supplier_of(what: str, place: str) -> Supplier:
    """Who supplies a thing at a place."""
    return next(s for s in suppliers() if what in s.supplies and (not s.places or place in s.places))


_BANKS = {"bank_a": "991", "bank_b": "992"}
"""Made-up banks and the codes that their account numbers begin with."""


def bank_account_of(counterparty: str) -> tuple[str, str]:
    """Where a firm takes payments: the text that names its bank, and the account number."""
    luck = Luck("account", counterparty)
    bank = luck.pick(tuple(_BANKS))
    account = f"{_BANKS[bank]}KZT{luck.between(10**9, 10**10 - 1)}"
    return bank, f"KZ{iban_check_digits(account)}{account}"


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """Every text by key and language."""
    return _table("texts")


def say(language: str, key: str, **fields: object) -> str:
    """A text in the institution's language; a ``month`` and other days are written as its people write them."""
    written = {name: _written(language, name, value) for name, value in fields.items()}
    return texts()[key][language].format(**written)


def _written(language: str, name: str, value: object) -> object:
    if not isinstance(value, date):
        return value
    if name == "month":
        return say(language, "month", name=say(language, "months").split()[value.month - 1], year=value.year)
    return f"{value:%d.%m.%Y}"
