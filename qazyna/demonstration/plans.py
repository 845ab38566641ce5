"""The oblast's plan: three years after two, in a frozen base and a working version, by those who plan it.

Institutions that keep books have what these say was paid: the year that is over to the tiyn, the year that runs as it
went so far, the plan years from there.  Other amounts are made up (``plan.toml``), and nobody pays them here.  Codes
are those of the shipped classification, verified or not.
"""

import csv
import io
import tomllib
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Engine

from erp.base import uow
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.economy.pivot import queries as books
from erp.economy.pivot.model import Actual
from erp.economy.plans import rules, service
from erp.economy.plans.model import CellChange, LeafKey, Plan, Section, Version, VersionKind
from erp.reference.access import service as access
from erp.reference.organisations import service as organisations
from ledger.model import Actor
from qazyna.demonstration import days, oblast
from qazyna.demonstration.luck import Luck
from qazyna.demonstration.present import ORIGIN

YEARS, FIRST_YEAR = (2025, 2026, 2027, 2028, 2029), 2027
PLANNER, HEAD = "gulnara", "daniyar"
_KEYS = UUID("57f4e0de-9a3c-5d1b-8a8f-31c4c1a3f1de")
OBLAST, _DISTRICTS = "Sarydala oblast", ("Zhanadala district", "Koltogan district")
_OKRUG, _OKRUG_IS_OF = "Akim's Office of Besterek rural okrug", "Koltogan district"
_MILLION_TENGE = 100_000_000  # tiyn
_BALANCES = "8.01.1"
_BY_CATEGORY = {"5": Section.LENDING, "6": Section.ASSETS, "7": Section.FINANCING, "8": Section.FINANCING}
_BY_PROFILE = {"loans": Section.LENDING, "principal": Section.FINANCING}
_OF_OBLAST = {"110", "120"}
"""Administrators of the oblast whose codes do not begin with 2."""

Paid = Mapping[tuple[str, str, str], Mapping[int, int]]
"""Tiyn by year of an institution by its English name, a programme and a specific."""


def plan(engine: Engine) -> None:
    """Put the plan there; what an earlier load did already is left alone."""
    ids = uow.read(engine, system_scope(origin=ORIGIN), _ids)
    at = ids[OBLAST]
    planner, head = (_scope(engine, login, at) for login in (PLANNER, HEAD))
    everywhere = Scope(Actor(0, ORIGIN), plans=frozenset(ids.values()))
    paid = uow.read(engine, everywhere, lambda u: _paid(u, at, ids))
    made = uow.run(engine, planner, lambda u: _base(u, at, ids, paid))
    base = uow.read(engine, planner, lambda u: service.versions(u, at, made.id))[0]
    if not base.is_frozen:
        uow.run(engine, head, lambda u: service.freeze(u, at, made.id, base.id, expected_edits=base.edits))
    uow.run(engine, planner, lambda u: _work(u, made, base))


def _ids(u: UnitOfWork) -> dict[str, int]:
    """Organisations by their English names."""
    found = ((body.en, organisations.find_by_code(u, body.code)) for body in (*oblast.bodies(), *oblast.institutions()))
    return {name: each.id for name, each in found if each is not None}


def _scope(engine: Engine, login: str, at: int) -> Scope:
    user = uow.read(engine, system_scope(origin=ORIGIN), lambda u: access.person(u, login, days.LAST_DAY)).user
    return Scope(Actor(user.id, ORIGIN), edits=frozenset({at}))


def _say(text: str) -> str:
    """The planner writes Russian."""
    return oblast.say("ru", text)


def _key(what: str) -> UUID:
    return uuid5(_KEYS, what)


# ------------------------------------------------------------------------------------------------ the base


def _base(u: UnitOfWork, at: int, ids: Mapping[str, int], paid: Paid) -> Plan:
    name = _say("plan_name")
    made = service.create_plan(u, at, name, YEARS, FIRST_YEAR, key=_key("plan"))
    base = service.versions(u, at, made.id)[0]
    if base.edits == 0:
        cells = _cells(ids, paid)
        leaves = service.intern(u, at, made.id, list(cells)).tolist()
        changes = [
            CellChange(leaf, year, tiyn)
            for leaf, amounts in zip(leaves, cells.values(), strict=True)
            for year, tiyn in zip(YEARS, amounts, strict=True)
        ]
        reason = _say("plan_taken_over")
        service.edit(u, at, made.id, base.id, changes, reason, expected_edits=0, key=_key("base"))
    return made


def _paid(u: UnitOfWork, at: int, ids: Mapping[str, int]) -> Paid:
    names = {ids[each.en]: each.en for each in oblast.institutions()}
    found: dict[tuple[str, str, str], dict[int, int]] = {}
    for each in books.actuals(u.connection, u.scope, at, sorted(names), YEARS, Actual.PAID):
        if each.actual_tiyn > 0:
            place = names[each.organisation_id], each.programme, each.specific
            found.setdefault(place, {})[each.fiscal_year] = each.actual_tiyn
    return {place: found[place] for place in sorted(found)}


def _cells(ids: Mapping[str, int], paid: Paid) -> dict[LeafKey, list[int]]:
    """Tiyn by leaf and year; each budget holds together in each year by the balances it uses."""
    cells = dict(_leaves(ids, {name for name, _, _ in paid})) | dict(_of_books(ids, paid))
    for budget in (OBLAST, *_DISTRICTS):
        own = {key: amounts for key, amounts in cells.items() if key.budget_id == ids[budget]}
        missing = [-sum(column) for column in zip(*(_signed(k, a) for k, a in own.items()), strict=True)]
        closing = LeafKey(Section.FINANCING, ids[budget], ids[budget], "", _BALANCES, "", "")
        cells[closing] = missing
    return cells


def _signed(key: LeafKey, amounts: Sequence[int]) -> list[int]:
    """What a leaf adds to its budget's money: receipts above zero, spending below."""
    return [tiyn if rules.is_revenue_code(key.economic) else -tiyn for tiyn in amounts]


def _of_books(ids: Mapping[str, int], paid: Paid) -> Iterator[tuple[LeafKey, list[int]]]:
    codes = {each.en: each.code for each in oblast.institutions()}
    for (name, programme, specific), years in paid.items():
        (budget,) = _above(codes[name])
        key = LeafKey(Section.EXPENDITURE, ids[budget], ids[name], programme, specific, programme[8:], _bin(budget))
        yield key, _onwards(Luck("books", name, programme, specific), specific, years)


def _onwards(luck: Luck, specific: str, paid: Mapping[int, int]) -> list[int]:
    """What was paid in the year that is over; the running one as it went so far, purchases as paid; then its growth."""
    over, running = YEARS[:2]
    first, so_far = paid.get(over, 0), paid.get(running, 0)
    days_gone, days_of_year = (
        day.toordinal() - date(running, 1, 1).toordinal() for day in (days.LAST_DAY, date(running + 1, 1, 1))
    )
    whole = so_far if specific[0] == "4" else so_far * days_of_year // days_gone
    second = luck.vary(whole * 103 // 100, 2) if so_far else first * _story()["growth"][0] // 1000
    return [first, *_path(luck, second, _story()["growth"][1:])]


def _leaves(ids: Mapping[str, int], keep_books: Set[str]) -> Iterator[tuple[LeafKey, list[int]]]:
    for budget in (OBLAST, *_DISTRICTS):
        okrug = budget == _OKRUG_IS_OF
        for code, millions in _story()["receipts"].items():
            section = _BY_CATEGORY.get(code[0] if "." in code else "1", Section.REVENUE)
            for who, amount in ((budget, millions[budget != OBLAST]), (_OKRUG, millions[2] if okrug else 0)):
                if amount:
                    key = LeafKey(section, ids[budget], ids[who], "", code, "", _bin(budget))
                    yield key, _path(Luck("receipt", budget, who, code), amount * _MILLION_TENGE, _story()["growth"])
        for programme in _programmes():
            level = _level_of(programme, budget)
            if level is None:
                continue
            profile = _profile(programme)
            cost = _story()["costs"][profile][level] * _MILLION_TENGE
            spenders = tuple(each for each in _spenders(programme, budget) if each not in keep_books) or (budget,)
            for spender in spenders:
                whole = Luck("cost", budget, programme, spender).vary(cost // len(spenders), 40)
                for source, permille in _sources(programme, budget):
                    code = f"{programme}.{source}"
                    yield from _spent(ids, budget, code, profile, spender, whole * permille // 1000)


def _sources(programme: str, budget: str) -> tuple[tuple[str, int], ...]:
    """Sources of a programme's money with their shares, per mille: education has republican transfers too."""
    own = "015" if budget == OBLAST else "029"
    return ((own, 880), ("011", 120)) if programme[:3] == "261" else ((own, 1000),)


def _spent(
    ids: Mapping[str, int], budget: str, programme: str, profile: str, spender: str, cost: int
) -> Iterator[tuple[LeafKey, list[int]]]:
    shares: Mapping[str, int] = _story()["profiles"][profile]
    luck, source = Luck("shares", budget, programme, spender), programme[8:]
    weights = [luck.vary(share * 1000, 25) for share in shares.values()]
    for economic, tiyn in zip(shares, rules.spread(cost, weights).tolist(), strict=True):
        section = _BY_PROFILE.get(profile, Section.EXPENDITURE)
        key = LeafKey(section, ids[budget], ids[spender], programme, economic, source, _bin(budget))
        yield key, _path(Luck("years", budget, programme, spender, economic), tiyn, _story()["growth"])


def _path(luck: Luck, first: int, growths: Sequence[int]) -> list[int]:
    """An amount and what it grows to, in whole thousands of tenge."""
    path = [first]
    for growth in growths:
        path.append(luck.vary(path[-1] * growth // 1000, 3))
    return [tiyn // 100_000 * 100_000 for tiyn in path]


@cache
def _story() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("plan.toml").read_text(encoding="utf-8"))


@cache
def _programmes() -> tuple[str, ...]:
    """Programmes of the shipped classification."""
    text = resources.files("erp.reference.packages").joinpath("kz/classification_functional/functional.csv")
    rows = csv.DictReader(io.StringIO(text.read_text(encoding="utf-8")))
    return tuple(row["code"] for row in rows if row["level"] == "programme")


def _profile(programme: str) -> str:
    named: Mapping[str, str] = _story()["programmes"]
    return named.get(programme) or named.get(programme[3:], "services")


def _level_of(programme: str, budget: str) -> int | None:
    """Whose programme it is: of the oblast (0), of a district (1), of its rural okrug (2)."""
    if programme[0] == "2" or programme[:3] in _OF_OBLAST:
        return 0 if budget == OBLAST else None
    if programme[:3] == "124":
        return 2 if budget == _OKRUG_IS_OF else None
    return 1 if budget in _DISTRICTS else None


@cache
def _spenders(programme: str, budget: str) -> tuple[str, ...]:
    """Institutions of the budget that live by the programme; where there is none, who administers it, or the body."""
    if programme[:3] == "124":
        return (_OKRUG,)
    here = [i for i in oblast.institutions() if budget in _above(i.code)]
    by_programme = tuple(i.en for i in here if i.programme[:7] == programme)
    administrators = tuple(i.en for i in here if i.programme[:3] == programme[:3] and i.kind == "administrator")
    return by_programme or administrators[:1] or (budget,)


def _above(code: str) -> tuple[str, ...]:
    """English names of the budgets' bodies above an organisation: a district's are not the oblast's."""
    bodies = {body.code: body for body in (*oblast.bodies(), *oblast.institutions())}
    at = bodies[code]
    while at.parent is not None:
        at = bodies[at.parent]
        if at.en in (OBLAST, *_DISTRICTS):
            return (at.en,)
    return ()


def _bin(budget: str) -> str:
    return next(body.code for body in oblast.bodies() if body.en == budget)


# ------------------------------------------------------------------------------------------------ the working version


def _work(u: UnitOfWork, made: Plan, base: Version) -> None:
    """A version upon the base with three edits, the last of which was a mistake and is undone."""
    at = made.organisation_id, made.id
    work = service.branch(
        u,
        *at,
        base.id,
        kind=VersionKind.DRAFT,
        name=_say("plan_working"),
        reason=_say("plan_working_why"),
        key=_key("work"),
    )
    edits = (
        ("plan_wages", "261", ("111", "121"), 1080),
        ("plan_heating", "", ("151",), 1120),
        ("plan_mistake", "268", ("159", "422"), 10_000),
    )
    for no, (reason, programme, specifics, permille) in enumerate(edits):
        if work.edits <= no:
            changes = _raised(u, work, programme, specifics, permille)
            service.edit(u, *at, work.id, changes, _say(reason), expected_edits=no, key=_key(reason))
    if work.edits <= len(edits):
        service.undo(u, *at, work.id, 3, _say("plan_undone"), expected_edits=len(edits), key=_key("plan_undone"))


def _raised(u: UnitOfWork, work: Version, programme: str, specifics: Sequence[str], permille: int) -> list[CellChange]:
    """Cells of the plan years raised, in whole thousands of tenge."""
    at = work.organisation_id, work.plan_id
    table, held = service.leaves(u, *at), service.cells(u, *at, work.id)
    return [
        CellChange(leaf.id, year, tiyn * permille // 100_000_000 * 100_000)
        for leaf in table
        if leaf.key.economic in specifics and leaf.key.programme.startswith(programme)
        for year in YEARS
        if year >= FIRST_YEAR and (tiyn := held.get(leaf.id, year)) is not None
    ]
