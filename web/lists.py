"""Lists laid out as tables for their files: the same rows as on their pages, all of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import TypeVar

from erp.finance.approvals.model import PreparedRow
from erp.finance.settlements.model import Row as SettlementRow
from erp.hr.leave.model import Act, Balance, Movement
from erp.hr.personnel.model import PersonRow as StaffRow
from erp.hr.requests.calendar import Stretch
from erp.hr.requests.model import RequestRow
from erp.hr.trips.model import TripRow
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


def requests(
    found: Iterable[tuple[RequestRow, str]], told: Callable[[RequestRow], tuple[str, str]], say: Speech
) -> Table:
    """Requests to be away, each with who asks; ``told`` says kind and state."""
    columns = [
        Column(say("Who"), width=36),
        Column(say("Kind"), width=20),
        Column(say("First day"), Kind.DAY),
        Column(say("Last day"), Kind.DAY),
        Column(say("Days"), Kind.COUNT),
        Column(say("State"), width=24),
        Column(say("Sent"), width=18),
    ]

    def row(of: RequestRow, who: str) -> Row:
        kind, state = told(of)
        days = (of.days.end - of.days.first).days
        return Row([who, kind, of.days.first, of.days.last, days, state, moment(of.submitted_at)])

    return Table(say("Inbox"), columns, (row(*each) for each in found))


def absences(found: Iterable[tuple[str, str, Stretch]], kind: Callable[[Stretch], str], say: Speech) -> Table:
    """Who of which unit is away on which days."""
    columns = [
        Column(say("Who"), width=36),
        Column(say("Department"), width=36),
        Column(say("First day"), Kind.DAY),
        Column(say("Last day"), Kind.DAY),
        Column(say("Days"), Kind.COUNT),
        Column(say("Kind"), width=20),
    ]
    rows = (Row([who, unit, s.days.first, s.days.last, s.length, kind(s)]) for who, unit, s in found)
    return Table(say("Who is away"), columns, rows)


def trips(found: Iterable[tuple[TripRow, str]], words: Callable[[TripRow], tuple[str, str]], say: Speech) -> Table:
    """``words`` are how a trip stands, and how its report."""
    columns = [
        Column(say("Employee"), width=36),
        Column(say("First day"), Kind.DAY),
        Column(say("Last day"), Kind.DAY),
        Column(say("Route"), width=40),
        Column(say("Purpose of the trip"), width=50),
        Column(say("Estimate, ₸"), Kind.MONEY, is_total=True),
        Column(say("Advance, ₸"), Kind.MONEY, is_total=True),
        Column(say("State"), width=22),
        Column(say("Advance report"), width=22),
    ]
    rows = (
        Row([
            person, each.first, each.last, each.trip.facts.route, each.trip.facts.purpose,
            each.trip.estimate.total_tiyn, each.trip.facts.advance_tiyn, *words(each),
        ])
        for each, person in found
    )  # fmt: skip
    return Table(say("Business trips"), columns, rows, say("Total"))


def settlements(
    found: Iterable[SettlementRow], words: Callable[[SettlementRow], tuple[str, str]], say: Speech
) -> Table:
    """``words`` are what an entry is for, and how it stands."""
    columns = [
        Column(say("Employee"), width=36),
        Column(say("What for"), width=22),
        Column(say("First day"), Kind.DAY),
        Column(say("Last day"), Kind.DAY),
        Column(say("Route"), width=40),
        Column(say("Amount, ₸"), Kind.MONEY, is_total=True),
        Column(say("State"), width=28),
    ]
    rows = (
        Row([each.person, kind, each.first, each.last, each.route, each.amount_tiyn, state])
        for each in found
        for kind, state in [words(each)]
    )
    return Table(say("From business trips"), columns, rows, say("Total"))


def leave_balances(found: Iterable[tuple[StaffRow, Balance]], say: Speech) -> Table:
    """Everybody's days of leave, in days."""
    language = say.language.value
    columns = [
        Column(say("Who"), width=36),
        Column(say("Position"), width=36),
        Column(say("Department"), width=36),
        Column(say("Given, days"), Kind.MONEY, is_total=True),
        Column(say("Taken, days"), Kind.MONEY, is_total=True),
        Column(say("Left, days"), Kind.MONEY, is_total=True),
        Column(say("Last leave from"), Kind.DAY),
    ]

    def row(of: StaffRow, stands: Balance) -> Row:
        numbers = [stands.given, stands.taken, stands.centidays]
        return Row([str(of.name), of.title(language), of.unit(language), *numbers, stands.last_used_on])

    return Table(say("Days of leave"), columns, (row(*each) for each in found), total_label=say("Total"))


def leave_movements(found: Iterable[Movement], names: Mapping[Act, str], say: Speech) -> Table:
    """What makes up a balance of days of leave."""
    language = say.language.value
    columns = [
        Column(say("Day"), Kind.DAY),
        Column(say("What"), width=44),
        Column(say("Working year from"), Kind.DAY),
        Column(say("Days"), Kind.MONEY, is_total=True),
    ]

    def what(of: Movement) -> str:
        said = of.norm.name(language) if of.norm else of.reason
        return f"{say(names[of.act])}: {said}" if said else say(names[of.act])

    rows = (Row([m.effective_on, what(m), m.year_start, m.centidays]) for m in found)
    return Table(say("Why so many days"), columns, rows, total_label=say("Total"))
