"""Recoding of books.  A mapping is made, looked at, and applied to one organisation's books at a time."""

from collections.abc import Iterator
from datetime import timedelta

from erp.base import audit
from erp.base.dates import day_string
from erp.base.uow import UnitOfWork
from erp.finance.journal import queries as journal
from erp.finance.journal import values
from erp.finance.journal.rules import JournalUnknown
from erp.finance.recoding import queries, rules
from erp.finance.recoding.model import ACCOUNT, Applied, Line, Move, Outcome, Plan, Progress, Recoding, Registers
from erp.finance.recoding.schemas import MakeRecoding
from ledger import service as ledger
from ledger.model import Dimension, EntryKind, JournalEntry, Source


def make(uow: UnitOfWork, organisation_id: int | None, command: MakeRecoding) -> int:
    """Keep a mapping table, for one organisation's books or for everybody's; returns its id.  Nothing is moved.

    Raises: NotFirstOfMonth, MappingEmpty, MappedTwice, MappedToItself, MappedOn.
    """
    if command.effective_on.day != 1:
        raise rules.NotFirstOfMonth(day=day_string(command.effective_on))
    lines = [Line(line.what, line.old, line.new) for line in command.lines]
    rules.require_shape(lines)
    made = queries.insert(uow.connection, uow.scope, organisation_id, command.title, command.effective_on, lines)
    audit.record(
        uow.connection, uow.scope, "recoding-made", f"recoding:{made}", organisation_id=organisation_id,
        title=command.title, effective_on=command.effective_on.isoformat(), lines=len(lines),
    )  # fmt: skip
    return made


def recodings(uow: UnitOfWork, organisation_id: int | None) -> list[Recoding]:
    """Recodings for everybody and of the organisation, the latest first."""
    return queries.recodings(uow.connection, uow.scope, organisation_id)


def recoding(uow: UnitOfWork, recoding_id: int, organisation_id: int | None = None) -> Recoding:
    """Raises: RecodingUnknown."""
    found = queries.recoding(uow.connection, uow.scope, recoding_id, organisation_id)
    if found is None:
        raise rules.RecodingUnknown()
    return found


def preview(uow: UnitOfWork, recoding_id: int, organisation_id: int) -> Plan:
    """Every balance that would be moved, by its dimensions, and what is wrong.  Raises: RecodingUnknown."""
    found = recoding(uow, recoding_id, organisation_id)
    registers = _registers(uow, found)
    standings = queries.standings(uow.connection, uow.scope, organisation_id, found)
    return Plan(
        found,
        organisation_id,
        tuple(rules.faults_of_mapping(found, registers)),
        tuple(rules.move(standing, found, registers) for standing in standings),
        queries.rounds(uow.connection, uow.scope, organisation_id, recoding_id),
    )


def faults(uow: UnitOfWork, found: Recoding) -> list[Exception]:
    """What is wrong with a mapping, whatever stands in anybody's books."""
    return list(rules.faults_of_mapping(found, _registers(uow, found)))


def apply(uow: UnitOfWork, recoding_id: int, organisation_id: int) -> Applied:
    """Move the balances of old codes to the new ones on the day of the effect, in one transaction.

    Repeating it moves what has come since, under the key of the next round; where nothing has, it does nothing.

    Raises: RecodingUnknown, RecodingImpossible; PeriodClosed, PeriodRestricted, PeriodNotOpened of ``ledger.errors``.
    """
    queries.lock(uow.connection, uow.scope, organisation_id)
    plan = preview(uow, recoding_id, organisation_id)
    if plan.faults:
        raise rules.RecodingImpossible(plan.faults)
    if not plan.moves:
        return Applied(Outcome.NOTHING, plan.rounds, 0)
    if not plan.is_possible:
        raise rules.RecodingImpossible(plan.all_faults)
    round_ = plan.rounds + 1
    key = rules.key_of(recoding_id, organisation_id, round_)
    journal.allow_long_statements(uow.connection, uow.scope)
    old = [move.standing.subaccount_id for move in plan.moves]
    queries.hold(uow.connection, uow.scope, organisation_id, recoding_id, old)
    entries = list(_entries(uow, plan))
    ledger.lock_balances(uow.connection, organisation_id, entries)
    for entry in entries:
        ledger.post_entry(uow.connection, entry, uow.scope.actor)
    queries.release(uow.connection, uow.scope, organisation_id, old)
    postings = sum(len(entry.postings) for entry in entries)
    queries.record_transfer(uow.connection, uow.scope, organisation_id, recoding_id, round_, key, postings)
    audit.record(
        uow.connection, uow.scope, "recoded", f"recoding:{recoding_id}", organisation_id=organisation_id,
        round=round_, postings=postings, effective_on=plan.recoding.effective_on.isoformat(),
    )  # fmt: skip
    return Applied(Outcome.MOVED, round_, postings)


def end_codes(uow: UnitOfWork, recoding_id: int) -> int:
    """End the old codes of a recoding for everybody on its day; returns how many.

    Books whose balances still stand on them are moved all the same, at any time.

    Raises: RecodingUnknown, RecodingImpossible where the new codes are not in force.
    """
    found = recoding(uow, recoding_id)
    if wrong := rules.faults_of_mapping(found, _registers(uow, found)):
        raise rules.RecodingImpossible(wrong)
    ended = queries.end_codes(uow.connection, uow.scope, recoding_id)
    audit.record(uow.connection, uow.scope, "recoding-ended", f"recoding:{recoding_id}", codes=ended)
    return ended


def progress(uow: UnitOfWork, recoding_id: int) -> list[Progress]:
    """Organisations that a recoding for everybody concerns; without sums, which administrators do not read."""
    return queries.progress(uow.connection, uow.scope, recoding_id)


def _entries(uow: UnitOfWork, plan: Plan) -> Iterator[JournalEntry]:
    found = plan.recoding
    journal_id = opening_journal(uow)
    for start in range(0, len(plan.moves), rules.POSTINGS_AN_ENTRY):
        moves: tuple[Move, ...] = plan.moves[start : start + rules.POSTINGS_AN_ENTRY]
        targets = [move.target for move in moves]
        ids = ledger.intern_subaccounts(uow.connection, plan.organisation_id, targets)
        yield JournalEntry(
            organisation_id=plan.organisation_id,
            key=rules.key_of(found.id, plan.organisation_id, plan.rounds + 1, start),
            journal_id=journal_id,
            effective_on=found.effective_on,
            memo=rules.MEMO.format(title=found.title),
            postings=tuple(rules.postings(moves, ids)),
            kind=EntryKind.OPENING,
            source=Source("recoding", found.id),
        )


def opening_journal(uow: UnitOfWork) -> int:
    """Id of the journal that opening entries are posted to.  Raises: JournalUnknown."""
    for each in journal.journals(uow.connection, uow.scope):
        if each.code == rules.OPENING_JOURNAL:
            return each.id
    raise JournalUnknown(journal=rules.OPENING_JOURNAL)


def _registers(uow: UnitOfWork, found: Recoding) -> Registers:
    accounts = found.mapping(ACCOUNT)
    editions = queries.account_editions(uow.connection, uow.scope, {*accounts, *accounts.values()})
    by_value = [line for line in found.lines if line.what != ACCOUNT]
    olds = {(Dimension.of(line.what), line.old) for line in by_value}
    news = {(Dimension.of(line.what), line.new) for line in by_value}
    before = values.unknown(uow, olds, day=found.effective_on - timedelta(days=1))
    after = values.unknown(uow, news, day=found.effective_on)
    return Registers(
        editions,
        frozenset((dimension.slug, code) for dimension, code in before),
        frozenset((dimension.slug, code) for dimension, code in after),
    )
