"""A joining in two transactions: balances leave one book, then enter the other.  Either step may be repeated."""

from collections.abc import Sequence
from datetime import date

from erp.base import audit
from erp.base.dates import day_string
from erp.base.uow import UnitOfWork
from erp.finance.journal import queries as journal
from erp.finance.recoding import queries as recoding
from erp.finance.recoding.model import AccountEdition
from erp.finance.recoding.rules import POSTINGS_AN_ENTRY, NotFirstOfMonth
from erp.finance.recoding.service import opening_journal
from erp.finance.reorganisation import queries, rules
from erp.finance.reorganisation.model import Leaving, Reorganisation
from erp.finance.reorganisation.schemas import Join
from erp.reference.organisations import service as organisations
from ledger import service as ledger
from ledger.errors import RoleAccountMissing
from ledger.model import EntryKind, JournalEntry, Posting, Source, SubaccountKey


def of_organisation(uow: UnitOfWork, organisation_id: int) -> list[Reorganisation]:
    """What an institution joined, and what joined it; the latest first."""
    return queries.of_organisation(uow.connection, uow.scope, organisation_id)


def predecessors(uow: UnitOfWork, organisation_id: int) -> list[Reorganisation]:
    """Institutions whose balances entered the books: reports name them."""
    return [
        each for each in of_organisation(uow, organisation_id) if each.to_id == organisation_id and each.joined_rounds
    ]


def preview(uow: UnitOfWork, organisation_id: int, command: Join) -> Leaving:
    """Every balance that would leave, and what stands in the way.

    Raises: NotFirstOfMonth, InstitutionUnknown, JoinsItself.
    """
    _other(uow, organisation_id, command)
    transit = _account(uow, command.transit, command.effective_on)
    faults = list(rules.faults_of_transit(transit, command.transit, command.effective_on))
    standings = recoding.all_standings(uow.connection, uow.scope, organisation_id, command.effective_on)
    own = queries.organisation_codes(uow.connection, uow.scope, [organisation_id])[organisation_id]
    faults += rules.faults_of_standings(standings, command.transit, (own, command.other), command.effective_on)
    return Leaving(tuple(standings), tuple(faults))


def leave(uow: UnitOfWork, organisation_id: int, command: Join) -> int:
    """All balances of an institution leave its books on the day; returns the id of the joining.

    Repeating it lets leave what has come since, by corrections dated before the day.

    Raises: as ``preview``; AlreadyJoining where it joins otherwise, NothingSince, LeavingImpossible; PeriodClosed,
    PeriodRestricted, PeriodNotOpened of ``ledger.errors``.
    """
    other = _other(uow, organisation_id, command)
    day = command.effective_on
    found = queries.lock_leaving(uow.connection, uow.scope, organisation_id, other, day, command.act, command.transit)
    if (found.to_id, found.effective_on, found.transit) != (other, day, command.transit):
        raise rules.AlreadyJoining()
    queries.lock_books(uow.connection, uow.scope, organisation_id)
    leaving = preview(uow, organisation_id, command)
    if found.left_rounds and not leaving.standings:
        raise rules.NothingSince()
    if leaving.faults:
        raise rules.LeavingImpossible(leaving.faults)
    in_transit = _InTransit(uow, organisation_id, command.transit, command.other, day)
    postings = [
        rules.leaving_posting(each, in_transit.side(each.account.kind == "off_balance")) for each in leaving.standings
    ]
    memo = rules.MEMO_LEFT.format(other=command.other, act=found.act)
    round_ = found.left_rounds + 1
    _post(uow, organisation_id, found.id, "leave", round_, day, memo, postings)
    queries.mark_left(uow.connection, uow.scope, found.id)
    audit.record(
        uow.connection, uow.scope, "institution-left", f"organisation:{organisation_id}",
        organisation_id=organisation_id, joins=command.other, act=found.act, effective_on=day.isoformat(),
        round=round_, postings=len(postings),
    )  # fmt: skip
    return found.id


def join(uow: UnitOfWork, organisation_id: int, reorganisation_id: int) -> Reorganisation:
    """The balances that left enter this institution's books; repeating it changes nothing.

    Raises: ReorganisationUnknown, NotLeftYet; PeriodClosed, PeriodRestricted, PeriodNotOpened of ``ledger.errors``.
    """
    found = queries.lock(uow.connection, uow.scope, reorganisation_id)
    if found is None or found.to_id != organisation_id:
        raise rules.ReorganisationUnknown()
    if found.is_done:
        return found
    if found.left_at is None:
        raise rules.NotLeftYet()
    handed = queries.handed(uow.connection, uow.scope, reorganisation_id)
    other = queries.organisation_codes(uow.connection, uow.scope, [found.from_id])[found.from_id]
    in_transit = _InTransit(uow, organisation_id, found.transit, other, found.effective_on)
    keys = [SubaccountKey(each.account_id, each.codes) for each in handed]
    ids = ledger.intern_subaccounts(uow.connection, organisation_id, keys)
    off_balance = queries.off_balance_accounts(uow.connection, uow.scope, [each.account_id for each in handed])
    postings = [
        rules.joining_posting(each, id_, in_transit.side(each.account_id in off_balance))
        for each, id_ in zip(handed, ids, strict=True)
    ]
    memo = rules.MEMO_JOINED.format(other=other, act=found.act)
    _post(uow, organisation_id, found.id, "join", found.left_rounds, found.effective_on, memo, postings)
    queries.mark_joined(uow.connection, uow.scope, found.id)
    audit.record(
        uow.connection, uow.scope, "institution-joined", f"organisation:{organisation_id}",
        organisation_id=organisation_id, joined_by=other, act=found.act,
        effective_on=found.effective_on.isoformat(), postings=len(postings),
    )  # fmt: skip
    done = queries.lock(uow.connection, uow.scope, found.id)
    assert done is not None
    return done


class _InTransit:
    """Subaccounts through which balances pass in one book, made when first needed."""

    def __init__(self, uow: UnitOfWork, organisation_id: int, transit: str, other_code: str, day: date) -> None:
        self._uow, self._organisation, self._day = uow, organisation_id, day
        self._transit, self._other = transit, other_code
        self._sides: dict[bool, int] = {}

    def side(self, off_balance: bool) -> int:
        """The account in transit, or the contra account of what stands off the balance sheet."""
        if off_balance not in self._sides:
            key = self._contra() if off_balance else self._key()
            (self._sides[off_balance],) = ledger.intern_subaccounts(self._uow.connection, self._organisation, [key])
        return self._sides[off_balance]

    def _key(self) -> SubaccountKey:
        account = _account(self._uow, self._transit, self._day)
        if account is None:
            raise rules.TransitUnfit(account=self._transit, day=day_string(self._day))
        return SubaccountKey(account.id, rules.transit_codes(account, self._other))

    def _contra(self) -> SubaccountKey:
        account = queries.contra_account(self._uow.connection, self._uow.scope, self._day)
        if account is None:
            raise RoleAccountMissing(role="contra", day=self._day)
        return SubaccountKey.of(account, {})


def _post(
    uow: UnitOfWork,
    organisation_id: int,
    reorganisation_id: int,
    step: str,
    round_: int,
    day: date,
    memo: str,
    postings: Sequence[Posting],
) -> None:
    if not postings:
        return
    key, journal_id = rules.key_of(reorganisation_id, step, round_), opening_journal(uow)
    source = Source("reorganisation", reorganisation_id, round_)
    journal.allow_long_statements(uow.connection, uow.scope)
    entries = [
        JournalEntry(
            organisation_id,
            key,
            journal_id,
            day,
            memo,
            tuple(postings[start : start + POSTINGS_AN_ENTRY]),
            EntryKind.OPENING,
            source=source,
        )
        for start in range(0, len(postings), POSTINGS_AN_ENTRY)
    ]
    ledger.post_many(uow.connection, organisation_id, key, entries, uow.scope.actor, source)


def _other(uow: UnitOfWork, organisation_id: int, command: Join) -> int:
    if command.effective_on.day != 1:
        raise NotFirstOfMonth(day=day_string(command.effective_on))
    other = organisations.find_by_code(uow, command.other)
    if other is None:
        raise rules.InstitutionUnknown(code=command.other)
    if other.id == organisation_id:
        raise rules.JoinsItself()
    return other.id


def _account(uow: UnitOfWork, code: str, day: date) -> AccountEdition | None:
    editions = recoding.account_editions(uow.connection, uow.scope, [code]).get(code, ())
    return next((each for each in editions if each.counts_on(day)), None)
