"""Use cases of templates.  Each runs inside the caller's unit of work."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID

from dateutil.relativedelta import relativedelta

from erp.base import audit
from erp.base.clock import today
from erp.base.dates import DaySpan, IntervalReversed, day_string
from erp.base.errors import Invalid
from erp.base.uow import UnitOfWork
from erp.finance.drafts import service as drafts
from erp.finance.drafts.model import Draft, Origin, Sheet
from erp.finance.drafts.rules import document_of
from erp.finance.journal import service as journal
from erp.finance.journal.model import BalanceRow
from erp.finance.journal.rules import AccountUnknown
from erp.finance.templates import queries, rules
from erp.finance.templates.formulas import Fact, FactKind, Given, half_up
from erp.finance.templates.model import Occurrence, OccurrenceState, Recurrence, Template, TemplateRow
from erp.finance.templates.schemas import ChangeTemplate, EndRecurrence, LeaveOut, MakeTemplate, Recur, UseTemplate

MonthWords = Callable[[date], str]
"""How a month is called in texts."""

# ------------------------------------------------------------------------------------------------ keeping


def make(uow: UnitOfWork, organisation_id: int, command: MakeTemplate) -> Template:
    """Keep an entry to be typed again; the same key gives the template it made, as it stands now.

    Raises: Invalid with the fault of every formula; TemplateEmpty, TemplateOfThatName, TemplateUnknown.
    """
    sheet = rules.without_blanks(command.sheet.sheet)
    rules.read(sheet)
    connection, scope = uow.connection, uow.scope
    made = queries.insert_template(
        connection,
        scope,
        organisation_id,
        command.key,
        name=command.name,
        shared=command.shared,
        document=document_of(sheet),
    )
    if made is not None:
        found = template(uow, organisation_id, made)
        _record(uow, "template-made", organisation_id, made, after=_told(found))
        return found
    before = queries.template_of_key(connection, scope, organisation_id, command.key)
    if before is None:
        raise rules.TemplateOfThatName()
    return template(uow, organisation_id, before)


def change(uow: UnitOfWork, organisation_id: int, template_id: int, version: int, command: ChangeTemplate) -> Template:
    """Give it another content.

    Raises: Invalid with the fault of every formula; TemplateUnknown, TemplateChanged, TemplateEmpty,
    TemplateOfThatName; TemplateIsAnothers where somebody else would hide it, TemplateRecurs where it falls due.
    """
    sheet = rules.without_blanks(command.sheet.sheet)
    rules.read(sheet)
    found = _lock(uow, organisation_id, template_id, version)
    if not command.shared:
        if found.owner_id != uow.scope.actor.id:
            raise rules.TemplateIsAnothers(owner=found.owner)
        _require_not_recurring(uow, found)
    if not queries.update_template(
        uow.connection,
        uow.scope,
        organisation_id,
        template_id,
        name=command.name,
        shared=command.shared,
        document=document_of(sheet),
    ):
        raise rules.TemplateOfThatName()
    changed = template(uow, organisation_id, template_id)
    _record(uow, "template-changed", organisation_id, template_id, before=_told(found), after=_told(changed))
    return changed


def retire(uow: UnitOfWork, organisation_id: int, template_id: int, version: int) -> None:
    """Offer it no more.  Raises: TemplateUnknown, TemplateChanged, TemplateRecurs."""
    found = _lock(uow, organisation_id, template_id, version)
    _require_not_recurring(uow, found)
    queries.retire_template(uow.connection, uow.scope, organisation_id, template_id)
    _record(uow, "template-retired", organisation_id, template_id, before=_told(found))


def templates(uow: UnitOfWork, organisation_id: int) -> list[TemplateRow]:
    """Those that the actor sees: shared ones, and their own."""
    return queries.templates(uow.connection, uow.scope, organisation_id)


def template(uow: UnitOfWork, organisation_id: int, template_id: int) -> Template:
    """Raises: TemplateUnknown."""
    found = queries.template(uow.connection, uow.scope, organisation_id, template_id)
    if found is None:
        raise rules.TemplateUnknown()
    return found


def _lock(uow: UnitOfWork, organisation_id: int, template_id: int, version: int | None = None) -> Template:
    """Raises: TemplateUnknown, TemplateChanged."""
    found = queries.template(uow.connection, uow.scope, organisation_id, template_id, lock=True)
    if found is None:
        raise rules.TemplateUnknown()
    if version is not None and found.version != version:
        raise rules.TemplateChanged()
    return found


def _require_not_recurring(uow: UnitOfWork, found: Template) -> None:
    if queries.is_recurring(uow.connection, uow.scope, found.organisation_id, found.id, today()):
        raise rules.TemplateRecurs()


def _told(found: Template) -> dict[str, object]:
    return {"name": found.name, "shared": found.shared, "sheet": document_of(found.sheet)}


# ------------------------------------------------------------------------------------------------ using


def fill(
    uow: UnitOfWork,
    organisation_id: int,
    found: Template,
    command: UseTemplate,
    month_words: MonthWords,
    rounded: rules.Rounded,
) -> Sheet:
    """A template's sheet for a day, its amounts reckoned from what is given and from the books.

    Raises: Invalid with what is missing, or the fault of every row.
    """
    reading, day = rules.read(found.sheet), command.effective_on
    names = rules.names_given(reading.names, command.inputs)
    facts = _facts(uow, organisation_id, reading, day) if reading.facts else {}
    return rules.filled(found.sheet, reading, Given(names, {}, facts), day, month_words(day), rounded)


def use(
    uow: UnitOfWork,
    organisation_id: int,
    template_id: int,
    command: UseTemplate,
    month_words: MonthWords = rules.month_in_figures,
    rounded: rules.Rounded = half_up,
) -> Draft:
    """A draft from a template; the same key gives the draft it began.

    Raises: TemplateUnknown; as ``fill``.
    """
    found = template(uow, organisation_id, template_id)
    sheet = fill(uow, organisation_id, found, command, month_words, rounded)
    return drafts.begin(uow, organisation_id, sheet, origin=Origin.TEMPLATE, note=found.name, key=command.key)


def _facts(uow: UnitOfWork, organisation_id: int, reading: rules.Reading, day: date) -> dict[Fact, Fraction]:
    """Balances and turnovers of the day's month, through the day.  Raises: Invalid where an account is none."""
    shown = journal.trial_balance(uow, organisation_id, DaySpan.of(day.replace(day=1), day))
    by_code = {row.account.code: row for row in shown.rows}
    known = {account.code for account in journal.accounts(uow, day)}
    faults: dict[str, Exception] = {}
    for number, formula in reading.formulas.items():
        for fact in rules.Reading({number: formula}).facts:
            if fact.account not in known:
                faults[rules.place_of(number)] = AccountUnknown(account=fact.account)
    if faults:
        raise Invalid(faults)
    return {fact: _tenge(by_code.get(fact.account), fact.kind) for fact in reading.facts}


def _tenge(row: BalanceRow | None, kind: FactKind) -> Fraction:
    if row is None:  # nothing ever stood there
        return Fraction(0)
    tiyn = {
        FactKind.BALANCE: row.closing_tiyn,
        FactKind.DEBIT: row.debit_tiyn,
        FactKind.CREDIT: row.credit_tiyn,
    }[kind]
    return Fraction(tiyn, 100)


# ------------------------------------------------------------------------------------------------ what recurs


def recur(uow: UnitOfWork, organisation_id: int, template_id: int, command: Recur) -> Recurrence:
    """Let a template fall due again and again; the same key gives the recurrence it made.

    Raises: TemplateUnknown, TemplateIsPrivate, IntervalReversed; Invalid with what its names lack.
    """
    found = _lock(uow, organisation_id, template_id)
    if not found.shared:
        raise rules.TemplateIsPrivate()
    if command.until is not None and command.until <= command.since:
        raise IntervalReversed(first=day_string(command.since), last=day_string(command.until))
    rules.names_given(rules.read(found.sheet).names, command.inputs)
    made = queries.insert_recurrence(
        uow.connection,
        uow.scope,
        organisation_id,
        template_id,
        command.key,
        every=command.every,
        day=command.day,
        since=command.since,
        until=command.until,
        inputs=command.inputs,
    )
    if made is None:
        made = queries.recurrence_of_key(uow.connection, uow.scope, organisation_id, command.key)
        if made is None:
            raise rules.RecurrenceUnknown()
    else:
        facts = command.model_dump(mode="json", exclude={"key"})
        _record(uow, "template-recurs", organisation_id, template_id, recurrence=made, after=facts)
    return recurrence(uow, organisation_id, made)


def recurrences(uow: UnitOfWork, organisation_id: int) -> list[Recurrence]:
    return queries.recurrences(uow.connection, uow.scope, organisation_id)


def recurrence(uow: UnitOfWork, organisation_id: int, recurrence_id: int) -> Recurrence:
    """Raises: RecurrenceUnknown."""
    found = queries.recurrences(uow.connection, uow.scope, organisation_id, recurrence_id)
    if not found:
        raise rules.RecurrenceUnknown()
    return found[0]


def end_recurrence(uow: UnitOfWork, organisation_id: int, recurrence_id: int, command: EndRecurrence) -> Recurrence:
    """From a day on it falls due no more; what fell due before stays, and what has ended earlier ends no later.

    Raises: RecurrenceUnknown, IntervalReversed.
    """
    found = recurrence(uow, organisation_id, recurrence_id)
    if found.until is not None and found.until <= command.until:
        return found
    if command.until <= found.since:
        raise IntervalReversed(first=day_string(found.since), last=day_string(command.until))
    queries.end_recurrence(uow.connection, uow.scope, organisation_id, recurrence_id, command.until)
    facts = {"until": command.until.isoformat()}
    _record(uow, "recurrence-ended", organisation_id, found.template_id, recurrence=recurrence_id, after=facts)
    return recurrence(uow, organisation_id, recurrence_id)


def occurrences(uow: UnitOfWork, organisation_id: int, since: date, through: date) -> list[Occurrence]:
    """What falls due in a span of days, and what became of each, by day."""
    done = queries.occurrences(uow.connection, uow.scope, organisation_id, since, through)
    due = [
        _due(organisation_id, each, day)
        for each in recurrences(uow, organisation_id)
        for day in rules.due_days(each, through)
        if day >= since and day not in each.done
    ]
    return sorted((*done, *due), key=lambda each: (each.due_on, each.template, each.recurrence_id))


def waiting(uow: UnitOfWork, organisation_id: int) -> list[Occurrence]:
    """What has fallen due through today in a year, and nobody has dealt with."""
    day = today()
    found = occurrences(uow, organisation_id, day - relativedelta(years=1), day)
    return [each for each in found if each.state is OccurrenceState.DUE]


def draft_due(
    uow: UnitOfWork,
    organisation_id: int,
    recurrence_id: int,
    due_on: date,
    month_words: MonthWords = rules.month_in_figures,
    rounded: rules.Rounded = half_up,
) -> Draft:
    """The actor's draft for a due day; doing it twice makes one.

    Where another's draft was never posted, the actor gets one of their own: both have one key, and so post one entry.

    Raises: RecurrenceUnknown; OccurrenceDone where it was posted, sent for approval or left out; as ``use``.
    """
    found, key = _require_due(uow, organisation_id, recurrence_id, due_on)
    if queries.insert_occurrence(uow.connection, uow.scope, organisation_id, recurrence_id, due_on, key=key):
        _record(uow, "recurrence-drafted", organisation_id, found.template_id, due_on=due_on.isoformat())
    else:
        _require_unfinished(uow, organisation_id, recurrence_id, due_on)
    command = UseTemplate(key=key, effective_on=due_on, inputs=dict(found.inputs))
    return use(uow, organisation_id, found.template_id, command, month_words, rounded)


def _require_unfinished(uow: UnitOfWork, organisation_id: int, recurrence_id: int, due_on: date) -> None:
    """Raises: OccurrenceDone."""
    dealt_with = queries.occurrences(uow.connection, uow.scope, organisation_id, due_on, due_on)
    (before,) = (each for each in dealt_with if each.recurrence_id == recurrence_id)
    if before.state is not OccurrenceState.DRAFTED:
        raise rules.OccurrenceDone()


def leave_out(uow: UnitOfWork, organisation_id: int, recurrence_id: int, due_on: date, command: LeaveOut) -> None:
    """Pass over a due day, for a reason.  Raises: RecurrenceUnknown, OccurrenceDone."""
    found, _ = _require_due(uow, organisation_id, recurrence_id, due_on)
    if not queries.insert_occurrence(
        uow.connection, uow.scope, organisation_id, recurrence_id, due_on, key=None, reason=command.reason
    ):
        raise rules.OccurrenceDone()
    facts = {"due_on": due_on.isoformat(), "reason": command.reason}
    _record(uow, "recurrence-left-out", organisation_id, found.template_id, **facts)


def _require_due(uow: UnitOfWork, organisation_id: int, recurrence_id: int, due_on: date) -> tuple[Recurrence, UUID]:
    """Raises: RecurrenceUnknown, where it does not fall due on that day."""
    found = recurrence(uow, organisation_id, recurrence_id)
    if due_on not in rules.due_days(found, due_on):
        raise rules.RecurrenceUnknown()
    return found, rules.key_of(organisation_id, recurrence_id, due_on)


def _due(organisation_id: int, each: Recurrence, day: date) -> Occurrence:
    return Occurrence(
        each.id,
        each.template,
        each.owner_id,
        each.owner,
        day,
        OccurrenceState.DUE,
        rules.key_of(organisation_id, each.id, day),
        draft_id=None,
        prepared_id=None,
        entry_id=None,
        reason="",
    )


def _record(uow: UnitOfWork, action: str, organisation_id: int, template_id: int, **facts: Any) -> None:
    about = f"template:{organisation_id}/{template_id}"
    audit.record(uow.connection, uow.scope, action, about, organisation_id=organisation_id, **facts)
