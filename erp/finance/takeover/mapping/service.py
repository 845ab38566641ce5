"""What a person says of the other program's words, accounts, values and counterparties; every decision is kept."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from erp.base.sheets.heads import fold
from erp.base.uow import UnitOfWork
from erp.finance.journal import values as registers
from erp.finance.journal.model import Account as OurAccount
from erp.finance.journal.rules import ValueUnknown
from erp.finance.takeover.files.model import CounterpartyRow
from erp.finance.takeover.mapping import fonts, queries, rules
from erp.finance.takeover.mapping.desk import Mapped
from erp.finance.takeover.mapping.fonts import Repair
from erp.finance.takeover.mapping.model import AccountLine, Decision, Linking, Suggestion, ValueLine, Why
from erp.finance.takeover.mapping.rules import Knowledge
from erp.finance.takeover.schemas import AcceptSuggestions, DecideAccount, DecideAccounts, DecideValues, DecideWords
from erp.reference.counterparties import queries as counterparties
from erp.reference.counterparties import service as counterparty_service
from erp.reference.counterparties.rules import IbanInvalid, iban
from erp.reference.counterparties.service import RegisterCounterparty
from ledger.model import Dimension

_SAMPLES = 20
_TOLD = 100
"""Decisions that one line of the history names."""

# ------------------------------------------------------------------------------------------------ words of old fonts


def words(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> tuple[list[Repair], dict[str, str]]:
    """Words that look like Kazakh of an old font, and what was decided on some.  Raises: TakeoverUnknown."""
    desk = Mapped.of(uow, organisation_id, takeover_id)
    return proposals(desk), desk.words


def proposals(desk: Mapped) -> list[Repair]:
    names = (account.name_kk for account in desk.chart.values())
    known = frozenset(word.casefold() for name in names for word in fonts.words_of(name))
    return fonts.proposals(desk.ask(queries.texts), known)


def decide_words(uow: UnitOfWork, organisation_id: int, takeover_id: int, command: DecideWords) -> int:
    """Say of words of old fonts what they are; returns how many decisions are new.

    Raises: TakeoverUnknown, TakeoverEnded.
    """
    desk = Mapped.under_way(uow, organisation_id, takeover_id)
    decided = {d.before: d.after for d in command.decisions if desk.words.get(d.before) != d.after}
    if decided:
        desk.ask(queries.insert_words, decided)
        desk.record("takeover-words-decided", count=len(decided))
    return len(decided)


# ------------------------------------------------------------------------------------------------ accounts


def accounts(
    uow: UnitOfWork, organisation_id: int, takeover_id: int, earlier: Collection[queries.Earlier] = ()
) -> list[AccountLine]:
    """Their accounts that rows name, with what each becomes or could.

    ``earlier`` are decisions in other takeovers that the asker may read.  Raises: TakeoverUnknown.
    """
    return _lines(Mapped.of(uow, organisation_id, takeover_id), earlier)


def account_line(
    uow: UnitOfWork, organisation_id: int, takeover_id: int, code: str, earlier: Collection[queries.Earlier] = ()
) -> tuple[AccountLine, tuple[tuple[str, ...], ...]]:
    """One of them, with some values of each place of its analysis.  Raises: TakeoverUnknown, TheirAccountUnknown."""
    desk = Mapped.of(uow, organisation_id, takeover_id)
    line = next((line for line in _lines(desk, earlier) if line.account.code == code), None)
    if line is None:
        raise rules.TheirAccountUnknown(account=code)
    return line, tuple(tuple(map(desk.repaired, values)) for values in _samples(desk).get(code, []))


def codes(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> list[str]:
    """Their accounts that rows name.  Raises: TakeoverUnknown."""
    return [each.account.code for each in Mapped.of(uow, organisation_id, takeover_id).used]


def earlier_decisions(uow: UnitOfWork, takeover_id: int, codes: Collection[str]) -> list[queries.Earlier]:
    """What accounts with these codes became in the other takeovers of all books within the scope."""
    return queries.earlier(uow.connection, uow.scope, takeover_id, list(codes))


def chart(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> dict[str, OurAccount]:
    """Our accounts on the day of the takeover.  Raises: TakeoverUnknown."""
    return Mapped.of(uow, organisation_id, takeover_id).chart


def _lines(desk: Mapped, earlier: Collection[queries.Earlier]) -> list[AccountLine]:
    found = _suggestions(desk, earlier)
    return [
        AccountLine(
            each.account, desk.repaired(each.account.name), each.uses, desk.decisions.get(each.account.code),
            found.get(each.account.code),
        )
        for each in desk.used
    ]  # fmt: skip


def _suggestions(desk: Mapped, earlier: Collection[queries.Earlier]) -> dict[str, Suggestion]:
    knowledge = Knowledge(
        desk.chart,
        queries.correspondences(desk.uow.connection, desk.uow.scope),
        {(e.account, fold(e.name)): (e.ours, e.takeovers) for e in earlier},
        _samples(desk),
        {fold(name) for row in desk.counterparties for name in (row.name, row.full_name, row.code) if name},
    )
    return rules.suggestions(((each.account, desk.repaired(each.account.name)) for each in desk.used), knowledge)


def _samples(desk: Mapped) -> dict[str, list[list[str]]]:
    """Some values of each place of the analysis, by account."""
    samples: dict[str, list[list[str]]] = {}
    for side in desk.sides.values():
        places = samples.setdefault(side.account, [])
        places += ([] for _ in side.subconto[len(places) :])
        for values, value in zip(places, side.subconto, strict=False):
            if value and len(values) < _SAMPLES and value not in values:
                values.append(value)
    return samples


def decide_accounts(uow: UnitOfWork, organisation_id: int, takeover_id: int, command: DecideAccounts) -> int:
    """Say what accounts of theirs become here; returns how many decisions are new.

    Raises: TakeoverUnknown, TakeoverEnded, TheirAccountUnknown; AccountUnfit, DimensionUnfit, DimensionTwice,
    DimensionsMissing.
    """
    desk = Mapped.under_way(uow, organisation_id, takeover_id)
    return _decide(desk, [_chosen(said) for said in command.decisions])


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
    desk = Mapped.under_way(uow, organisation_id, takeover_id)
    accepted = _acceptable(_lines(desk, earlier), desk.chart, command.least)
    return _decide(
        desk, [Decision(s.account, s.ours, s.dimensions, {}, s.score, s.why.value) for s in accepted]
    )  # fmt: skip


def acceptable(lines: Iterable[AccountLine], chart: Mapping[str, OurAccount], least: int) -> int:
    """How many suggestions ``accept_suggestions`` would accept."""
    return sum(1 for _ in _acceptable(lines, chart, least))


def _acceptable(lines: Iterable[AccountLine], chart: Mapping[str, OurAccount], least: int) -> Iterator[Suggestion]:
    for line in lines:
        found = line.suggestion
        if line.decision is not None or found is None or found.score < least:
            continue
        if not chart[found.ours].mandatory & ~rules.dimensions_of(found.dimensions):
            yield found


def _decide(desk: Mapped, decided: Sequence[Decision]) -> int:
    theirs = {each.account.code for each in desk.used}
    for decision in decided:
        if decision.account not in theirs:
            raise rules.TheirAccountUnknown(account=decision.account)
        rules.check_decision(decision, desk.chart.get(decision.ours), desk.day)
    new = [d for d in decided if not d.says_the_same(desk.decisions.get(d.account))]
    if new:
        desk.ask(queries.insert_decisions, new)
        desk.record("takeover-accounts-decided", count=len(new), lines=[f"{d.account} → {d.ours}" for d in new[:_TOLD]])
    return len(new)


# ------------------------------------------------------------------------------------------------ values


def values(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> list[ValueLine]:
    """Values of their analysis that need a code of a register, with what is decided or proposed.

    Raises: TakeoverUnknown.
    """
    return value_lines(Mapped.of(uow, organisation_id, takeover_id))


def value_lines(desk: Mapped) -> list[ValueLine]:
    """Those that wait for a person first."""
    uses: dict[tuple[Dimension, str], int] = {}
    for side in desk.sides.values():
        decision = desk.decisions.get(side.account)
        for slug, said in zip(decision.dimensions if decision else (), side.subconto, strict=False):
            if slug and said and Dimension.of(slug) in rules.WITH_REGISTER:
                uses[Dimension.of(slug), said] = uses.get((Dimension.of(slug), said), 0) + 1
    lines = []
    for (dimension, said), count in uses.items():
        guess, why = rules.proposed_code(dimension, said, desk.numbers)
        code = desk.values.get((dimension.slug, said), "")
        lines.append(ValueLine(dimension, said, desk.repaired(said), count, code, guess, why, known=False))
    unknown = registers.unknown(desk.uow, {(v.dimension, v.best) for v in lines if v.best}, day=desk.day)
    known = [replace(v, known=bool(v.best) and (v.dimension, v.best) not in unknown) for v in lines]
    return sorted(known, key=lambda v: (bool(v.code), v.dimension, not v.known, v.shown))


def decide_values(uow: UnitOfWork, organisation_id: int, takeover_id: int, command: DecideValues) -> int:
    """Say what values of their analysis are here; returns how many decisions are new.

    Raises: TakeoverUnknown, TakeoverEnded; ValueUnknown for a code that its register does not have.
    """
    desk = Mapped.under_way(uow, organisation_id, takeover_id)
    wanted = {(Dimension.of(d.dimension), d.code) for d in command.decisions if d.code}
    if unknown := registers.unknown(uow, wanted, day=desk.day):
        raise ValueUnknown(value=min(code for _, code in unknown))
    return _decide_values(desk, [(d.dimension, d.said, d.code, Why.CHOSEN.value) for d in command.decisions])


def accept_values(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> int:
    """Accept every proposed code that its register has; returns how many.  Raises: TakeoverUnknown, TakeoverEnded."""
    desk = Mapped.under_way(uow, organisation_id, takeover_id)
    accepted = [(v.dimension.slug, v.said, v.proposed, v.why) for v in value_lines(desk) if v.is_acceptable]
    return _decide_values(desk, accepted)


def _decide_values(desk: Mapped, decided: Sequence[tuple[str, str, str, str]]) -> int:
    new = [each for each in decided if desk.values.get((each[0], each[1]), "") != each[2]]
    if new:
        desk.ask(queries.insert_values, new)
        desk.record(
            "takeover-values-decided", count=len(new), lines=[f"{said} → {code}" for _, said, code, _ in new[:_TOLD]]
        )
    return len(new)


# ------------------------------------------------------------------------------------------------ counterparties


def counterparties_of(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> Linking:
    """Raises: TakeoverUnknown."""
    return linking(Mapped.of(uow, organisation_id, takeover_id))


def linking(desk: Mapped) -> Linking:
    numbers = {row: rules.number_or_none(row.code) for row in desk.counterparties}
    known = counterparties.labels(
        desk.uow.connection, desk.uow.scope, {number for number in numbers.values() if number}
    )

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
    desk = Mapped.under_way(uow, organisation_id, takeover_id)
    found = linking(desk)
    commands = {
        row.code: RegisterCounterparty(row.code, desk.repaired(row.full_name or row.name)[:300]) for row in found.new
    }
    counterparty_service.register(uow, list(commands.values()), organisation_id)
    kept = queries.keep_bank_accounts(
        uow.connection, uow.scope, organisation_id,
        [
            (row.code, number, desk.repaired(row.bank))
            for row in (*found.linked, *found.new)
            if (number := _iban_or_none(row.iban))
        ],
    )  # fmt: skip
    if commands or kept:
        desk.record("takeover-counterparties-linked", count=len(commands), linked=len(found.linked), accounts=kept)
    return len(commands)


def _iban_or_none(text: str) -> str | None:
    try:
        return iban(text)
    except IbanInvalid:
        return None
