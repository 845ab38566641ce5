"""What is wrong with a mapping, where each balance goes, and the postings that take it there."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID, uuid5

from erp.base.dates import day_string
from erp.base.errors import Conflict, DomainError, NotFound, RuleViolated
from erp.base.i18n import N_
from erp.finance.recoding.model import (
    ACCOUNT,
    RECODED,
    AccountEdition,
    Line,
    Move,
    Recoding,
    Registers,
    Standing,
)
from ledger.model import Dimension, Posting


class RecodingUnknown(NotFound):
    code = "recoding-unknown"
    template = N_("There is no such recoding among those of your books.")


class NotFirstOfMonth(RuleViolated):
    code = "not-first-of-month"
    template = N_("New codes take effect on the first day of a month; {day} is not one.")


class MappingEmpty(RuleViolated):
    code = "mapping-empty"
    template = N_("The mapping is empty. Name an old code and what it becomes.")


class MappingMalformed(RuleViolated):
    code = "mapping-malformed"
    template = N_(
        "Line {line} of the mapping cannot be read: {text}. Write what, the old code and the new one:"
        " account; 7105; 7150."
    )


class MappedTwice(RuleViolated):
    code = "mapped-twice"
    template = N_("The old code {old} stands twice in the mapping. A code becomes one other.")


class MappedToItself(RuleViolated):
    code = "mapped-to-itself"
    template = N_("The code {old} would become itself. Leave it out.")


class MappedOn(RuleViolated):
    code = "mapped-on"
    template = N_("The new code {new} is itself an old one in this mapping. Say at once what {old} becomes.")


class OldUnknown(RuleViolated):
    code = "recoding-old-unknown"
    template = N_("The old code {old} was not in force before {day}.")


class NewUnknown(RuleViolated):
    code = "recoding-new-unknown"
    template = N_("The new code {new} is not in force on {day}. Load the edition that brings it first.")


class EndedTooEarly(RuleViolated):
    code = "recoding-ended-too-early"
    template = N_(
        "The old account {old} ended before {day}, so its balance cannot be moved on that day. Take the day it ended."
    )


class NewNotPostable(RuleViolated):
    code = "recoding-new-not-postable"
    template = N_("The new account {new} is a heading. Choose one of its subaccounts.")


class NaturesDiffer(RuleViolated):
    code = "recoding-natures-differ"
    template = N_("The accounts {old} and {new} are of different kinds or sides: balances would change their meaning.")


class QuantitiesDiffer(RuleViolated):
    code = "recoding-quantities-differ"
    template = N_("Of the accounts {old} and {new} only one is kept in quantities: they would be lost or be missing.")


class RoleLost(RuleViolated):
    code = "recoding-role-lost"
    template = N_("The program itself posts to the account {old}. The new one, {new}, must have the same role.")


class NotOneToOne(RuleViolated):
    code = "recoding-not-one-to-one"
    template = N_(
        "{old} would all become {new}, whose quantities or role cannot be added together. Map them one to one."
    )


class DimensionsMissing(RuleViolated):
    code = "recoding-dimensions-missing"
    template = N_("The new account {account} needs what this balance does not have: {dimensions}.")


class DimensionsBeyond(RuleViolated):
    code = "recoding-dimensions-beyond"
    template = N_("The new account {account} is not kept by what this balance has: {dimensions}.")


class MovedSince(RuleViolated):
    code = "recoding-moved-since"
    template = N_(
        "Entries dated {day} or later are on this old code. Cancel them by storno and post them on the new one first."
    )


class QuantityAlone(RuleViolated):
    code = "recoding-quantity-alone"
    template = N_("A quantity stands here without an amount. Write it off or value it first.")


class YearOpen(RuleViolated):
    code = "recoding-year-open"
    template = N_("Revenue and expense of {year} stand here. Close that year first; then nothing of them is left.")


class RecodingImpossible(Conflict):
    """``faults`` holds each of them."""

    code = "recoding-impossible"
    template = N_("Nothing was moved: {count} faults. The first: {first}")

    def __init__(self, faults: Sequence[DomainError]) -> None:
        self.faults = tuple(faults)
        super().__init__(count=len(faults), first=faults[0])


_KEYS = UUID("5d1f3f0e-7a0b-4b5e-9a61-0b6f6f6d2c14")
OPENING_JOURNAL = "OPEN"
MEMO = "Шоттар мен кодтарды ауыстыру: {title} / Перекодирование: {title}"
POSTINGS_AN_ENTRY = 500


def key_of(recoding_id: int, organisation_id: int, round_: int, start: int | None = None) -> UUID:
    """The idempotency key of one round in one organisation's books, or of its entry from a move on: always the same."""
    entry = "" if start is None else f"/{start}"
    return uuid5(_KEYS, f"{recoding_id}/{organisation_id}/{round_}{entry}")


def parse_lines(text: str) -> list[Line]:
    """Lines like ``account; 7105; 7150``, one a line; a heading and blank lines are passed over.

    Raises: MappingMalformed, MappingEmpty, and as ``require_shape``.
    """
    known = {ACCOUNT, *(d.slug for d in RECODED)}
    lines = []
    for number, row in enumerate(text.replace("\ufeff", "").split("\n"), start=1):
        cells = [cell.strip() for cell in row.replace("\t", ";").replace(",", ";").split(";")]
        if not any(cells) or cells[:3] == ["what", "old", "new"]:
            continue
        if len(cells) != 3 or not all(cells) or cells[0] not in known or max(map(len, cells)) > 60:
            raise MappingMalformed(line=number, text=row.strip()[:100])
        lines.append(Line(*cells))
    require_shape(lines)
    return lines


def require_shape(lines: Sequence[Line]) -> None:
    """Raises: MappingEmpty, MappedTwice, MappedToItself, MappedOn."""
    if not lines:
        raise MappingEmpty()
    olds = Counter((line.what, line.old) for line in lines)
    for line in lines:
        if olds[line.what, line.old] > 1:
            raise MappedTwice(old=line.old)
        if line.old == line.new:
            raise MappedToItself(old=line.old)
        if (line.what, line.new) in olds:
            raise MappedOn(old=line.old, new=line.new)


def faults_of_mapping(recoding: Recoding, registers: Registers) -> list[DomainError]:
    """What is wrong with a mapping, whatever stands in the books."""
    return [*_faults_of_accounts(recoding, registers), *_faults_of_values(recoding, registers)]


def _faults_of_accounts(recoding: Recoding, registers: Registers) -> Iterator[DomainError]:
    day = recoding.effective_on
    becoming: dict[str, list[str]] = {}
    for line in recoding.lines:
        if line.what != ACCOUNT:
            continue
        old, new = _before(registers, line.old, day), _on(registers, line.new, day)
        becoming.setdefault(line.new, []).append(line.old)
        if old is None:
            ended = any(a.first is None or a.first < day for a in registers.accounts.get(line.old, ()))
            yield (
                EndedTooEarly(old=line.old, day=day_string(day))
                if ended
                else OldUnknown(old=line.old, day=day_string(day))
            )
        if new is None:
            yield NewUnknown(new=line.new, day=day_string(day))
        elif not new.postable:
            yield NewNotPostable(new=line.new)
        if old is None or new is None:
            continue
        if (old.kind, old.normal_side) != (new.kind, new.normal_side):
            yield NaturesDiffer(old=line.old, new=line.new)
        if old.keeps_quantity != new.keeps_quantity:
            yield QuantitiesDiffer(old=line.old, new=line.new)
        if old.role and old.role != new.role:
            yield RoleLost(old=line.old, new=line.new)
    for new_code, olds in becoming.items():
        merged = [_before(registers, code, day) for code in olds]
        if len(olds) > 1 and any(a is not None and a.role for a in merged):
            yield NotOneToOne(old=", ".join(olds), new=new_code)


def _faults_of_values(recoding: Recoding, registers: Registers) -> Iterator[DomainError]:
    day = day_string(recoding.effective_on)
    items: dict[str, list[str]] = {}
    for line in recoding.lines:
        if line.what == ACCOUNT:
            continue
        if (line.what, line.old) in registers.unknown_before:
            yield OldUnknown(old=line.old, day=day)
        if (line.what, line.new) in registers.unknown_after:
            yield NewUnknown(new=line.new, day=day)
        if line.what == Dimension.ITEM.slug:
            items.setdefault(line.new, []).append(line.old)
    for new, olds in items.items():
        if len(olds) > 1:  # quantities of two things are no quantity
            yield NotOneToOne(old=", ".join(olds), new=new)


def move(standing: Standing, recoding: Recoding, registers: Registers) -> Move:
    """Where a balance goes, and why it cannot."""
    new_code = recoding.mapping(ACCOUNT).get(standing.account.code)
    account = standing.account if new_code is None else _on(registers, new_code, recoding.effective_on)
    codes = tuple(
        recoding.mapping(dimension.slug).get(code, code) if code else code
        for dimension, code in zip(Dimension, standing.codes, strict=True)
    )
    return Move(standing, account, codes, tuple(_faults_of_move(standing, account, codes, recoding.effective_on)))


def _faults_of_move(
    standing: Standing, account: AccountEdition | None, codes: Sequence[str], day: date
) -> Iterator[DomainError]:
    if standing.moved_since:
        yield MovedSince(day=day_string(day))
    if not standing.balance_tiyn:
        yield QuantityAlone()
    if standing.account.is_of_one_year and day.month == 1:
        yield YearOpen(year=day.year - 1)
    if account is None:
        return
    filled = Dimension(0)
    for dimension, code in zip(Dimension, codes, strict=True):
        filled |= dimension if code else Dimension(0)
    if missing := account.mandatory & ~filled:
        yield DimensionsMissing(account=account.code, dimensions=[d.slug for d in missing])
    if beyond := filled & ~account.permitted:
        yield DimensionsBeyond(account=account.code, dimensions=[d.slug for d in beyond])


def postings(moves: Iterable[Move], new_ids: Sequence[int]) -> list[Posting]:
    """One posting a balance, between the old subaccount and the new one: what stood on the one stands on the other."""
    made = []
    for each, new_id in zip(moves, new_ids, strict=True):
        standing = each.standing
        sign = 1 if standing.balance_tiyn > 0 else -1
        quantity, currency = sign * standing.quantity_milli or None, sign * standing.currency_minor or None
        debit, credit = (new_id, standing.subaccount_id)[::sign]
        made.append(
            Posting(
                debit,
                credit,
                abs(standing.balance_tiyn),
                None,
                quantity,
                quantity,
                currency,
                currency,
            )
        )
    return made


def _before(registers: Registers, code: str, day: date) -> AccountEdition | None:
    """The account in force on the day before the effect."""
    return _on(registers, code, day - timedelta(days=1))


def _on(registers: Registers, code: str, day: date) -> AccountEdition | None:
    return next((a for a in registers.accounts.get(code, ()) if a.counts_on(day)), None)


def by_account(moves: Iterable[Move]) -> Mapping[str, int]:
    """What stands on each old account, tiyn; debit positive."""
    sums: Counter[str] = Counter()
    for each in moves:
        sums[each.standing.account.code] += each.standing.balance_tiyn
    return sums
