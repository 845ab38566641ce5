"""What accounts of another program become, where their sides stand here, and the entries that bring them over."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from rapidfuzz import fuzz, process, utils

from erp.base.dates import day_string, month_string
from erp.base.errors import Conflict, DomainError, NotFound, RuleViolated
from erp.base.i18n import N_
from erp.base.sheets.heads import fold
from erp.finance.journal.model import Account as OurAccount
from erp.finance.journal.rules import AccountUnknown, ValueUnknown
from erp.finance.takeover.model import Account, Decision, OurLine, OurSide, Side, Suggestion, TheirLine, Why
from erp.reference.counterparties.rules import CodeInvalid, kind_of
from ledger import errors as ledger_errors
from ledger.model import Dimension, Posting

WITH_REGISTER = Dimension.PROGRAMME | Dimension.SPECIFIC | Dimension.CURRENCY | Dimension.COUNTERPARTY
"""Dimensions whose values a register keeps; of the others any code is taken as it is."""
LONGEST_CODE = 60
JOURNAL, OPENING_JOURNAL = "IMPORT", "OPEN"
SOURCE = "takeover"
MEMO_OPENING = "{program} бағдарламасынан алынған бастапқы қалдықтар / Начальные остатки из программы {program}"
MOST_POSTINGS = 1000
"""Of one entry of opening balances."""


class TakeoverUnknown(NotFound):
    code = "takeover-unknown"
    template = N_("There is no such takeover in these books.")


class TakeoverUnderWay(Conflict):
    code = "takeover-under-way"
    template = N_("A takeover from {program} is under way already. Finish it, or give it up first.")


class TakeoverEnded(Conflict):
    code = "takeover-ended"
    template = N_("This takeover is over: nothing is added to it any more.")


class NotFirstOfMonth(RuleViolated):
    code = "takeover-not-first-of-month"
    template = N_("Books are taken over on the first day of a month; {day} is none.")


class ProgramUnnamed(RuleViolated):
    code = "takeover-program-unnamed"
    template = N_("Say in at most {limit} characters which program the books come from.")


class FileUnknown(NotFound):
    code = "takeover-file-unknown"
    template = N_("There is no such file in this takeover.")


class FileTakenAlready(Conflict):
    code = "takeover-file-taken"
    template = N_("The file {file} is taken in already.")


class MonthsTaken(Conflict):
    code = "takeover-months-taken"
    template = N_("The file {other} tells of the same months. Set it aside first, then take in {file}.")


class FilePosted(Conflict):
    code = "takeover-file-posted"
    template = N_("Rows of {file} are posted. Cancel their entries first; then the file can be set aside.")


class TheirAccountUnknown(NotFound):
    code = "takeover-account-unknown"
    template = N_("The files name no account {account}.")


class AccountUnfit(RuleViolated):
    code = "takeover-account-unfit"
    template = N_("{account} is no account that takes entries on {day}. Choose one from the list.")


class DimensionUnfit(RuleViolated):
    code = "takeover-dimension-unfit"
    template = N_("Account {account} is not kept by: {dimension}.")


class DimensionTwice(RuleViolated):
    code = "takeover-dimension-twice"
    template = N_("Two places of the analysis cannot both become: {dimension}.")


class DimensionsMissing(RuleViolated):
    code = "takeover-dimensions-missing"
    template = N_("Account {account} needs: {dimensions}. Say which analysis becomes it, or one value for all.")


class NotMapped(RuleViolated):
    code = "takeover-not-mapped"
    template = N_("The account {account} of the other program has no account here yet.")


class ValueNotDecided(RuleViolated):
    code = "takeover-value-not-decided"
    template = N_("Nobody has said yet what “{value}” is here.")


class OpeningMissing(RuleViolated):
    code = "takeover-opening-missing"
    template = N_(
        "No trial balance that begins on {day} is taken in: its opening balances are what the books begin with."
    )


class OpeningNotBalanced(RuleViolated):
    code = "takeover-opening-not-balanced"
    template = N_("The opening balances of {file} do not balance: debit {debit}, credit {credit}.")


class OpeningPosted(Conflict):
    code = "takeover-opening-posted"
    template = N_("The opening balances are posted already. Take them back first.")


class OpeningNotPosted(Conflict):
    code = "takeover-opening-not-posted"
    template = N_("No opening balances are posted, so there is nothing to take back.")


class OpeningImpossible(RuleViolated):
    """Some balances have no place here; ``faults`` says which and why."""

    code = "takeover-opening-impossible"
    template = N_("The opening balances cannot be posted: {faults} of them have no place here yet.")

    def __init__(self, faults: Sequence["FaultyBalance"]) -> None:
        super().__init__(faults=len(faults))
        self.faults = tuple(faults)


class NotTied(Conflict):
    code = "takeover-not-tied"
    template = N_(
        "What the ledger would hold on {account} is {found}; the file says {expected}. Nothing was posted; report this"
        " as a fault of the program."
    )


class MonthMissing(RuleViolated):
    code = "takeover-month-missing"
    template = N_("No journal of {month} is taken in.")


class DocumentRefused(RuleViolated):
    code = "takeover-document-refused"
    template = N_("Another row of the same document ({place}) is refused, and a document is posted whole.")


class NothingToPost(Conflict):
    code = "takeover-nothing-to-post"
    template = N_("Of {month} nothing is left that could be posted.")


class NotEqual(Conflict):
    code = "takeover-not-equal"
    template = N_("The two trial balances still differ in {count} places. Bring them to zero first.")


class NotAgreed(Conflict):
    code = "takeover-not-agreed"
    template = N_("These trial balances are neither agreed nor explained yet: {files}.")


class DifferenceUnknown(NotFound):
    code = "takeover-difference-unknown"
    template = N_("There is no such difference any more.")


class ReasonMissing(RuleViolated):
    code = "takeover-reason-missing"
    template = N_("Say why they differ, in at least 3 characters.")


class FaultyBalance(NamedTuple):
    side: Side
    tiyn: int
    error: Exception


# ------------------------------------------------------------------------------------------------ suggestions

_KINDS: dict[Dimension, tuple[str, ...]] = {
    Dimension.COUNTERPARTY: ("контрагент", "поставщик", "покупател", "дебитор", "кредитор"),
    Dimension.CONTRACT: ("договор", "шарт", "келісімшарт"),
    Dimension.ITEM: ("номенклатур", "тмз", "тмц", "запас", "материал", "основныесредств", "қор"),
    Dimension.PERSON: ("сотрудник", "работник", "физическ", "физлиц", "подотчетн", "қызметкер", "жұмыскер"),
    Dimension.PROGRAMME: ("программ", "бюджетнаяпрограмм", "бағдарлама", "кбк", "бюджетнаяклассификац"),
    Dimension.SPECIFIC: ("специфик", "ерекшелік", "экономическаякласс"),
    Dimension.SOURCE: ("источник", "вфо", "видфинанс", "қаржыландырукөзі"),
    Dimension.PROJECT: ("проект", "жоба"),
    Dimension.CURRENCY: ("валют",),
}
_CODE_SCORES = {Why.SAME_CODE: 100, Why.SAME_DIGITS: 92, Why.CORRESPONDENCE: 90, Why.ABOVE: 78}
_LEAST_NAME, _BEST_NAME = 62, 88
"""Similarity of names below which nothing is suggested, and the score of names that are the same."""


def dimension_of_kind(kind: str) -> Dimension | None:
    """The dimension that a kind of their analysis is, by its name."""
    word = fold(kind)
    return next((d for d, starts in _KINDS.items() if word.startswith(starts)), None) if word else None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What suggestions rest on."""

    chart: Mapping[str, OurAccount]
    """Accounts in force that take entries, by code."""
    correspondences: Mapping[str, str]
    """Old codes and what they became for everybody."""
    earlier: Mapping[tuple[str, str], tuple[str, int]]
    """What accounts by code and name became in other institutions' takeovers, and in how many."""
    samples: Mapping[str, Sequence[Sequence[str]]]
    """Values of each place of the analysis, by account."""
    counterparties: Set[str]
    """Names and numbers of the other program's counterparties, folded."""


def suggestions(accounts: Iterable[tuple[Account, str]], knowledge: Knowledge) -> dict[str, Suggestion]:
    """Our account for each of theirs that something speaks for; ``accounts`` come with their repaired names."""
    postable = {code: a for code, a in knowledge.chart.items() if a.postable and not a.is_contra}
    by_digits = {re.sub(r"\W", "", code): code for code in postable}
    names = {
        (code, language): utils.default_process(account.name(language))
        for code, account in postable.items()
        for language in ("kk", "ru")
    }
    found = {}
    for account, name in accounts:
        best = max(_candidates(account, name, postable, by_digits, names, knowledge), key=lambda c: c[1], default=None)
        if best is not None:
            ours, score, why = best
            dimensions = _dimensions(account, postable[ours], knowledge)
            found[account.code] = Suggestion(account.code, ours, dimensions, score, why)
    return found


def _candidates(
    account: Account,
    name: str,
    postable: Mapping[str, OurAccount],
    by_digits: Mapping[str, str],
    names: Mapping[tuple[str, str], str],
    knowledge: Knowledge,
) -> Iterator[tuple[str, int, Why]]:
    digits = re.sub(r"\W", "", account.code)
    if account.code in postable:
        yield account.code, _with_name(Why.SAME_CODE, name, postable[account.code]), Why.SAME_CODE
    if digits in by_digits:
        yield by_digits[digits], _with_name(Why.SAME_DIGITS, name, postable[by_digits[digits]]), Why.SAME_DIGITS
    if (new := knowledge.correspondences.get(account.code)) in postable and new is not None:
        yield new, _CODE_SCORES[Why.CORRESPONDENCE], Why.CORRESPONDENCE
    if (seen := knowledge.earlier.get((account.code, fold(name)))) and seen[0] in postable:
        yield seen[0], min(94 + seen[1], 99), Why.EARLIER
    for length in range(len(digits) - 1, 2, -1):
        if (above := by_digits.get(digits[:length])) is not None:
            yield above, _CODE_SCORES[Why.ABOVE], Why.ABOVE
            break
    if name:
        same_sort = {key: text for key, text in names.items() if _same_sort(account, postable[key[0]])}
        match = process.extractOne(
            utils.default_process(name), same_sort, scorer=fuzz.token_sort_ratio, score_cutoff=_LEAST_NAME
        )
        if match is not None:
            yield match[2][0], round(match[1] * _BEST_NAME / 100), Why.NAME


def _with_name(why: Why, name: str, ours: OurAccount) -> int:
    """A code alone may have had another meaning there: a name that says otherwise takes a fifth of it away."""
    if not name:
        return _CODE_SCORES[why] - 5
    alike = max(fuzz.token_set_ratio(utils.default_process(name), utils.default_process(ours.name(language)))
                for language in ("kk", "ru"))  # fmt: skip
    return _CODE_SCORES[why] - (0 if alike >= _LEAST_NAME else 20)


def _same_sort(account: Account, ours: OurAccount) -> bool:
    """Whether nature and place on the balance do not speak against it."""
    if account.off_balance != ours.is_off_balance:
        return False
    sides = {"active": "debit", "passive": "credit"}
    return account.nature not in sides or sides[account.nature] == ours.normal_side


def _dimensions(account: Account, ours: OurAccount, knowledge: Knowledge) -> tuple[str, ...]:
    """What each place of the analysis becomes, as its kind or its values say; empty where our account has no such."""
    taken = Dimension(0)
    found = []
    samples = knowledge.samples.get(account.code, ())
    for at, kind in enumerate(account.subconto):
        dimension = dimension_of_kind(kind)
        if dimension is None and at < len(samples):
            dimension = _dimension_of_values(samples[at], ours, knowledge.counterparties)
        if dimension is None or dimension not in ours.permitted or dimension in taken:
            found.append("")
        else:
            taken |= dimension
            found.append(dimension.slug)
    return tuple(found)


_PROGRAMME_CODE = re.compile(r"\d{3}[. ]?\d{3}(?:[. ]?\d{3})?\b")
_SPECIFIC_CODE = re.compile(r"\d{3}\b")
_NUMBER = re.compile(r"(?<!\d)\d{12}(?!\d)")


def _dimension_of_values(values: Sequence[str], ours: OurAccount, counterparties: Set[str]) -> Dimension | None:
    said = [value for value in values if value]
    tests: tuple[tuple[Dimension, Callable[[str], object]], ...] = (
        (Dimension.COUNTERPARTY, lambda value: fold(value) in counterparties or _NUMBER.search(value)),
        (Dimension.PROGRAMME, _PROGRAMME_CODE.match),
        (Dimension.SPECIFIC, _SPECIFIC_CODE.match),
    )
    for dimension, test in tests:
        if said and dimension in ours.permitted and all(test(value) for value in said):
            return dimension
    return None


def proposed_code(dimension: Dimension, said: str, numbers: Mapping[str, str]) -> tuple[str, str]:
    """A code for a value of their analysis, and what it rests on; empty where nothing speaks for one.

    ``numbers`` are BIN and IIN by the folded name of the other program's counterparties.
    """
    if dimension not in WITH_REGISTER:
        return said[:LONGEST_CODE], "as-it-is"
    if dimension is Dimension.COUNTERPARTY:
        return _number(said, numbers)
    if dimension is Dimension.PROGRAMME and (match := _PROGRAMME_CODE.match(said)):
        digits = re.sub(r"\D", "", match[0])
        return ".".join(digits[at : at + 3] for at in range(0, len(digits), 3)), "code-in-name"
    if dimension is Dimension.SPECIFIC and (match := _SPECIFIC_CODE.match(said)):
        return match[0], "code-in-name"
    return said.upper()[:LONGEST_CODE], "as-it-is"


def _number(said: str, numbers: Mapping[str, str]) -> tuple[str, str]:
    for number in _NUMBER.findall(said):
        try:
            kind_of(number)
        except CodeInvalid:
            continue
        return number, "number-in-name"
    if number := numbers.get(fold(said)):
        return number, "same-name"
    match = process.extractOne(fold(said), numbers.keys(), scorer=fuzz.ratio, score_cutoff=90)
    return (numbers[match[0]], "name") if match is not None else ("", "")


def number_or_none(code: str) -> str | None:
    """A BIN or IIN whose check digit fits."""
    try:
        kind_of(code)
    except CodeInvalid:
        return None
    return code


# ------------------------------------------------------------------------------------------------ decisions


def check_decision(account: Account, decision: Decision, ours: OurAccount | None, day: date) -> None:
    """Raises: AccountUnfit, DimensionUnfit, DimensionTwice, DimensionsMissing."""
    if ours is None or not ours.postable or ours.is_contra:
        raise AccountUnfit(account=decision.ours, day=day_string(day))
    named = Dimension(0)
    for slug in [slug for slug in decision.dimensions if slug] + [
        slug for slug, code in decision.fixed.items() if code
    ]:
        dimension = Dimension.of(slug)
        if dimension not in ours.permitted:
            raise DimensionUnfit(account=ours.code, dimension=slug)
        if dimension in named:
            raise DimensionTwice(dimension=slug)
        named |= dimension
    if missing := ours.mandatory & ~named:
        raise DimensionsMissing(account=ours.code, dimensions=[d.slug for d in missing])


Values = Mapping[tuple[str, str], str]
"""Codes by the slug of a dimension and what the other program says."""


def our_side(side: Side, decision: Decision | None, values: Values) -> OurSide:
    """Where a side of theirs stands here.  Raises: NotMapped, ValueNotDecided."""
    if decision is None:
        raise NotMapped(account=side.account)
    codes = dict(decision.fixed)
    for slug, said in zip(decision.dimensions, side.subconto, strict=False):
        if slug and said:
            code = values.get((slug, said), "")
            if not code and Dimension.of(slug) not in WITH_REGISTER:
                code = said[:LONGEST_CODE]
            if not code:
                raise ValueNotDecided(value=said)
            codes[slug] = code
    return OurSide(decision.ours, tuple(codes.get(dimension.slug, "") for dimension in Dimension))


def compared_by(side: Side, decision: Decision) -> Dimension:
    """Dimensions that a row of their trial balance tells its side apart by."""
    told = Dimension(0)
    for slug in _named(decision, decision.dimensions[: len(side.subconto)]):
        told |= Dimension.of(slug)
    return told


def _named(decision: Decision, dimensions: Iterable[str]) -> list[str]:
    """Dimensions that come from the analysis, and those that have one value for all."""
    return [slug for slug in dimensions if slug] + [slug for slug, code in decision.fixed.items() if code]


def side_fault(side: OurSide, account: OurAccount | None, unknown: Set[tuple[Dimension, str]]) -> DomainError | None:
    """Why nothing can be posted to a side of ours, whatever the day."""
    if account is None:
        return AccountUnknown(account=side.account)
    filled = Dimension(0)
    for dimension, code in zip(Dimension, side.codes, strict=True):
        if code and (dimension, code) in unknown:
            return ValueUnknown(value=code)
        filled |= dimension if code else Dimension(0)
    if missing := account.mandatory & ~filled:
        return DimensionsMissing(account=account.code, dimensions=[d.slug for d in missing])
    return None


# ------------------------------------------------------------------------------------------------ opening balances


@dataclass(frozen=True, slots=True)
class Balance:
    """What a side of ours begins with, debit positive."""

    subaccount_id: int
    tiyn: int
    quantity_milli: int | None = None


@dataclass(slots=True)
class _Rest:
    """What of a balance no posting has taken yet; its quantity goes with the first of them."""

    id: int
    tiyn: int
    quantity: int | None


def opening_postings(balances: Sequence[Balance], contra_id: int | None = None) -> list[Posting]:
    """Postings that leave each side with its balance: debit balances against credit balances, in the order given.

    With a contra side, each balance stands against it by itself.  Without one the balances add up to zero.
    """
    debits, credits_ = _rests(balances, 1), _rests(balances, -1)
    if contra_id is not None:
        return [
            *(Posting(rest.id, contra_id, rest.tiyn, None, rest.quantity) for rest in debits),
            *(Posting(contra_id, rest.id, rest.tiyn, None, None, rest.quantity) for rest in credits_),
        ]
    made, at = [], 0
    for debit in debits:
        while debit.tiyn:
            credit = credits_[at]
            part = min(debit.tiyn, credit.tiyn)
            made.append(Posting(debit.id, credit.id, part, None, debit.quantity, credit.quantity))
            debit.tiyn, credit.tiyn = debit.tiyn - part, credit.tiyn - part
            debit.quantity = credit.quantity = None
            at += not credit.tiyn
    return made


def _rests(balances: Iterable[Balance], sign: int) -> list[_Rest]:
    return [
        _Rest(b.subaccount_id, sign * b.tiyn, None if b.quantity_milli is None else sign * b.quantity_milli)
        for b in balances
        if sign * b.tiyn > 0
    ]


# ------------------------------------------------------------------------------------------------ entries of a month

PERIOD_FAULTS = {
    None: ledger_errors.PeriodNotOpened,
    "closed": ledger_errors.PeriodClosed,
    "restricted": ledger_errors.PeriodRestricted,
}


def period_fault(month: date, state: str | None, adjusts: bool) -> ledger_errors.LedgerError | None:
    """Why nothing can be posted into a month."""
    if state == "open" or (state == "restricted" and adjusts):
        return None
    return PERIOD_FAULTS[state](month=month_string(month))


def pair_fault(debit: OurAccount, credit: OurAccount, same: bool, tiyn: int) -> ledger_errors.LedgerError | None:
    """Why two sides that are each right cannot meet."""
    if tiyn == 0:
        return ledger_errors.AmountZero()
    if debit.is_off_balance != credit.is_off_balance:
        return ledger_errors.OffBalanceMixed(account=credit.code)
    return ledger_errors.SameSides() if same else None


# ------------------------------------------------------------------------------------------------ behind a difference


def near(theirs: Sequence[TheirLine], ours: Sequence[OurLine]) -> list[tuple[TheirLine, OurLine]]:
    """Lines left on both sides with the same amount, each at most once: those of one day before the others."""
    free: dict[int, list[OurLine]] = {}
    for line in ours:
        free.setdefault(line.amount_tiyn, []).append(line)
    pairs = []
    for their in theirs:
        if candidates := free.get(their.amount_tiyn):
            likest = min(candidates, key=lambda line: abs((line.on - their.on).days))
            candidates.remove(likest)
            pairs.append((their, likest))
    return pairs


def by_account(sides: Iterable[tuple[str, int]]) -> Counter[str]:
    """Sums by account, tiyn."""
    sums: Counter[str] = Counter()
    for account, tiyn in sides:
        sums[account] += tiyn
    return sums
