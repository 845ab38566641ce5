"""What accounts and values of another program may become here, and what speaks for it."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_

from rapidfuzz import fuzz, process, utils

from erp.base.dates import day_string
from erp.base.errors import NotFound, RuleViolated
from erp.base.i18n import N_
from erp.base.sheets.heads import fold
from erp.finance.journal.model import Account as OurAccount
from erp.finance.journal.rules import AccountUnknown, ValueUnknown
from erp.finance.takeover.mapping.model import Decision, Suggestion, Why
from erp.finance.takeover.model import Account, OurSide, Side
from erp.reference.counterparties.rules import CodeInvalid, kind_of
from ledger.model import Dimension

WITH_REGISTER = Dimension.PROGRAMME | Dimension.SPECIFIC | Dimension.CURRENCY | Dimension.COUNTERPARTY
"""Dimensions whose values a register keeps; of the others any code is taken as it is."""
LONGEST_CODE = 60


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
    """Accounts in force, by code."""
    correspondences: Mapping[str, str]
    """Old codes and what they became for everybody."""
    earlier: Mapping[tuple[str, str], tuple[str, int]]
    """What accounts by code and name, as files write it, became in other takeovers, and in how many."""
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
    if (seen := knowledge.earlier.get((account.code, fold(account.name)))) and seen[0] in postable:
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


# ------------------------------------------------------------------------------------------------ values


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


def check_decision(decision: Decision, ours: OurAccount | None, day: date) -> None:
    """Raises: AccountUnfit, DimensionUnfit, DimensionTwice, DimensionsMissing."""
    if ours is None or not ours.postable or ours.is_contra:
        raise AccountUnfit(account=decision.ours, day=day_string(day))
    named = Dimension(0)
    for slug in filter(None, (*decision.dimensions, *decision.fixed)):
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
    return dimensions_of((*decision.dimensions[: len(side.subconto)], *decision.fixed))


def dimensions_of(slugs: Iterable[str]) -> Dimension:
    """Dimensions by their slugs; an empty one is none."""
    return reduce(or_, map(Dimension.of, filter(None, slugs)), Dimension(0))


def side_fault(side: OurSide, account: OurAccount | None, unknown: Set[tuple[Dimension, str]]) -> RuleViolated | None:
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
