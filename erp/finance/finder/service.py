"""Finding what a person means by a few characters: at one organisation, or at all whose books they read."""

from collections.abc import Collection
from datetime import date

from erp.base.uow import UnitOfWork
from erp.finance.finder import queries, rules
from erp.finance.finder.model import (
    Deeds,
    Findings,
    FoundAccount,
    FoundCounterparty,
    FoundEntry,
    FoundOrganisation,
    FoundTypical,
)
from erp.finance.finder.rules import Asked, Numbered
from erp.finance.journal import service as journal
from erp.reference.organisations import service as organisations

YEARS_OF_AMOUNTS = 2
"""An amount is looked for in this year's books and the last's: it has no index, which every posting would pay for."""


def find(
    uow: UnitOfWork,
    at: Collection[int],
    words: str,
    day: date,
    *,
    language: str,
    limit: int,
    every_year: bool = False,
) -> Findings:
    """What answers to a number, an amount, a code or a name in the books ``at`` some organisations of the scope.

    The chart and typical entries are looked through where ``at`` is one; organisations always.
    """
    asked, within = rules.asked(words), uow.scope.reads & set(at)
    connection, scope = uow.connection, uow.scope
    named = _organisations(uow, asked, day, limit)
    if not within or not asked.words:
        return Findings(organisations=named)
    number = rules.numbered(asked.words, journal.journals(uow))
    amount, first_year = asked.amount_tiyn, 1 if every_year else day.year - YEARS_OF_AMOUNTS + 1
    of_amount = queries.of_amount(connection, scope, within, amount, first_year, limit) if amount is not None else []
    prepared = queries.prepared(
        connection,
        scope,
        within,
        number=number.number if number else None,
        documents=asked.readings,
        amount=amount,
        limit=limit,
    )
    accounts, typical = _registers(uow, asked, day, limit) if len(within) == 1 else ((), ())
    return Findings(
        entries=_entries(uow, within, number, limit),
        of_amount=tuple(of_amount),
        amount_tiyn=amount,
        prepared=tuple(prepared),
        counterparties=_counterparties(uow, within, asked, language, limit),
        accounts=accounts,
        typical=typical,
        organisations=named,
    )


def _entries(uow: UnitOfWork, within: Collection[int], number: Numbered | None, limit: int) -> tuple[FoundEntry, ...]:
    if number is None:
        return ()
    found = queries.numbered(uow.connection, uow.scope, within, number.number, number.journal_ids, number.year, limit)
    return tuple(found)


def _counterparties(
    uow: UnitOfWork, within: Collection[int], asked: Asked, language: str, limit: int
) -> tuple[FoundCounterparty, ...]:
    if not asked.names and not asked.iban:
        return ()
    found = queries.counterparties(
        uow.connection, uow.scope, within, asked.names, iban=asked.iban, language=language, limit=limit
    )
    return tuple(found)


def _registers(
    uow: UnitOfWork, asked: Asked, day: date, limit: int
) -> tuple[tuple[FoundAccount, ...], tuple[FoundTypical, ...]]:
    accounts = queries.accounts(uow.connection, uow.scope, asked.readings, day, limit)
    typical = queries.typical(uow.connection, uow.scope, asked.names, day, limit) if asked.names else []
    return tuple(accounts), tuple(typical)


def _organisations(uow: UnitOfWork, asked: Asked, day: date, limit: int) -> tuple[FoundOrganisation, ...]:
    """Of those in scope; a few thousand at most, so they are sifted here."""
    if not asked.names:
        return ()
    found = [
        FoundOrganisation(each.name_kk, each.name_ru, each.name_en, each.id, each.code)
        for each in organisations.organisations_of(uow, day)
        if rules.answers(asked.names, (each.code, each.name_kk, each.name_ru, each.name_en))
    ]
    return tuple(found[:limit])


def deeds(uow: UnitOfWork, organisation_id: int) -> Deeds:
    """What the actor has done at an organisation, as far as its latest entries tell."""
    return queries.deeds(uow.connection, uow.scope, organisation_id)
