"""A takeover step by step: files in, words and accounts decided by a person, balances and entries posted, compared."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from erp.base import audit
from erp.base.dates import MonthSpan, day_string, month_string
from erp.base.money import decimal_string
from erp.base.sheets.heads import fold
from erp.base.sheets.model import Limits
from erp.base.sheets.reader import read_table
from erp.base.uow import UnitOfWork
from erp.finance.journal import queries as journal
from erp.finance.journal import service as journal_service
from erp.finance.journal import values as registers
from erp.finance.journal.model import Account as OurAccount
from erp.finance.journal.rules import JournalUnknown, ValueUnknown
from erp.finance.takeover import fonts, queries, reading, rules
from erp.finance.takeover.fonts import Repair
from erp.finance.takeover.model import (
    AccountLine,
    Agreement,
    Batch,
    Comparison,
    Contents,
    CounterpartyRow,
    Decision,
    Difference,
    Drill,
    File,
    Kind,
    MonthLine,
    OurSide,
    Path,
    PostingRow,
    Refused,
    Side,
    State,
    Suggestion,
    Takeover,
    ValueLine,
    Why,
)
from erp.finance.takeover.rules import FaultyBalance, Knowledge
from erp.finance.takeover.schemas import (
    AcceptSuggestions,
    BeginTakeover,
    DecideAccount,
    DecideAccounts,
    DecideValues,
    DecideWords,
    ExplainDifference,
)
from erp.reference.attachments import service as attachments
from erp.reference.attachments.model import Checked
from erp.reference.counterparties import queries as counterparties
from erp.reference.counterparties import service as counterparty_service
from erp.reference.counterparties.rules import IbanInvalid, iban
from erp.reference.counterparties.service import RegisterCounterparty
from ledger import service as ledger
from ledger.errors import ApprovalNeeded
from ledger.model import Correction, Dimension, EntryKind, JournalEntry, Posting, Source, SubaccountKey

_KEYS = UUID("a1d0c7f2-64b5-5d0e-8a51-0d2f9f7b3c25")
_LIMITS = Limits(rows=300_000, columns=60)
_SAMPLES = 20
_MEMO_TAKEN_BACK = "Алынған бастапқы қалдықтар кері қайтарылды / Перенесённые начальные остатки отозваны"


def subject(organisation_id: int, takeover_id: int) -> str:
    return f"takeover:{organisation_id}/{takeover_id}"


# ------------------------------------------------------------------------------------------------ takeovers


def takeovers(uow: UnitOfWork, organisation_id: int) -> list[Takeover]:
    """The latest first."""
    return queries.takeovers(uow.connection, uow.scope, organisation_id)


def takeover(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> Takeover:
    """Raises: TakeoverUnknown."""
    found = queries.takeover(uow.connection, uow.scope, organisation_id, takeover_id)
    if found is None:
        raise rules.TakeoverUnknown()
    return found


def begin(uow: UnitOfWork, organisation_id: int, command: BeginTakeover) -> int:
    """Begin to take an institution over; returns the takeover's id.  Raises: NotFirstOfMonth, TakeoverUnderWay."""
    if command.starts_on.day != 1:
        raise rules.NotFirstOfMonth(day=day_string(command.starts_on))
    queries.lock(uow.connection, uow.scope, organisation_id)
    if open_one := next((t for t in takeovers(uow, organisation_id) if t.is_under_way), None):
        raise rules.TakeoverUnderWay(program=open_one.source_program)
    program = " ".join(command.source_program.split())
    made = queries.insert_takeover(uow.connection, uow.scope, organisation_id, command.starts_on, program)
    _record(uow, organisation_id, made, "takeover-begun", program=program, since=command.starts_on.isoformat())
    return made


def finish(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> None:
    """End the parallel run.  Raises: TakeoverUnknown, TakeoverEnded; NotAgreed while a difference has no reason."""
    _under_way(uow, organisation_id, takeover_id)
    open_ = [c.file.name for c in comparisons(uow, organisation_id, takeover_id) if not c.agreement and c.unexplained]
    if open_:
        raise rules.NotAgreed(files=", ".join(open_[:10]))
    _end(uow, organisation_id, takeover_id, State.FINISHED, "takeover-finished")


def give_up(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> None:
    """Leave a takeover as it is; what is posted stays posted.  Raises: TakeoverUnknown, TakeoverEnded."""
    _under_way(uow, organisation_id, takeover_id)
    _end(uow, organisation_id, takeover_id, State.GIVEN_UP, "takeover-given-up")


def _end(uow: UnitOfWork, organisation_id: int, takeover_id: int, state: State, action: str) -> None:
    queries.set_state(uow.connection, uow.scope, organisation_id, takeover_id, state)
    _record(uow, organisation_id, takeover_id, action)


def _under_way(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> Takeover:
    """The takeover, held against others who change it.  Raises: TakeoverUnknown, TakeoverEnded."""
    queries.lock(uow.connection, uow.scope, organisation_id)
    found = takeover(uow, organisation_id, takeover_id)
    if not found.is_under_way:
        raise rules.TakeoverEnded()
    return found


def _record(uow: UnitOfWork, organisation_id: int, takeover_id: int, action: str, **facts: Any) -> None:
    audit.record(
        uow.connection, uow.scope, action, subject(organisation_id, takeover_id), organisation_id=organisation_id,
        **facts,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------ files


def files(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> list[File]:
    """Files taken in, those set aside last."""
    return queries.files(uow.connection, uow.scope, organisation_id, takeover_id)


def recognise(file: Checked, known: Collection[str] = (), span: MonthSpan | None = None) -> Contents:
    """What is in a file; nothing is kept.

    Raises: FileUnreadable, TableTooLarge, TableEmpty of ``erp.base.sheets``, and what ``reading.read`` does.
    """
    return reading.read(read_table(file.content, file.name, _LIMITS), frozenset(known), span)


def take_in(
    uow: UnitOfWork, organisation_id: int, takeover_id: int, file: Checked, span: MonthSpan | None = None
) -> File:
    """Keep a file and every row of it; what was decided before counts for it too.

    Raises: as ``recognise``; TakeoverUnknown, TakeoverEnded, FileTakenAlready, MonthsTaken.
    """
    journal.allow_long_statements(uow.connection, uow.scope)
    _under_way(uow, organisation_id, takeover_id)
    contents = recognise(file, _charted(uow, organisation_id, takeover_id), span)
    digest = sha256(file.content).digest()
    _require_new(uow, organisation_id, takeover_id, file.name, digest, contents)
    file_id = queries.insert_file(
        uow.connection, uow.scope, organisation_id, takeover_id, name=file.name, sha256=digest,
        recognised=contents.recognised, rows=contents.rows, amount_tiyn=contents.amount_tiyn,
    )  # fmt: skip
    attachments.attach(uow, organisation_id, subject(organisation_id, takeover_id), file)
    _keep_rows(uow, organisation_id, takeover_id, file_id, contents)
    _record(
        uow, organisation_id, takeover_id, "takeover-file-taken", name=file.name,
        kind=contents.recognised.kind.value, rows=contents.rows,
    )  # fmt: skip
    return _file(uow, organisation_id, takeover_id, file_id)


def _charted(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> list[str]:
    """Codes of their accounts, where a chart says all of them."""
    if not any(f.kind is Kind.CHART and f.set_aside_at is None for f in files(uow, organisation_id, takeover_id)):
        return []
    return [u.account.code for u in queries.accounts(uow.connection, uow.scope, organisation_id, takeover_id)]


def _require_new(
    uow: UnitOfWork, organisation_id: int, takeover_id: int, name: str, digest: bytes, contents: Contents
) -> None:
    said = contents.recognised
    for other in files(uow, organisation_id, takeover_id):
        if other.set_aside_at is not None or other.kind is not said.kind:
            continue
        if other.sha256 == digest:
            raise rules.FileTakenAlready(file=name)
        if said.span and other.span.start < said.span.end and said.span.start < other.span.end:
            raise rules.MonthsTaken(other=other.name, file=name)


def _keep_rows(uow: UnitOfWork, organisation_id: int, takeover_id: int, file_id: int, contents: Contents) -> None:
    connection, scope = uow.connection, uow.scope
    queries.keep_accounts(connection, scope, organisation_id, takeover_id, contents.accounts)
    sides = {row.side for row in contents.balances}
    sides |= {side for row in contents.postings for side in (row.debit, row.credit) if side.account}
    if sides:
        ids = queries.keep_sides(connection, scope, organisation_id, takeover_id, sides)
        queries.insert_balances(connection, scope, organisation_id, file_id, contents.balances, ids)
        queries.insert_postings(connection, scope, organisation_id, file_id, contents.postings, ids)
    queries.insert_counterparties(connection, scope, organisation_id, file_id, contents.counterparties)


def set_aside(uow: UnitOfWork, organisation_id: int, takeover_id: int, file_id: int) -> None:
    """Let a file count no more; its rows stay.  Raises: TakeoverUnknown, TakeoverEnded, FileUnknown, FilePosted."""
    _under_way(uow, organisation_id, takeover_id)
    found = _file(uow, organisation_id, takeover_id, file_id)
    if found.set_aside_at is not None:
        raise rules.FileUnknown()
    if found.first_on is not None:
        span = found.span
        if queries.entries_of_file(uow.connection, uow.scope, organisation_id, file_id, span.start, span.end):
            raise rules.FilePosted(file=found.name)
    queries.set_aside(uow.connection, uow.scope, organisation_id, file_id)
    _record(uow, organisation_id, takeover_id, "takeover-file-set-aside", name=found.name)


def _file(uow: UnitOfWork, organisation_id: int, takeover_id: int, file_id: int) -> File:
    found = next((f for f in files(uow, organisation_id, takeover_id) if f.id == file_id), None)
    if found is None:
        raise rules.FileUnknown()
    return found


def file_of(uow: UnitOfWork, organisation_id: int, takeover_id: int, file_id: int, kind: Kind | None = None) -> File:
    """A file in use.  Raises: TakeoverUnknown, FileUnknown."""
    takeover(uow, organisation_id, takeover_id)
    found = _file(uow, organisation_id, takeover_id, file_id)
    if found.set_aside_at is not None or (kind and found.kind is not kind):
        raise rules.FileUnknown()
    return found


# ------------------------------------------------------------------------------------------------ words of old fonts


def words(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> tuple[list[Repair], dict[str, str]]:
    """Words that look like Kazakh of an old font, and what was decided on some.  Raises: TakeoverUnknown."""
    found = takeover(uow, organisation_id, takeover_id)
    known = frozenset(
        word.casefold()
        for account in journal.accounts_in_force(uow.connection, uow.scope, found.starts_on)
        for word in fonts.words_of(account.name_kk)
    )
    texts = queries.texts(uow.connection, uow.scope, organisation_id, takeover_id)
    decided = queries.words(uow.connection, uow.scope, organisation_id, takeover_id)
    return fonts.proposals(texts, known), decided


def decide_words(uow: UnitOfWork, organisation_id: int, takeover_id: int, command: DecideWords) -> int:
    """Say of words of old fonts what they are; returns how many decisions are new.

    Raises: TakeoverUnknown, TakeoverEnded.
    """
    _under_way(uow, organisation_id, takeover_id)
    before = queries.words(uow.connection, uow.scope, organisation_id, takeover_id)
    decided = {d.before: d.after for d in command.decisions if before.get(d.before) != d.after}
    if decided:
        queries.insert_words(uow.connection, uow.scope, organisation_id, takeover_id, decided)
        _record(uow, organisation_id, takeover_id, "takeover-words-decided", count=len(decided))
    return len(decided)


# ------------------------------------------------------------------------------------------------ what is decided


@dataclass
class _Desk:
    """What a takeover's decisions say, read once a command."""

    uow: UnitOfWork
    organisation_id: int
    takeover: Takeover

    @classmethod
    def of(cls, uow: UnitOfWork, organisation_id: int, takeover_id: int) -> "_Desk":
        return cls(uow, organisation_id, takeover(uow, organisation_id, takeover_id))

    @property
    def _at(self) -> tuple[int, int]:
        return self.organisation_id, self.takeover.id

    @cached_property
    def words(self) -> dict[str, str]:
        return queries.words(self.uow.connection, self.uow.scope, *self._at)

    @cached_property
    def used(self) -> list[queries.Used]:
        return queries.accounts(self.uow.connection, self.uow.scope, *self._at)

    @cached_property
    def decisions(self) -> dict[str, Decision]:
        return queries.decisions(self.uow.connection, self.uow.scope, *self._at)

    @cached_property
    def values(self) -> dict[tuple[str, str], str]:
        return queries.values(self.uow.connection, self.uow.scope, *self._at)

    @cached_property
    def sides(self) -> dict[int, Side]:
        return queries.sides_of(self.uow.connection, self.uow.scope, *self._at)

    @cached_property
    def chart(self) -> dict[str, OurAccount]:
        """Accounts in force on the day of the takeover; under the empty code the contra account."""
        found = journal.accounts_in_force(self.uow.connection, self.uow.scope, self.takeover.starts_on)
        return {"" if a.is_contra else a.code: a for a in found}

    @cached_property
    def counterparties(self) -> list[CounterpartyRow]:
        return queries.counterparties(self.uow.connection, self.uow.scope, *self._at)

    @cached_property
    def numbers(self) -> dict[str, str]:
        """BIN and IIN that are right, by the folded names of their counterparties."""
        named: dict[str, str] = {}
        for row in self.counterparties:
            if number := rules.number_or_none(row.code):
                named |= {fold(name): number for name in (row.name, row.full_name) if name}
        return named

    def repaired(self, text: str) -> str:
        return fonts.repair(text, self.words)

    def our_side(self, side: Side) -> OurSide:
        """Raises: NotMapped, ValueNotDecided."""
        if not side.account:
            return OurSide("", ("",) * len(Dimension))
        return rules.our_side(side, self.decisions.get(side.account), self.values)

    def unknown(self, sides: Iterable[OurSide], day: date) -> set[tuple[Dimension, str]]:
        """Codes of sides that a register should know on a day and does not."""
        named = {(d, code) for side in sides for d, code in zip(Dimension, side.codes, strict=True) if code}
        return registers.unknown(self.uow, named, day=day)


# ------------------------------------------------------------------------------------------------ accounts


def accounts(
    uow: UnitOfWork, organisation_id: int, takeover_id: int, earlier: Collection[queries.Earlier] = ()
) -> list[AccountLine]:
    """Their accounts that rows name, with what each becomes or could.

    ``earlier`` are decisions in other institutions that the asker may read.  Raises: TakeoverUnknown.
    """
    desk = _Desk.of(uow, organisation_id, takeover_id)
    found = _suggestions(desk, earlier)
    return [
        AccountLine(
            each.account, desk.repaired(each.account.name), each.uses, desk.decisions.get(each.account.code),
            found.get(each.account.code),
        )
        for each in desk.used
        if each.uses
    ]  # fmt: skip


def account_line(
    uow: UnitOfWork, organisation_id: int, takeover_id: int, code: str, earlier: Collection[queries.Earlier] = ()
) -> tuple[AccountLine, tuple[tuple[str, ...], ...]]:
    """One of them, with some values of each place of its analysis.  Raises: TakeoverUnknown, TheirAccountUnknown."""
    desk = _Desk.of(uow, organisation_id, takeover_id)
    for line in accounts(uow, organisation_id, takeover_id, earlier):
        if line.account.code == code:
            samples = _samples(desk).get(code, [])
            return line, tuple(tuple(map(desk.repaired, values)) for values in samples)
    raise rules.TheirAccountUnknown(account=code)


def earlier_decisions(uow: UnitOfWork, codes: Collection[str]) -> list[queries.Earlier]:
    """What accounts with these codes became in takeovers of all books within the scope."""
    return queries.earlier(uow.connection, uow.scope, list(codes))


def _suggestions(desk: _Desk, earlier: Collection[queries.Earlier]) -> dict[str, Suggestion]:
    names = {fold(name) for row in desk.counterparties for name in (row.name, row.full_name, row.code) if name}
    knowledge = Knowledge(
        {code: account for code, account in desk.chart.items() if code},
        queries.correspondences(desk.uow.connection, desk.uow.scope),
        {(e.account, fold(e.name)): (e.ours, e.takeovers) for e in earlier},
        _samples(desk),
        names,
    )
    return rules.suggestions(
        ((each.account, desk.repaired(each.account.name)) for each in desk.used if each.uses), knowledge
    )


def _samples(desk: _Desk) -> dict[str, list[list[str]]]:
    """Some values of each place of the analysis, by account."""
    samples: dict[str, list[list[str]]] = {}
    for side in desk.sides.values():
        levels = samples.setdefault(side.account, [])
        for at, value in enumerate(side.subconto):
            while len(levels) <= at:
                levels.append([])
            if value and len(levels[at]) < _SAMPLES:
                levels[at].append(value)
    return samples


def decide_accounts(uow: UnitOfWork, organisation_id: int, takeover_id: int, command: DecideAccounts) -> int:
    """Say what accounts of theirs become here; returns how many decisions are new.

    Raises: TakeoverUnknown, TakeoverEnded, TheirAccountUnknown; AccountUnfit, DimensionUnfit, DimensionTwice,
    DimensionsMissing.
    """
    _under_way(uow, organisation_id, takeover_id)
    desk = _Desk.of(uow, organisation_id, takeover_id)
    return _decide(desk, [_chosen(d) for d in command.decisions])


def _chosen(said: DecideAccount) -> Decision:
    fixed = {str(slug): code for slug, code in said.fixed.items() if code}
    return Decision(said.account, said.ours, tuple(said.dimensions), fixed, None, Why.CHOSEN.value)


def accept_suggestions(
    uow: UnitOfWork,
    organisation_id: int,
    takeover_id: int,
    command: AcceptSuggestions,
    earlier: Collection[queries.Earlier] = (),
) -> int:
    """Accept every suggestion that is sure enough and complete for accounts not decided yet; returns how many.

    Raises: TakeoverUnknown, TakeoverEnded.
    """
    _under_way(uow, organisation_id, takeover_id)
    desk = _Desk.of(uow, organisation_id, takeover_id)
    return _decide(desk, list(_acceptable(desk, _suggestions(desk, earlier), command.least)))


def acceptable(lines: Iterable[AccountLine], chart: Mapping[str, OurAccount], least: int) -> int:
    """How many suggestions ``accept_suggestions`` would accept."""
    open_ = [line.suggestion for line in lines if line.decision is None and line.suggestion is not None]
    return sum(_is_complete(suggestion, chart, least) for suggestion in open_)


def chart(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> dict[str, OurAccount]:
    """Our accounts on the day of the takeover.  Raises: TakeoverUnknown."""
    return _Desk.of(uow, organisation_id, takeover_id).chart


def _is_complete(suggestion: Suggestion, chart: Mapping[str, OurAccount], least: int) -> bool:
    named = Dimension(0)
    for slug in filter(None, suggestion.dimensions):
        named |= Dimension.of(slug)
    return suggestion.score >= least and not chart[suggestion.ours].mandatory & ~named


def _acceptable(desk: _Desk, found: Mapping[str, Suggestion], least: int) -> Iterator[Decision]:
    for code, suggestion in found.items():
        if code not in desk.decisions and _is_complete(suggestion, desk.chart, least):
            yield Decision(code, suggestion.ours, suggestion.dimensions, {}, suggestion.score, suggestion.why.value)


def _decide(desk: _Desk, decided: Sequence[Decision]) -> int:
    theirs = {each.account.code: each.account for each in desk.used}
    for decision in decided:
        account = theirs.get(decision.account)
        if account is None:
            raise rules.TheirAccountUnknown(account=decision.account)
        rules.check_decision(account, decision, desk.chart.get(decision.ours), desk.takeover.starts_on)
    new = [d for d in decided if not _is_same(d, desk.decisions.get(d.account))]
    if new:
        queries.insert_decisions(desk.uow.connection, desk.uow.scope, *desk._at, new)
        _record(
            desk.uow, *desk._at, "takeover-accounts-decided", count=len(new),
            lines=[f"{d.account} → {d.ours}" for d in new[:100]],
        )  # fmt: skip
    return len(new)


def _is_same(one: Decision, other: Decision | None) -> bool:
    return other is not None and (one.ours, one.dimensions, dict(one.fixed)) == (
        other.ours,
        other.dimensions,
        dict(other.fixed),
    )


# ------------------------------------------------------------------------------------------------ values


def values(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> list[ValueLine]:
    """Values of their analysis that need a code of a register, with what is decided or proposed.

    Raises: TakeoverUnknown.
    """
    desk = _Desk.of(uow, organisation_id, takeover_id)
    uses: dict[tuple[Dimension, str], int] = {}
    for side in desk.sides.values():
        decision = desk.decisions.get(side.account)
        for slug, said in zip(decision.dimensions if decision else (), side.subconto, strict=False):
            if slug and said and Dimension.of(slug) in rules.WITH_REGISTER:
                uses[Dimension.of(slug), said] = uses.get((Dimension.of(slug), said), 0) + 1
    proposed = {key: rules.proposed_code(*key, desk.numbers) for key in uses}
    named = {(key[0], code) for key, (code, _) in proposed.items() if code}
    named |= {(key[0], code) for key in uses if (code := desk.values.get((key[0].slug, key[1])))}
    unknown = registers.unknown(uow, named, day=desk.takeover.starts_on)
    lines = []
    for (dimension, said), count in uses.items():
        code, (guess, why) = desk.values.get((dimension.slug, said), ""), proposed[dimension, said]
        known = bool(code or guess) and (dimension, code or guess) not in unknown
        lines.append(ValueLine(dimension, said, desk.repaired(said), count, code, guess, why, known))
    return sorted(lines, key=lambda line: (line.dimension, bool(line.code), not line.known, line.shown))


def decide_values(uow: UnitOfWork, organisation_id: int, takeover_id: int, command: DecideValues) -> int:
    """Say what values of their analysis are here; returns how many decisions are new.

    Raises: TakeoverUnknown, TakeoverEnded; ValueUnknown for a code that its register does not have.
    """
    _under_way(uow, organisation_id, takeover_id)
    desk = _Desk.of(uow, organisation_id, takeover_id)
    wanted = {(Dimension.of(d.dimension), d.code) for d in command.decisions if d.code}
    if unknown := registers.unknown(uow, wanted, day=desk.takeover.starts_on):
        raise ValueUnknown(value=min(code for _, code in unknown))
    return _decide_values(desk, [(d.dimension, d.said, d.code, Why.CHOSEN.value) for d in command.decisions])


def accept_values(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> int:
    """Accept every proposed code that its register has; returns how many.  Raises: TakeoverUnknown, TakeoverEnded."""
    _under_way(uow, organisation_id, takeover_id)
    lines = values(uow, organisation_id, takeover_id)
    accepted = [(v.dimension.slug, v.said, v.proposed, v.why) for v in lines if not v.code and v.proposed and v.known]
    return _decide_values(_Desk.of(uow, organisation_id, takeover_id), accepted)


def _decide_values(desk: _Desk, decided: Sequence[tuple[str, str, str, str]]) -> int:
    new = [each for each in decided if desk.values.get((each[0], each[1]), "") != each[2]]
    if new:
        queries.insert_values(desk.uow.connection, desk.uow.scope, *desk._at, new)
        _record(
            desk.uow, *desk._at, "takeover-values-decided", count=len(new),
            lines=[f"{said} → {code}" for _, said, code, _ in new[:100]],
        )  # fmt: skip
    return len(new)


# ------------------------------------------------------------------------------------------------ counterparties


@dataclass(frozen=True, slots=True)
class Linking:
    """Their counterparties by what became, or can become, of each."""

    linked: tuple[CounterpartyRow, ...]
    """In the register already."""
    new: tuple[CounterpartyRow, ...]
    """With a right number that the register does not have."""
    faulty: tuple[CounterpartyRow, ...]
    """Without a number, or with a wrong one."""


def counterparties_of(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> Linking:
    """Raises: TakeoverUnknown."""
    return _linking(_Desk.of(uow, organisation_id, takeover_id))


def _linking(desk: _Desk) -> Linking:
    numbers = {row: rules.number_or_none(row.code) for row in desk.counterparties}
    wanted = {number for number in numbers.values() if number}
    known = counterparties.labels(desk.uow.connection, desk.uow.scope, wanted)

    def those(test: Callable[[str | None], bool]) -> tuple[CounterpartyRow, ...]:
        return tuple(row for row, number in numbers.items() if test(number))

    return Linking(
        those(lambda number: number in known),
        those(lambda number: number is not None and number not in known),
        those(lambda number: number is None),
    )


def link_counterparties(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> int:
    """Register their counterparties that are new, and keep the bank accounts of all; those known keep their names.

    Returns how many were registered.  Raises: TakeoverUnknown, TakeoverEnded.
    """
    _under_way(uow, organisation_id, takeover_id)
    desk = _Desk.of(uow, organisation_id, takeover_id)
    linking = _linking(desk)
    commands = {row.code: RegisterCounterparty(row.code, desk.repaired(row.full_name or row.name)[:300])
                for row in linking.new}  # fmt: skip
    counterparty_service.register(uow, list(commands.values()), organisation_id)
    accounts_ = [
        (row.code, number, desk.repaired(row.bank))
        for row in (*linking.linked, *linking.new)
        if (number := _iban_or_none(row.iban))
    ]
    kept = queries.keep_bank_accounts(uow.connection, uow.scope, organisation_id, accounts_)
    if commands or kept:
        _record(
            uow, organisation_id, takeover_id, "takeover-counterparties-linked", count=len(commands),
            linked=len(linking.linked), accounts=kept,
        )  # fmt: skip
    return len(commands)


def _iban_or_none(text: str) -> str | None:
    try:
        return iban(text)
    except IbanInvalid:
        return None


# ------------------------------------------------------------------------------------------------ opening balances


@dataclass(frozen=True)
class Opening:
    """What the books would begin with: sides of ours with their balances, and what has no place yet."""

    file: File
    balances: Mapping[OurSide, int]
    quantities: Mapping[OurSide, int]
    faults: tuple[FaultyBalance, ...]
    posted: Batch | None
    debit_tiyn: int
    credit_tiyn: int


def opening(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> Opening:
    """The opening balances of the trial balance that begins on the day.

    Raises: TakeoverUnknown, OpeningMissing.
    """
    return _opening(_Desk.of(uow, organisation_id, takeover_id))


def _opening(desk: _Desk) -> Opening:
    file = _opening_file(desk)
    sums: dict[OurSide, int] = {}
    quantities: dict[OurSide, int] = {}
    faults = []
    debit = credit = 0
    rows = queries.opening_rows(desk.uow.connection, desk.uow.scope, desk.organisation_id, file.id)
    for row in rows:
        if not row.off_balance:
            debit, credit = debit + max(row.tiyn, 0), credit + max(-row.tiyn, 0)
        if not row.tiyn:
            continue
        side = desk.sides[row.side_id]
        try:
            ours = desk.our_side(side)
        except (rules.NotMapped, rules.ValueNotDecided) as error:
            faults.append(FaultyBalance(side, row.tiyn, error))
            continue
        sums[ours] = sums.get(ours, 0) + row.tiyn
        if row.quantity_milli is not None and desk.chart[ours.account].keeps_quantity:
            quantities[ours] = quantities.get(ours, 0) + row.quantity_milli
    unknown = desk.unknown(sums, desk.takeover.starts_on)
    for ours, tiyn in sums.items():
        if fault := rules.side_fault(ours, desk.chart.get(ours.account), unknown):
            faults.append(FaultyBalance(Side(ours.account, tuple(filter(None, ours.codes))), tiyn, fault))
    return Opening(file, sums, quantities, tuple(faults), _posted_opening(desk), debit, credit)


def _opening_file(desk: _Desk) -> File:
    day = desk.takeover.starts_on
    for file in files(desk.uow, *desk._at):
        if file.kind is Kind.BALANCE and file.set_aside_at is None and file.first_on == day:
            return file
    raise rules.OpeningMissing(day=day_string(day))


def _posted_opening(desk: _Desk) -> Batch | None:
    found = [b for b in queries.batches(desk.uow.connection, desk.uow.scope, *desk._at) if b.kind != "month"]
    return found[-1] if found and found[-1].kind == "opening" else None


def post_opening(uow: UnitOfWork, organisation_id: int, takeover_id: int, key: UUID) -> Batch:
    """Post the opening balances, all or nothing, and hold the ledger against the file; repeating it changes nothing.

    Raises: TakeoverUnknown, TakeoverEnded, OpeningMissing, OpeningNotBalanced, OpeningPosted, OpeningImpossible,
    NotTied; PeriodNotOpened, PeriodClosed, PeriodRestricted of ``ledger.errors``.
    """
    queries.lock(uow.connection, uow.scope, organisation_id)
    if before := queries.batch_by_key(uow.connection, uow.scope, organisation_id, takeover_id, key):
        return before
    found = _under_way(uow, organisation_id, takeover_id)
    journal.allow_long_statements(uow.connection, uow.scope)
    desk = _Desk.of(uow, organisation_id, takeover_id)
    planned = _opening(desk)
    if planned.posted is not None:
        raise rules.OpeningPosted()
    if planned.debit_tiyn != planned.credit_tiyn:
        debit, credit = (decimal_string(tiyn) for tiyn in (planned.debit_tiyn, planned.credit_tiyn))
        raise rules.OpeningNotBalanced(file=planned.file.name, debit=debit, credit=credit)
    if planned.faults:
        raise rules.OpeningImpossible(planned.faults)
    before_tiyn = queries.opened(uow.connection, uow.scope, organisation_id, found.starts_on)
    postings = _opening_postings(desk, planned)
    memo = rules.MEMO_OPENING.format(program=found.source_program)
    journal_id = _journal(uow, rules.OPENING_JOURNAL)
    entries = [
        JournalEntry(
            organisation_id, uuid5(key, str(start)), journal_id, found.starts_on, memo,
            tuple(postings[start : start + rules.MOST_POSTINGS]), EntryKind.OPENING,
            source=Source(rules.SOURCE, planned.file.id, planned.file.head_row),
        )
        for start in range(0, len(postings), rules.MOST_POSTINGS)
    ]  # fmt: skip
    if not entries:
        raise rules.NothingToPost(month=month_string(found.starts_on))
    batch = _post(uow, organisation_id, takeover_id, planned.file, "opening", found.starts_on, key, entries, 0)
    _tie(uow, organisation_id, found.starts_on, before_tiyn, planned.balances)
    return batch


def _opening_postings(desk: _Desk, planned: Opening) -> list[Posting]:
    ids = _interned(desk, planned.balances)

    def balances(off_balance: bool) -> list[rules.Balance]:
        return [
            rules.Balance(ids[side], tiyn, planned.quantities.get(side))
            for side, tiyn in planned.balances.items()
            if desk.chart[side.account].is_off_balance == off_balance and tiyn
        ]

    contra = OurSide("", ("",) * len(Dimension))
    postings = rules.opening_postings(balances(False))
    if off := balances(True):
        postings += rules.opening_postings(off, _interned(desk, [contra])[contra])
    return postings


def _interned(desk: _Desk, sides: Iterable[OurSide]) -> dict[OurSide, int]:
    """Ids of our sides, asked in one order by all."""
    ordered = sorted(set(sides), key=lambda side: (desk.chart[side.account].id, side.codes))
    keys = [SubaccountKey(desk.chart[side.account].id, side.codes) for side in ordered]
    found = ledger.intern_subaccounts(desk.uow.connection, desk.organisation_id, keys)
    return dict(zip(ordered, found, strict=True))


def _tie(
    uow: UnitOfWork, organisation_id: int, day: date, before: Mapping[str, int], balances: Mapping[OurSide, int]
) -> None:
    """Hold what the ledger has taken against what the file says, account by account.  Raises: NotTied."""
    expected = rules.by_account((side.account, tiyn) for side, tiyn in balances.items())
    after = queries.opened(uow.connection, uow.scope, organisation_id, day)
    for account in sorted(expected.keys() | after.keys()):
        found = after.get(account, 0) - before.get(account, 0)
        if found != expected[account]:
            raise rules.NotTied(account=account, found=found, expected=expected[account])


def take_back_opening(uow: UnitOfWork, organisation_id: int, takeover_id: int, key: UUID) -> int:
    """Cancel the posted opening balances by storno on their day, so that they can be posted anew; how many entries.

    Raises: TakeoverUnknown, TakeoverEnded, OpeningMissing, OpeningNotPosted; PeriodClosed, PeriodRestricted.
    """
    found = _under_way(uow, organisation_id, takeover_id)
    desk = _Desk.of(uow, organisation_id, takeover_id)
    posted = _posted_opening(desk)
    if posted is None:
        raise rules.OpeningNotPosted()
    day = found.starts_on
    entries = [
        e
        for e in queries.entries_of_file(
            uow.connection, uow.scope, organisation_id, posted.file_id, day, day + timedelta(days=1)
        )
        if e.kind == EntryKind.OPENING.value
    ]
    for entry in entries:
        uow.post(
            Correction(
                organisation_id, uuid5(key, str(entry.entry_id)), entry.entry_id, entry.fiscal_year, day,
                _MEMO_TAKEN_BACK,
            )
        )  # fmt: skip
    queries.insert_batch(
        uow.connection, uow.scope, organisation_id, takeover_id, file_id=posted.file_id, kind="taken-back", month=day,
        key=key, entries=len(entries), postings=posted.postings, amount_tiyn=posted.amount_tiyn, rows_left=0,
    )  # fmt: skip
    _record(uow, organisation_id, takeover_id, "takeover-opening-taken-back", entries=len(entries))
    return len(entries)


# ------------------------------------------------------------------------------------------------ months


@dataclass(frozen=True)
class MonthPlan:
    """Documents of a month that can be posted, and rows that cannot."""

    file: File
    month: date
    documents: tuple[tuple[PostingRow, ...], ...]
    sides: Mapping[Side, OurSide]
    refused: tuple[Refused, ...]

    @property
    def amount_tiyn(self) -> int:
        return sum(row.amount_tiyn or 0 for document in self.documents for row in document)

    @property
    def rows(self) -> int:
        return sum(len(document) for document in self.documents)


def months(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> list[MonthLine]:
    """Months of their journals, with how much is here.  Raises: TakeoverUnknown."""
    takeover(uow, organisation_id, takeover_id)
    return queries.months(uow.connection, uow.scope, organisation_id, takeover_id)


def month_plan(uow: UnitOfWork, organisation_id: int, takeover_id: int, month: date) -> MonthPlan:
    """What would be posted of a month and what would stay.  Raises: TakeoverUnknown, MonthMissing."""
    return _month_plan(_Desk.of(uow, organisation_id, takeover_id), month)


def _month_plan(desk: _Desk, month: date) -> MonthPlan:
    span = MonthSpan.of(month, month)
    file = next(
        (
            f
            for f in files(desk.uow, *desk._at)
            if f.kind is Kind.JOURNAL and f.set_aside_at is None and f.span.start <= span.start < f.span.end
        ),
        None,
    )
    if file is None:
        raise rules.MonthMissing(month=month_string(month))
    uow = desk.uow
    rows = queries.rows_of_month(uow.connection, uow.scope, desk.organisation_id, file.id, span.start, span.end)
    months_ = {m.month: m.state for m in journal.months(uow.connection, uow.scope, desk.organisation_id)}
    closed = rules.period_fault(span.start, months_.get(span.start), desk.organisation_id in uow.scope.adjusts)
    sides, wrong = _resolved(desk, {side for row in rows for side in (row.debit, row.credit)}, span.last_day)
    refused: list[Refused] = []
    documents: dict[int, list[PostingRow]] = {}
    for row in rows:
        documents.setdefault(row.document_row, []).append(row)
        refused += _faults(desk, row, closed, sides, wrong)
    left = {fault.row.document_row for fault in refused}
    posted = tuple(tuple(document) for first, document in documents.items() if first not in left)
    stay = [row for first, document in documents.items() if first in left for row in document]
    said = {fault.row.row_no for fault in refused}
    refused += [
        Refused(row, "", rules.DocumentRefused(place=f"A{row.document_row}")) for row in stay if row.row_no not in said
    ]
    refused.sort(key=lambda fault: fault.row.row_no)
    return MonthPlan(file, span.start, posted, sides, tuple(refused))


def _resolved(desk: _Desk, sides: Iterable[Side], day: date) -> tuple[dict[Side, OurSide], dict[Side, Exception]]:
    """Where sides of theirs stand here, and why some do not."""
    found: dict[Side, OurSide] = {}
    wrong: dict[Side, Exception] = {}
    for side in sides:
        try:
            found[side] = desk.our_side(side)
        except (rules.NotMapped, rules.ValueNotDecided) as error:
            wrong[side] = error
    unknown = desk.unknown(found.values(), day)
    for side, ours in found.items():
        if fault := rules.side_fault(ours, desk.chart.get(ours.account), unknown):
            wrong[side] = fault
    return found, wrong


def _faults(
    desk: _Desk,
    row: PostingRow,
    closed: Exception | None,
    sides: Mapping[Side, OurSide],
    wrong: Mapping[Side, Exception],
) -> Iterator[Refused]:
    if row.unread is not None:
        yield Refused(row, "", row.unread)
        return
    if closed is not None:
        yield Refused(row, "", closed)
        return
    faulty = False
    for column, side in (("debit", row.debit), ("credit", row.credit)):
        if side in wrong:
            faulty = True
            yield Refused(row, column, wrong[side])
    if faulty:
        return
    debit, credit = sides[row.debit], sides[row.credit]
    assert row.amount_tiyn is not None
    charted = desk.chart[debit.account], desk.chart[credit.account]
    if fault := rules.pair_fault(*charted, debit == credit, row.amount_tiyn):
        yield Refused(row, "", fault)


def post_month(uow: UnitOfWork, organisation_id: int, takeover_id: int, month: date, key: UUID) -> Batch:
    """Post every document of a month that can be posted, in one batch; repeating it under its key changes nothing.

    Raises: TakeoverUnknown, TakeoverEnded, MonthMissing, NothingToPost; ApprovalNeeded of ``ledger.errors``.
    """
    queries.lock(uow.connection, uow.scope, organisation_id)
    if before := queries.batch_by_key(uow.connection, uow.scope, organisation_id, takeover_id, key):
        return before
    _under_way(uow, organisation_id, takeover_id)
    journal.allow_long_statements(uow.connection, uow.scope)
    if rules.JOURNAL in journal_service.journals_to_approve(uow, organisation_id):
        raise ApprovalNeeded(journal=rules.JOURNAL)
    desk = _Desk.of(uow, organisation_id, takeover_id)
    plan = _month_plan(desk, month)
    if not plan.documents:
        raise rules.NothingToPost(month=month_string(month))
    used = {plan.sides[side] for document in plan.documents for row in document for side in (row.debit, row.credit)}
    ids = _interned(desk, used)
    journal_id = _journal(uow, rules.JOURNAL)
    entries = [_entry(desk, plan, document, ids, journal_id) for document in plan.documents]
    return _post(
        uow, organisation_id, takeover_id, plan.file, "month", plan.month, key, entries,
        len({fault.row.row_no for fault in plan.refused}),
    )  # fmt: skip


def _entry(
    desk: _Desk, plan: MonthPlan, document: Sequence[PostingRow], ids: Mapping[OurSide, int], journal_id: int
) -> JournalEntry:
    head = document[0]
    assert head.on is not None
    memo = desk.repaired(head.memo or head.document) or plan.file.name
    return JournalEntry(
        organisation_id=desk.organisation_id,
        key=uuid5(_KEYS, f"{plan.file.id}/{head.document_row}"),
        journal_id=journal_id,
        effective_on=head.on,
        memo=memo,
        postings=tuple(_posting(desk, plan, row, ids, memo) for row in document),
        document_number=head.document_number,
        document_on=head.document_on,
        source=Source(rules.SOURCE, plan.file.id, head.document_row),
    )


def _posting(desk: _Desk, plan: MonthPlan, row: PostingRow, ids: Mapping[OurSide, int], memo: str) -> Posting:
    debit, credit = plan.sides[row.debit], plan.sides[row.credit]
    said = desk.repaired(row.memo)
    assert row.amount_tiyn is not None

    def kept(side: OurSide, quantity: int | None, currency: int | None) -> tuple[int | None, int | None]:
        in_currency = side.codes[list(Dimension).index(Dimension.CURRENCY)]
        return quantity if desk.chart[side.account].keeps_quantity else None, currency if in_currency else None

    debit_quantity, debit_currency = kept(debit, row.debit_quantity_milli, row.debit_currency_minor)
    credit_quantity, credit_currency = kept(credit, row.credit_quantity_milli, row.credit_currency_minor)
    return Posting(
        ids[debit],
        ids[credit],
        row.amount_tiyn,
        said if said and said != memo else None,
        debit_quantity,
        credit_quantity,
        debit_currency,
        credit_currency,
    )


def _post(
    uow: UnitOfWork,
    organisation_id: int,
    takeover_id: int,
    file: File,
    kind: str,
    month: date,
    key: UUID,
    entries: Iterable[JournalEntry],
    left: int,
) -> Batch:
    posted = ledger.post_many(
        uow.connection, organisation_id, key, entries, uow.scope.actor, Source(rules.SOURCE, file.id)
    )
    queries.insert_batch(
        uow.connection, uow.scope, organisation_id, takeover_id, file_id=file.id, kind=kind, month=month, key=key,
        entries=posted.entries, postings=posted.postings, amount_tiyn=posted.amount_tiyn, rows_left=left,
    )  # fmt: skip
    _record(
        uow, organisation_id, takeover_id, f"takeover-{kind}-posted", month=month_string(month),
        entries=posted.entries, postings=posted.postings, rows=left,
    )  # fmt: skip
    made = queries.batch_by_key(uow.connection, uow.scope, organisation_id, takeover_id, key)
    assert made is not None
    return made


def _journal(uow: UnitOfWork, code: str) -> int:
    for each in journal.journals(uow.connection, uow.scope):
        if each.code == code:
            return each.id
    raise JournalUnknown(journal=code)


# ------------------------------------------------------------------------------------------------ parallel run


def comparisons(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> list[Comparison]:
    """Every trial balance of theirs against ours, month by month.  Raises: TakeoverUnknown."""
    desk = _Desk.of(uow, organisation_id, takeover_id)
    balances = [f for f in files(uow, *desk._at) if f.kind is Kind.BALANCE and f.set_aside_at is None]
    return _comparisons(desk, balances)


def comparison(uow: UnitOfWork, organisation_id: int, takeover_id: int, file_id: int) -> Comparison:
    """Raises: TakeoverUnknown, FileUnknown."""
    file = file_of(uow, organisation_id, takeover_id, file_id, Kind.BALANCE)
    return _comparisons(_Desk.of(uow, organisation_id, takeover_id), [file])[0]


def _comparisons(desk: _Desk, balances: Sequence[File]) -> list[Comparison]:
    if not balances:
        return []
    uow = desk.uow
    sides = _standing(desk)
    spans = {f.id: (f.span.start, f.span.end) for f in balances}
    grains = _grains(desk, sides, list(spans))
    found = queries.compared(uow.connection, uow.scope, desk.organisation_id, spans, sides, grains)
    agreed: dict[int, Agreement] = queries.agreements(uow.connection, uow.scope, *desk._at)
    return [
        Comparison(
            f, found[f.id].differences, found[f.id].sides, found[f.id].turnover_tiyn,
            agreed.get(f.id) if not found[f.id].differences else None,
        )
        for f in balances
    ]  # fmt: skip


def _standing(desk: _Desk) -> dict[int, OurSide]:
    """Where every side of theirs stands: those without a place under their own account with a question mark."""
    nothing = ("",) * len(Dimension)
    found = {}
    for id_, side in desk.sides.items():
        try:
            found[id_] = desk.our_side(side)
        except rules.NotMapped:
            found[id_] = OurSide(f"?{side.account}", nothing)
        except rules.ValueNotDecided:
            found[id_] = OurSide(desk.decisions[side.account].ours, nothing)
    return found


def _grains(desk: _Desk, sides: Mapping[int, OurSide], file_ids: Sequence[int]) -> dict[tuple[int, str], Dimension]:
    """By trial balance and account of ours, the dimensions that all its rows there tell apart."""
    grains: dict[tuple[int, str], Dimension] = {}
    counted = queries.counted_sides(desk.uow.connection, desk.uow.scope, desk.organisation_id, file_ids)
    for file_id, side_id in counted:
        side, ours = desk.sides[side_id], sides[side_id]
        decision = desk.decisions.get(side.account)
        told = rules.compared_by(side, decision) if decision else Dimension(0)
        key = (file_id, ours.account)
        grains[key] = grains.get(key, told) & told
    return grains


def agree(uow: UnitOfWork, organisation_id: int, takeover_id: int, file_id: int) -> None:
    """Record that a trial balance of theirs and ours are equal.

    Raises: TakeoverUnknown, TakeoverEnded, FileUnknown, NotEqual.
    """
    _under_way(uow, organisation_id, takeover_id)
    found = comparison(uow, organisation_id, takeover_id, file_id)
    if found.differences:
        raise rules.NotEqual(count=len(found.differences))
    if found.agreement is None:
        compared = queries.Compared(found.sides, found.turnover_tiyn, ())
        queries.insert_agreement(uow.connection, uow.scope, organisation_id, takeover_id, file_id, compared)
        _record(uow, organisation_id, takeover_id, "takeover-month-agreed", name=found.file.name, count=found.sides)


def explain(uow: UnitOfWork, organisation_id: int, takeover_id: int, file_id: int, command: ExplainDifference) -> None:
    """Say why a difference is there; it counts as explained while it stays the same.

    Raises: TakeoverUnknown, TakeoverEnded, FileUnknown, DifferenceUnknown, ReasonMissing.
    """
    reason = " ".join(command.reason.split())
    if len(reason) < 3:
        raise rules.ReasonMissing()
    _under_way(uow, organisation_id, takeover_id)
    difference = _difference(uow, organisation_id, takeover_id, file_id, command.account, command.codes)
    queries.insert_explanation(uow.connection, uow.scope, organisation_id, takeover_id, file_id, difference, reason)
    _record(uow, organisation_id, takeover_id, "takeover-difference-explained", account=command.account, reason=reason)


def _difference(
    uow: UnitOfWork, organisation_id: int, takeover_id: int, file_id: int, account: str, codes: Sequence[str]
) -> Difference:
    found = comparison(uow, organisation_id, takeover_id, file_id)
    for difference in found.differences:
        if (difference.account, difference.codes) == (account, tuple(codes)):
            return difference
    raise rules.DifferenceUnknown()


def behind(
    uow: UnitOfWork, organisation_id: int, takeover_id: int, file_id: int, account: str, codes: Sequence[str]
) -> tuple[Comparison, Difference, Drill]:
    """What is behind a difference: postings of both, those alike set aside.

    Raises: TakeoverUnknown, FileUnknown, DifferenceUnknown.
    """
    whole = comparison(uow, organisation_id, takeover_id, file_id)
    difference = next((d for d in whole.differences if (d.account, d.codes) == (account, tuple(codes))), None)
    if difference is None:
        raise rules.DifferenceUnknown()
    desk = _Desk.of(uow, organisation_id, takeover_id)
    sides = _standing(desk)
    mask = _grains(desk, sides, [file_id]).get((file_id, account), Dimension(0))
    hit = {
        id_: (side.account, side.account == account and _masked(side.codes, mask) == difference.codes)
        for id_, side in sides.items()
    }
    span = whole.file.span
    named = {dimension.slug: code for dimension, code in zip(Dimension, codes, strict=True)}
    paired, theirs, ours = queries.behind(
        uow.connection, uow.scope, organisation_id, takeover_id, span.start, span.end, hit, account, mask, named
    )
    return whole, difference, Drill(paired, tuple(theirs), tuple(ours), tuple(rules.near(theirs, ours)))


def _masked(codes: Sequence[str], mask: Dimension) -> tuple[str, ...]:
    return tuple(code if dimension in mask else "" for dimension, code in zip(Dimension, codes, strict=True))


# ------------------------------------------------------------------------------------------------ how far it is


def path(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> Path:
    """How far a takeover is, step by step.  Raises: TakeoverUnknown."""
    desk = _Desk.of(uow, organisation_id, takeover_id)
    in_use = tuple(f for f in files(uow, *desk._at) if f.set_aside_at is None)
    used = [each.account.code for each in desk.used if each.uses]
    proposals, decided = words(uow, organisation_id, takeover_id)
    lines = values(uow, organisation_id, takeover_id)
    linking = _linking(desk)
    return Path(
        files=in_use,
        accounts=len(used),
        mapped=sum(code in desk.decisions for code in used),
        values=len(lines),
        valued=sum(bool(line.code) for line in lines),
        words=sum(p.before not in decided for p in proposals if p.is_sure),
        counterparties=len(linking.linked) + len(linking.new),
        linked=len(linking.linked),
        opening=_posted_opening(desk),
        months=tuple(queries.months(uow.connection, uow.scope, *desk._at)),
        comparisons=tuple(_comparisons(desk, [f for f in in_use if f.kind is Kind.BALANCE])),
    )
