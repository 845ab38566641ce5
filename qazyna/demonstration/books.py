"""From a story to books: what the months before leave, the plan that pays for it, numbers."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from dateutil.relativedelta import relativedelta

from erp.base.money import allocate
from ledger.model import EntryKind
from qazyna.demonstration import story
from qazyna.demonstration.days import BEGINNING, CLOSED_YEARS, LAST_DAY, MONTH, working_day
from qazyna.demonstration.desk import PLANS, Desk
from qazyna.demonstration.model import Asset, Draft, Institution, Line, Side
from qazyna.demonstration.story.belongings import worn_side

_PROLOGUE = date(2022, 12, 1)
_LAST_MONTH = date(2026, 11, 1)
_PRIOR_RESULT = Side("5220")
_BUILT = ("2310", "2320", "2330", "2340")
"""What is one object of one age."""

Balances = dict[Side, int]
"""Debit less credit, tiyn."""


def keep(institution: Institution) -> list[Draft]:
    """The entries of an institution from the opening balances to the last day, in order and numbered."""
    desk = Desk(institution)
    _endow(desk)
    for month in _months():
        story.tell(desk, month)
    drafts = desk.drafts + _plans(desk)
    before = [d for d in drafts if d.on < BEGINNING]
    since = [d for d in drafts if d.on >= BEGINNING]
    opening = _opening(desk, before)
    within = (d for d in [opening, *since] if d.on <= LAST_DAY)
    return _numbered(sorted(within, key=lambda d: (d.on, d.place_in_day)))


def balances(drafts: Iterable[Draft]) -> Balances:
    """Debit less credit of every side; those that come to nothing are left out."""
    found: defaultdict[Side, int] = defaultdict(int)
    for draft in drafts:
        for line in draft.lines:
            found[line.debit] += line.tiyn
            found[line.credit] -= line.tiyn
    return {side: tiyn for side, tiyn in sorted(found.items()) if tiyn}


def _months() -> Iterable[date]:
    month = _PROLOGUE
    while month <= _LAST_MONTH:
        yield month
        month += MONTH


def _endow(desk: Desk) -> None:
    """What the institution has when the story begins: assets, worn as their age tells, and money of its own."""
    eve = date(2022, 11, 30)
    for account, (millions, age, life) in desk.who.holdings.items():
        cost = desk.luck("endowment", account).vary(round(millions * 10) * 10_000_000, 1)
        for lot, years in _lots(desk.who, account, cost, age):
            asset = Asset(account, lot, life * 12, _PROLOGUE - relativedelta(years=years))
            desk.assets.append(asset)
            desk.write(eve, "OPEN", "", Line(Side(account), _PRIOR_RESULT, lot))
            desk.write(eve, "OPEN", "", Line(_PRIOR_RESULT, worn_side(account), asset.worn_tiyn(eve)))
    if income := sum(desk.who.own.values()):
        desk.own[eve.replace(day=1)] = income * 93
        desk.write(eve, "OPEN", "", Line(Side("1042"), _PRIOR_RESULT, income * 168))


def _lots(who: Institution, account: str, cost: int, age: int) -> Iterable[tuple[int, int]]:
    """Costs and ages of what was bought in the course of years; a building is one object, and so is each car."""
    if account in _BUILT:
        return [(cost, age)]
    if account == "2350":
        ages = [max(age + 2 * (who.vehicles - 1) - 4 * n, 0) for n in range(who.vehicles)]
        return zip(allocate(cost, [1] * who.vehicles), ages, strict=True)
    return zip(allocate(cost, (2, 3, 3, 2)), (2 * age + 2, age + 1, age, max(age - 2, 0)), strict=True)


# ------------------------------------------------------------------------------------------------ the plan

_SLACK = {"11": 1, "12": 1, "14": 3, "15": 3, "16": 3, "41": 2, "42": 2}
"""Per cent planned above the need, by the subclass of the specific; transfers and subsidies are planned exactly."""

_CHANGED_IN = (4, 9)
_CHANGING = ("14", "15", "16", "41")


def _plans(desk: Desk) -> list[Draft]:
    """Plan assignments: what each month's payments need and a little above it; what is left lapses in December."""
    payments: defaultdict[date, list[tuple[date, Side, int]]] = defaultdict(list)
    for draft in desk.drafts:
        for line in draft.lines:
            if line.credit.account in PLANS:
                payments[draft.on.replace(day=1)].append((draft.on, line.credit, line.tiyn))
    plans = [plan for month in sorted(payments) for plan in _plans_of_month(desk, month, payments[month])]
    return plans + [_lapse(desk, year, [*desk.drafts, *plans]) for year in (_PROLOGUE.year, *CLOSED_YEARS)]


def _plans_of_month(desk: Desk, month: date, payments: list[tuple[date, Side, int]]) -> Iterable[Draft]:
    """The plan on the first working day; in two months of a year goods, services and equipment for its second half
    come later, by a certificate of changes."""
    changed_on = working_day(month, 15)
    needs: dict[str, defaultdict[Side, int]] = {"plan": defaultdict(int), "plan_changed": defaultdict(int)}
    for on, side, tiyn in payments:
        late = month.month in _CHANGED_IN and side.specific[:2] in _CHANGING and on > changed_on
        needs["plan_changed" if late else "plan"][side] += tiyn
    for text, on in (("plan", working_day(month, 1)), ("plan_changed", changed_on)):
        lines = tuple(Line(side, _financing(side), _planned(side, need)) for side, need in sorted(needs[text].items()))
        if lines:
            yield Draft(on, "MO-02", desk.say(text, month=month), lines, series=text, place_in_day=1)


def _lapse(desk: Desk, year: int, drafts: list[Draft]) -> Draft:
    """Assignments of a year that were not used, cancelled by red figures on its last working day."""
    unused = balances(d for d in drafts if d.on.year == year)
    lines = tuple(Line(side, _financing(side), -tiyn) for side, tiyn in unused.items() if side.account in PLANS)
    memo = desk.say("plan_lapsed", year=year)
    return Draft(working_day(date(year, 12, 1), 31), "MO-02", memo, lines, series="plan_changed", place_in_day=8)


def _planned(side: Side, need: int) -> int:
    """Whole thousands of tenge for a need, with the slack of the specific."""
    slack = _SLACK.get(side.specific[:2])
    return need if slack is None else -(-need * (100 + slack) // 10_000_000) * 100_000


def _financing(side: Side) -> Side:
    return side._replace(account=PLANS[side.account])


# ------------------------------------------------------------------------------------------------ years


def _opening(desk: Desk, before: list[Draft]) -> Draft:
    """Balances that the prologue leaves, as one entry against the result of previous years."""
    lines = [
        Line(side, _PRIOR_RESULT, tiyn) if tiyn > 0 else Line(_PRIOR_RESULT, side, -tiyn)
        for side, tiyn in balances(before).items()
        if side.account[0] not in "67" and side != _PRIOR_RESULT
    ]
    stock = _litres(before)
    lines = [line._replace(debit_litres=stock) if line.debit.account == "1315" and stock else line for line in lines]
    memo = desk.say("opening", year=BEGINNING.year)
    return Draft(BEGINNING, "OPEN", memo, tuple(lines), EntryKind.OPENING, place_in_day=0)


def _litres(drafts: Iterable[Draft]) -> int:
    lines = [line for draft in drafts for line in draft.lines]
    return sum((line.debit_litres or 0) - (line.credit_litres or 0) for line in lines)


def _numbered(drafts: list[Draft]) -> list[Draft]:
    """Give papers of the institution's own their numbers: one series a year and sort of paper."""
    last: defaultdict[tuple[str, int], int] = defaultdict(int)

    def number(draft: Draft) -> str:
        last[draft.series, draft.on.year] += 1
        return str(last[draft.series, draft.on.year])

    return [replace(draft, number=number(draft)) if draft.series else draft for draft in drafts]
