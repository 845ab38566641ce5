"""Lists laid out as tables for their files: the same rows as on their pages, all of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import TypeVar

from erp.finance.approvals.model import PreparedRow
from erp.reference.access.model import ROLE_NAMES, Held, PersonRow, Role
from erp.reference.counterparties.model import Counterparty
from erp.reference.organisations.model import Organisation
from erp.reference.typical_entries.model import TypicalEntry
from web.i18n import Speech, moment
from web.tables.model import Column, Kind, Row, Table
from web.timeline import Told

T = TypeVar("T")


def every(page_from: Callable[[str | None], tuple[Iterable[T], str | None]]) -> Iterator[T]:
    """The rows of all pages, each read once those before are used up; a page says where the next begins."""
    rows, following = page_from(None)
    yield from rows
    while following is not None:
        rows, following = page_from(following)
        yield from rows


def counterparties(found: Iterable[Counterparty], say: Speech) -> Table:
    columns = [Column(say("BIN or IIN"), Kind.CODE), Column(say("Name"), width=80)]
    rows = (Row([each.code, each.name(say.language.value)]) for each in found)
    return Table(say("Counterparties"), columns, rows)


def typical_entries(found: Iterable[TypicalEntry], say: Speech) -> Table:
    """By section, each below its heading."""
    language = say.language.value
    columns = [
        Column(say("Number"), Kind.CODE),
        Column(say("Meaning"), width=80),
        Column(say("Debit"), width=16),
        Column(say("Credit"), width=16),
    ]
    rows = []
    for section, entries in groupby(found, key=lambda each: each.section):
        rows.append(Row(["", section.name(language), "", ""], is_heading=True, is_counted=False))
        for each in entries:
            name = each.name(language) if each.verified else f"{each.name(language)} ?"
            rows.append(Row([each.code, name, ", ".join(each.debit), ", ".join(each.credit)]))
    return Table(say("Typical entries"), columns, rows)


def prepared(found: Iterable[PreparedRow], state: Callable[[PreparedRow], str], say: Speech) -> Table:
    columns = [
        Column(say("Date"), Kind.DAY),
        Column(say("Journal"), Kind.CODE),
        Column(say("Document"), Kind.CODE),
        Column(say("Amount, ₸"), Kind.MONEY, is_total=True),
        Column(say("Text"), width=60),
        Column(say("Prepared by"), width=28),
        Column(say("State"), width=24),
    ]
    rows = (
        Row([
            each.effective_on, each.journal_code, each.document_number, each.amount_tiyn, each.memo, each.prepared_by,
            state(each),
        ])
        for each in found
    )  # fmt: skip
    return Table(say("For approval"), columns, rows, say("Total"))


def people(
    found: Iterable[PersonRow],
    held: Mapping[int, Sequence[Held]],
    organisations: Mapping[int, Organisation],
    day: date,
    say: Speech,
) -> Table:
    def roles(of: PersonRow) -> str:
        counting = (each for each in held.get(of.id, ()) if each.counts_on(day))
        named = (
            f"{say(ROLE_NAMES[Role(each.role)])}: {organisations[each.organisation_id].name(say.language)}"
            for each in counting
        )
        return "; ".join(named) or say("no role today")

    columns = [
        Column(say("Full name"), width=36),
        Column(say("Login"), Kind.CODE, width=20),
        Column(say("Roles"), width=60),
        Column(say("State"), width=16),
        Column(say("Last used"), width=18),
    ]
    rows = (
        Row([
            each.name, each.login, roles(each), say("signs in") if each.is_admitted else say("blocked"),
            moment(each.seen_at) if each.seen_at else "",
        ])
        for each in found
    )  # fmt: skip
    return Table(say("People"), columns, rows)


def trail(found: Iterable[Told], say: Speech) -> Table:
    columns = [
        Column(say("When"), width=18),
        Column(say("Who"), width=24),
        Column(say("Login"), Kind.CODE, width=16),
        Column(say("On behalf of"), width=24),
        Column(say("From where"), Kind.CODE, width=16),
        Column(say("What"), width=32),
        Column(say("Subject"), width=32),
        Column(say("Changes"), width=60),
        Column(say("Number in the trail"), Kind.CODE, width=16),
    ]
    return Table(say("Audit trail"), columns, (Row(cells_of(each)) for each in found))


def cells_of(each: Told) -> list[str]:
    event = each.event
    who = [each.who, event.login, event.principal or "", event.origin]
    return [each.when, *who, each.what, each.subject, each.in_one_line, event.number]
