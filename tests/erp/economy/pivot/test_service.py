"""Asking a version, typing into it, and what of the books stands beside it."""

from dataclasses import replace
from uuid import UUID, uuid4

import numpy as np
import pytest

from erp.base import uow
from erp.base.errors import Invalid
from erp.base.scope import Scope
from erp.economy.pivot import rules, service
from erp.economy.pivot.cube import Cube
from erp.economy.pivot.model import Actual, Behind, Entry, Question
from erp.economy.plans import rules as plan_rules
from erp.economy.plans import service as plans
from erp.economy.plans.axes import LEVELS, Axes
from erp.economy.plans.comparison import compared
from erp.economy.plans.model import CellChange, Cells, Edit, LeafKey, Section, VersionKind
from erp.economy.plans.rules import VersionMoved
from tests.erp.economy.pivot.conftest import Planned

BY_PROGRAMME = rules.question(["programme.administrator", "economic"], ["year"], {})


def look(planned: Planned, question: Question, scope: Scope | None = None) -> service.Looked:
    def read(u: uow.UnitOfWork) -> service.Looked:
        return service.look(u, planned.at, planned.plan, planned.version, question)

    return uow.read(planned.oblast.engine, scope or planned.scope, read)


def figures(looked: service.Looked) -> dict[tuple[str, ...], tuple[int | None, ...]]:
    return {head.path: row for head, row in zip(looked.pivot.rows, looked.pivot.plan, strict=True)}


def test_rows_add_up_to_the_rows_above_them(planned: Planned) -> None:
    assert figures(look(planned, BY_PROGRAMME)) == {
        (): (30_500, 40_700),
        ("458",): (500, 700),
        ("458", "149"): (500, 700),
        ("464",): (30_000, 40_000),
        ("464", "149"): (10_000, 30_000),
        ("464", "152"): (20_000, 10_000),
    }


def test_filters_narrow_and_any_level_may_stand_across(planned: Planned) -> None:
    question = rules.question(["organisation"], ["economic"], {"year": ["2026"], "programme.administrator": ["464"]})
    looked = look(planned, question)
    assert [head.path for head in looked.pivot.columns] == [("149",), ("152",)]
    assert sorted(figures(looked).values(), key=str) == [(1_000, None), (10_000, 20_000), (9_000, 20_000)]


def test_a_total_typed_is_that_total_and_its_parts_keep_their_shares(planned: Planned) -> None:
    entries = [Entry(("464",), ("2027",), 80_000), Entry(("464", "152"), ("2027",), 20_000)]
    at = planned.at, planned.plan, planned.version

    def save(u: uow.UnitOfWork) -> None:
        service.type_in(u, *at, BY_PROGRAMME, entries, "More for schools", expected_edits=1, key=uuid4())

    uow.run(planned.oblast.engine, planned.scope, save)
    found = figures(look(planned, BY_PROGRAMME))
    assert found["464",] == (30_000, 80_000)
    assert found["464", "149"] == (10_000, 60_000)
    assert found["458",] == (500, 700)
    cells = uow.read(planned.oblast.engine, planned.scope, lambda u: plans.cells(u, *at))
    assert cells.get(planned.leaves["school paper"], 2027) is None


def test_typing_the_same_twice_is_typing_it_once_and_what_moved_on_refuses(planned: Planned) -> None:
    at, key = (planned.at, planned.plan, planned.version), uuid4()
    entries = [Entry(("464",), ("2027",), 80_000)]

    def save(u: uow.UnitOfWork, under: UUID) -> Edit:
        return service.type_in(u, *at, BY_PROGRAMME, entries, "More for schools", expected_edits=1, key=under)

    first, again = (uow.run(planned.oblast.engine, planned.scope, lambda u: save(u, key)) for _ in range(2))
    assert (first.no, first.cells) == (2, 2)
    assert again == first
    with pytest.raises(VersionMoved):
        uow.run(planned.oblast.engine, planned.scope, lambda u: save(u, uuid4()))


def test_a_budget_holds_together_at_every_level_by_one_rule(planned: Planned) -> None:
    """In the sums of a version, in a comparison that is narrowed, and above the sections of a pivot."""

    def read(u: uow.UnitOfWork) -> tuple[Axes, Cells]:
        at = planned.at, planned.plan
        keys = [
            LeafKey(section, planned.at, planned.oblast.at(who), "", code, "", "")
            for section, code in ((Section.LENDING, "511"), (Section.ASSETS, "1.01.1"), (Section.FINANCING, "8.01.1"))
            for who in ("oblast", "roads")
        ]
        plans.intern(u, *at, keys)
        return plans.axes(u, *at), plans.cells(u, *at, planned.version)

    axes, held = uow.run(planned.oblast.engine, planned.scope, read)
    for seed in range(10):
        luck = np.random.default_rng(seed)
        shape = len(axes.table), len(held.years)
        present = luck.random(shape) < 0.7
        cells = Cells(axes.table.ids, held.years, luck.integers(0, 10**9, shape) * present, present)
        whole = plans.sections_of(cells, axes.table)
        assert whole.balance == tuple(
            i - ii - iii - iv
            for i, ii, iii, iv in zip(whole.revenue, whole.expenditure, whole.lending, whole.assets, strict=True)
        )
        for level in set(LEVELS) - {"section"}:
            groups = plans.sections_by(cells, axes, level)
            for name in ("revenue", "balance", "financing", "gap"):
                summed = tuple(map(sum, zip(*(getattr(each, name) for each in groups.values()), strict=True)))
                assert summed == getattr(whole, name), (level, name)
            asked = rules.question([level, "section"], ["year"], {})
            pivot = Cube.of(axes, cells).ask(asked)
            narrowed = {
                member.key: plan_rules.six_sections(
                    {Section(row.members[0].key): [tiyn or 0 for tiyn in row.a] for row in found.rows()}, shape[1]
                )
                for member in groups
                for found in [compared(axes, cells, cells, (), {level: member.key})]
            }
            for member, six in groups.items():
                assert narrowed[member.key] == six
                told = [pivot.figure((member.key,), (str(year),)) for year in cells.years]
                assert [tiyn or 0 for tiyn in told] == list(six.balance), (level, member.key)
            assert [pivot.figure((), (str(year),)) or 0 for year in cells.years] == list(whole.balance)


@pytest.mark.parametrize("is_put_away", [False, True])
def test_lines_of_another_version_are_nothing_to_this_one(planned: Planned, is_put_away: bool) -> None:
    """Neither its figures, nor groups to choose from, nor what stands beside, nor what a file means."""
    question = rules.question(["organisation", "economic"], ["year"], {}, Actual.PAID)
    table = service.read("Programme;2026;2027\n464.003;400,00;\n458.012;;8\n", "figures.csv")

    def told(u: uow.UnitOfWork) -> object:
        looked = service.look(u, planned.at, planned.plan, planned.version, question)
        brought = service.bring(u, planned.at, planned.plan, planned.version, table, key=uuid4())
        _, said = service.check(u, brought)
        members = {level: looked.cube.members(level) for level in LEVELS}
        return looked.pivot, members, said.lines, said.changes

    def more(u: uow.UnitOfWork) -> None:
        at = planned.at, planned.plan
        trial = plans.branch(u, *at, planned.version, kind=VersionKind.SANDBOX, name="Trial", reason="", key=uuid4())
        paper = LeafKey(Section.EXPENDITURE, planned.at, planned.oblast.at("lyceum"), "464.003", "149", "", "")
        keys = [
            paper._replace(source="015"),
            paper._replace(programme="458.012", economic="152"),
            paper._replace(organisation_id=planned.oblast.at("village"), budget_id=planned.oblast.at("village")),
        ]
        said = [CellChange(leaf, 2027, 77) for leaf in plans.intern(u, *at, keys).tolist()]
        plans.edit(u, *at, trial.id, said, "What if", expected_edits=0, key=uuid4())
        if is_put_away:
            plans.put_away(u, *at, trial.id, "It leads nowhere", expected_edits=1)
            with pytest.raises(plan_rules.VersionPutAway):
                service.look(u, *at, trial.id, question)

    before = uow.run(planned.oblast.engine, planned.scope, told)
    uow.run(planned.oblast.engine, planned.scope, more)
    assert uow.run(planned.oblast.engine, planned.scope, told) == before


def test_of_some_sections_no_balance_is_told_and_none_is_typed(planned: Planned) -> None:
    some = rules.question(["economic"], ["year"], {"section": ["revenue", "expenditure"]})
    assert {tiyn for row in figures(look(planned, some)).values() for tiyn in row} == {None}
    every, entries = rules.question(["section"], ["year"], {}), [Entry((), ("2027",), 5)]

    def save(u: uow.UnitOfWork) -> None:
        at = planned.at, planned.plan, planned.version
        service.type_in(u, *at, every, entries, "A try", expected_edits=1, key=uuid4())

    with pytest.raises(Invalid) as refused:
        uow.run(planned.oblast.engine, planned.scope, save)
    assert [type(fault) for fault in refused.value.faults.values()] == [rules.BalanceFollows]


def test_what_cannot_be_spread_is_told_at_its_place_and_nothing_is_saved(planned: Planned) -> None:
    unknown = [Entry(("999",), ("2027",), 5), Entry(("464", "149", "x"), ("2027",), 5), Entry((), ("2027", "x"), 5)]
    entries = [Entry(("458",), ("2027",), 1_000), *unknown]

    def save(u: uow.UnitOfWork) -> None:
        service.type_in(
            u, planned.at, planned.plan, planned.version, BY_PROGRAMME, entries, "A try", expected_edits=1, key=uuid4()
        )

    with pytest.raises(Invalid) as refused:
        uow.run(planned.oblast.engine, planned.scope, save)
    assert list(refused.value.faults) == ["figures.1", "figures.2", "figures.3"]
    assert figures(look(planned, BY_PROGRAMME))["458",] == (500, 700)


def test_actuals_stand_beside_the_line_they_are_of(planned: Planned) -> None:
    question = rules.question(["organisation", "economic"], ["year"], {}, Actual.PAID)
    looked = look(planned, question)
    beside = {
        tuple(member.code for member in head.members): row
        for head, row in zip(looked.pivot.rows, looked.pivot.actual, strict=True)
        if any(row)
    }
    bin_ = next(member.code for head in looked.pivot.rows for member in head.members if member.en == "Lyceum")
    assert beside == {(): (7_000, None), (bin_,): (7_000, None), (bin_, "149"): (7_000, None)}


@pytest.mark.parametrize("reads_books", [True, False])
def test_an_actual_leads_to_its_accounts_where_the_books_may_be_read(planned: Planned, reads_books: bool) -> None:
    question = rules.question(["organisation", "economic"], ["year"], {}, Actual.PAID)
    lyceum = planned.oblast.at("lyceum")
    readable = frozenset({lyceum}) if reads_books else frozenset[int]()
    scope = replace(planned.scope, reads=readable)

    def read(u: uow.UnitOfWork) -> list[Behind]:
        return service.behind_actual(u, planned.at, planned.plan, planned.version, question, (), ("2026",), readable)

    (found,) = uow.read(planned.oblast.engine, scope, read)
    assert (found.organisation_id, found.actual_tiyn, found.is_open) == (lyceum, 7_000, reads_books)
    assert sum(each.actual_tiyn for each in found.turnovers) == (7_000 if reads_books else 0)
