"""Values of dimensions, from whichever register keeps them.

Programmes, specifics and currencies come from data packages, counterparties from their register; for the other
dimensions any code is accepted and is its own label.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from erp.base.uow import UnitOfWork
from erp.finance.journal.model import DimensionValue
from erp.reference.classification import queries as classification
from erp.reference.classification.model import CodeName
from erp.reference.counterparties import queries as counterparties
from erp.reference.counterparties.model import Counterparty
from ledger.model import Dimension

Wanted = tuple[Dimension, str]


def search(
    uow: UnitOfWork, dimension: Dimension, words: str, *, day: date, language: str, limit: int
) -> list[DimensionValue]:
    found: Iterable[CodeName | Counterparty] = []
    if dimension in classification.REGISTERED:
        found = classification.search(
            uow.connection, uow.scope, dimension, words, day=day, language=language, limit=limit
        )
    elif dimension is Dimension.COUNTERPARTY:
        found = counterparties.search(uow.connection, uow.scope, words, language=language, day=day, limit=limit)
    return [_labelled(dimension, f) for f in found]


def unknown(uow: UnitOfWork, wanted: set[Wanted], *, day: date) -> set[Wanted]:
    """Those that a register should know on ``day`` and does not."""
    missing: set[Wanted] = set()
    for dimension, codes in _by_dimension(wanted).items():
        if dimension in classification.REGISTERED:
            absent = classification.unknown_codes(uow.connection, uow.scope, dimension, codes, day=day)
            missing |= {(dimension, code) for code in absent}
        elif dimension is Dimension.COUNTERPARTY:
            known = counterparties.labels(uow.connection, uow.scope, codes)
            missing |= {(dimension, code) for code in codes if code not in known or day not in known[code].in_force}
    return missing


def is_own(wanted: Wanted) -> bool:
    """Whether the value is one institution's own, unknown to others: a person among the counterparties."""
    dimension, code = wanted
    return dimension is Dimension.COUNTERPARTY and code[4:5] in ("0", "1", "2", "3")


def labels(uow: UnitOfWork, wanted: set[Wanted], *, day: date) -> dict[Wanted, DimensionValue]:
    """A label for every value; its own code where no register names it."""
    return labels_by_day(uow, {day: wanted})[day]


def labels_by_day(uow: UnitOfWork, wanted: Mapping[date, set[Wanted]]) -> dict[date, dict[Wanted, DimensionValue]]:
    """The same of many days at once."""
    named = {
        day: {(d, code): DimensionValue(d, code, code, code, code) for d, code in those}
        for day, those in wanted.items()
    }
    for dimension, codes in _by_dimension(set[Wanted]().union(*wanted.values())).items():
        if dimension in classification.REGISTERED:
            asked = [(code, day) for day, those in wanted.items() for d, code in those if d is dimension]
            found = classification.labels(uow.connection, uow.scope, dimension, asked)
            for (code, day), name in found.items():
                named[day][dimension, code] = _labelled(dimension, name)
        elif dimension is Dimension.COUNTERPARTY:
            known = counterparties.labels(uow.connection, uow.scope, codes)
            for those in named.values():
                those |= {(d, code): _labelled(d, known[code]) for d, code in those if d is dimension and code in known}
    return named


def minor_units(uow: UnitOfWork, wanted: set[Wanted]) -> dict[str, int]:
    """Decimal places of the currencies among the values."""
    currencies = {code for dimension, code in wanted if dimension is Dimension.CURRENCY}
    return classification.minor_units(uow.connection, uow.scope, currencies) if currencies else {}


def _labelled(dimension: Dimension, found: CodeName | Counterparty) -> DimensionValue:
    verified = not (isinstance(found, CodeName) and found.is_not_verified)
    return DimensionValue(dimension, found.code, found.name_kk, found.name_ru, found.name_en, verified)


def _by_dimension(wanted: set[Wanted]) -> dict[Dimension, list[str]]:
    grouped: dict[Dimension, list[str]] = {}
    for dimension, code in sorted(wanted):
        grouped.setdefault(dimension, []).append(code)
    return grouped
