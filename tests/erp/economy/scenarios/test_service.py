"""Scenarios from the first to the last act: what they begin with, what values give, saving, drawing."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4, uuid5

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from erp.base.clock import today
from erp.base.uow import UnitOfWork
from erp.economy.formulas import program
from erp.economy.formulas.faults import ModelFaulty, TooMuchToDraw
from erp.economy.macro import service as macro
from erp.economy.macro.schemas import ExpectSeries
from erp.economy.plans import rules as plan_rules
from erp.economy.plans import service as plans
from erp.economy.plans.model import CellChange, Section, Version
from erp.economy.plans.rules import OwnEdits, PlanTooLarge, VersionFrozen, VersionMoved, VersionPutAway
from erp.economy.scenarios import rules, service
from erp.economy.scenarios.model import PathOrigin, Revision
from erp.economy.scenarios.rules import (
    DrawsMissing,
    DriverOutOfRange,
    NothingToSave,
    ScenarioChanged,
    ScenarioLineUnknown,
    ScenarioUnknown,
    ScenarioUnsettled,
)
from erp.economy.scenarios.schemas import BeginScenario
from ledger.errors import KeyReused
from tests.factories.plans import a_leaf
from tests.factories.scenarios import GOODS, INCOME_TAX, PAY, SUBVENTION, TENGE, Scenarios


def test_a_scenario_begins_as_the_version_above_to_the_tiyn(planned: Scenarios) -> None:
    begun = planned.begin()
    found = planned.scenario(begun.version_id)
    assert found.figures(found.saved).cells.same_as(found.base)
    assert found.saved == found.reference
    oil = found.saved["brent"][2027]
    assert (oil.value, oil.origin, oil.series, oil.series_year) == (
        Decimal(60), PathOrigin.CARRIED, "budget_oil_assumption", 2026,
    )  # fmt: skip
    assert oil.said_by == planned.planning.oblast.users["planner"]


def test_beginning_twice_under_one_key_is_beginning_once(planned: Scenarios) -> None:
    key = uuid4()
    assert planned.begin("Once", key=key) == planned.begin("Once", key=key)
    with pytest.raises(KeyReused):
        planned.begin("Under another name", key=key)
    with pytest.raises(KeyReused):
        planned.begin("Once", key=key, parent=planned.planning.branch(name="Elsewhere").id)


def test_more_pay_moves_pay_and_the_taxes_on_it_and_nothing_else(planned: Scenarios) -> None:
    found = planned.scenario(planned.begin().version_id)
    growth = found.saved["wage_growth"][2027].value
    figures = found.figures(found.paths({"wage_growth": {2027: growth + 10}})).cells
    leaves, factor = planned.planning.leaves, float(1 + (growth + 10) / 100) / float(1 + growth / 100)
    for leaf in (PAY, INCOME_TAX):
        for year in (2027, 2028, 2029):
            before, after = found.base.get(leaves[leaf], year), figures.get(leaves[leaf], year)
            assert before is not None
            assert after == pytest.approx(before * factor, abs=1)
        assert figures.get(leaves[leaf], 2026) == found.base.get(leaves[leaf], 2026), "base years stay"
    for leaf in (GOODS, SUBVENTION):
        assert figures.get(leaves[leaf], 2029) == found.base.get(leaves[leaf], 2029)


def test_totals_of_figures_are_sums_of_whole_tiyn_that_tie_with_the_exact_totals(planned: Scenarios) -> None:
    found = planned.scenario(planned.begin().version_id)
    paths = found.paths({"cpi": {2027: Decimal("13.7"), 2028: Decimal("9.3")}, "wage_growth": {2029: Decimal("3.1")}})
    figures = found.figures(paths).cells
    exact = found.reckoner.program.run({"base": found.reckoner.tenge}, found.reckoner.drivers(paths, found.reference))
    table = found.axes.table
    sections = table.columns["section"].index[table.positions(found.base.leaves)]
    for section in np.unique(sections):
        mine = figures.amounts[sections == section].sum(axis=0)
        assert np.abs(mine - exact["amount"][sections == section].sum(axis=0) * TENGE).max() <= 0.51


def test_saving_is_one_edit_with_the_assumptions_beside_it(planned: Scenarios) -> None:
    begun, key = planned.begin("Saved"), uuid4()
    saved = planned.save(begun.version_id, {"brent": {2027: "45"}, "cpi": {2027: "12"}}, key=key)
    assert (saved.revision, saved.edit_no) == (2, 1)
    found = planned.scenario(begun.version_id)
    assert found.own.same_as(found.figures(found.saved).cells)
    assert (found.saved["brent"][2027].value, found.saved["brent"][2027].origin) == (Decimal(45), PathOrigin.TYPED)
    assert found.saved["brent"][2027].said_by_name == "Planner"
    assert found.saved["brent"][2028] == found.reference["brent"][2028], "who took it, and when, stays"
    again = planned.save(begun.version_id, {"brent": {2027: "45"}, "cpi": {2027: "12"}}, key=key, revision=1)
    assert again == saved, "sent twice"
    for scenario, values, formulas in (
        (planned.begin().version_id, {"brent": {2027: "45"}, "cpi": {2027: "12"}}, None),
        (begun.version_id, {"brent": {2027: "46"}, "cpi": {2027: "12"}}, None),
        (begun.version_id, {"brent": {2027: "45"}}, None),
        (begun.version_id, {"brent": {2027: "45"}, "cpi": {2027: "12", 2028: "3"}}, None),
        (begun.version_id, {"brent": {2027: "45"}, "cpi": {2027: "12"}}, OWN),
    ):
        with pytest.raises(KeyReused):
            planned.save(scenario, values, key=key, revision=1, formulas=formulas)
    with pytest.raises(ScenarioChanged):
        planned.save(begun.version_id, {"cpi": {2027: "11"}}, revision=1)
    with pytest.raises(NothingToSave):
        planned.save(begun.version_id, {"cpi": {2027: "12"}})


def test_an_assumption_that_moves_no_figure_is_saved_by_an_edit_of_no_cells(planned: Scenarios) -> None:
    begun = planned.begin("No figure follows the dollar here")
    saved = planned.save(begun.version_id, {"usdkzt": {2029: "600"}})
    assert (saved.revision, saved.edit_no) == (2, 1)
    edits, _ = planned.planning.read(lambda u: plans.history(u, planned.at, planned.plan, begun.version_id))
    assert [(each.no, each.cells) for each in edits] == [(1, 0)]


def test_undoing_a_save_that_moved_no_figure_brings_the_earlier_assumptions_and_formulas_back(
    planned: Scenarios,
) -> None:
    begun = planned.begin("Saved, undone, redone")
    first = planned.scenario(begun.version_id)
    body = first.revision.model.body + "\n# no figure moves"
    planned.save(begun.version_id, {"usdkzt": {2029: "600"}}, formulas=body)
    planned.planning.undo(1, begun.version_id)
    undone = planned.scenario(begun.version_id)
    assert (undone.saved, undone.revision, undone.last) == (first.saved, begun, 2)
    upon = planned.scenario(planned.begin("Upon it, undone", parent=begun.version_id).version_id)
    assert (upon.reference, upon.revision.model) == (undone.saved, begun.model)
    with pytest.raises(ScenarioChanged):
        planned.save(begun.version_id, {"cpi": {2029: "9"}}, revision=2)
    with pytest.raises(NothingToSave):
        planned.save(begun.version_id, {})
    planned.planning.undo(2, begun.version_id)
    redone = planned.scenario(begun.version_id)
    assert (redone.saved["usdkzt"][2029].value, redone.revision.model.body) == (Decimal(600), body)
    planned.planning.undo(3, begun.version_id)
    key, values = uuid4(), {"usdkzt": {2029: "600"}}
    saved = planned.save(begun.version_id, values, key=key, revision=1)
    assert (saved.revision, saved.edit_no, saved.model) == (3, 5, begun.model), "typed again, it is saved again"
    assert planned.save(begun.version_id, values, key=key, revision=1) == saved, "sent twice"


def test_a_scenario_undone_in_part_without_figures_is_settled_by_saving_it_anew(planned: Scenarios) -> None:
    begun = planned.begin("Undone in part, no figure moved")
    planned.save(begun.version_id, {"usdkzt": {2029: "600"}})
    planned.save(begun.version_id, {"usdkzt": {2028: "590"}})
    planned.planning.undo(1, begun.version_id)
    assert not planned.scenario(begun.version_id).is_settled
    with pytest.raises(ScenarioUnsettled):
        planned.begin("Upon it", parent=begun.version_id)
    planned.save(begun.version_id, {})
    found = planned.scenario(begun.version_id)
    assert (found.is_settled, found.saved["usdkzt"][2029].value) == (True, Decimal(600))
    upon = planned.scenario(planned.begin("Upon it, settled", parent=begun.version_id).version_id)
    assert upon.reference == found.saved


def test_who_freezes_a_scenario_has_seen_its_assumptions_and_saved_none_of_them(planned: Scenarios) -> None:
    begun = planned.begin("Frozen as it was seen")
    planned.save(begun.version_id, {"cpi": {2029: "9"}})
    seen = planned.planning.version(begun.version_id).edits
    rewritten = planned.scenario(begun.version_id).revision.model.body + "\n# no figure moves"
    planned.save(begun.version_id, {}, formulas=rewritten, who="second")

    def freeze(who: str, edits: int) -> Version:
        return planned.planning.run(
            lambda u: plans.freeze(u, planned.at, planned.plan, begun.version_id, expected_edits=edits), who
        )

    with pytest.raises(VersionMoved):
        freeze("head", seen)
    with pytest.raises(OwnEdits):
        freeze("second", seen + 1)
    assert freeze("head", seen + 1).is_frozen
    late = text("""
        INSERT INTO economy_scenario (organisation_id, plan_id, version_id, revision, key, model_id, edit_no,
                                      uncertainty, reason)
        SELECT organisation_id, plan_id, version_id, revision + 1, gen_random_uuid(), model_id, edit_no,
               uncertainty, 'Late'
          FROM economy_scenario WHERE (organisation_id, plan_id, version_id, revision) = (:at, :plan, :version, 3)""")
    asked = {"at": planned.at, "plan": planned.plan, "version": begun.version_id}
    with pytest.raises(DBAPIError, match="is not saved by the edit"):
        planned.planning.run(lambda u: u.execute(late, asked), "planner")


def test_after_an_undone_save_the_assumptions_are_those_before_it_and_can_be_saved_again(planned: Scenarios) -> None:
    begun = planned.begin("Undone")
    planned.save(begun.version_id, {"cpi": {2027: "15"}})
    planned.planning.undo(1, begun.version_id)
    found = planned.scenario(begun.version_id)
    assert found.own.same_as(found.base)
    assert found.figures(found.saved).cells.same_as(found.own)
    assert planned.save(begun.version_id, {"cpi": {2027: "15"}}).edit_no == 3


def test_a_scenario_of_a_scenario_begins_with_its_assumptions(planned: Scenarios) -> None:
    first = planned.begin("First")
    planned.save(first.version_id, {"cpi": {2027: "15"}})
    second = planned.scenario(planned.begin("Second", parent=first.version_id).version_id)
    assert second.reference["cpi"][2027].value == Decimal(15)
    assert second.figures(second.saved).cells.same_as(planned.scenario(first.version_id).own)


def test_a_scenario_of_a_draft_upon_a_scenario_begins_with_what_its_figures_assume(planned: Scenarios) -> None:
    first = planned.begin("Higher pay")
    planned.save(first.version_id, {"wage_growth": {2027: "25"}})
    draft = planned.planning.branch(first.version_id, name="Draft upon it")
    planned.save(first.version_id, {"wage_growth": {2027: "30"}})
    upon = planned.scenario(planned.begin("Upon the draft", parent=draft.id).version_id)
    assert upon.reference["wage_growth"][2027].value == 25, "as the draft saw it"
    typed = upon.figures(upon.paths({"wage_growth": {2027: Decimal(25)}}))
    assert typed.cells.same_as(upon.base), "typed again, it counts once"


def test_a_scenario_upon_an_undone_save_begins_with_what_came_before_it(planned: Scenarios) -> None:
    first = planned.begin("Saved and undone")
    planned.save(first.version_id, {"wage_growth": {2027: "25"}})
    planned.planning.undo(1, first.version_id)
    upon = planned.scenario(planned.begin("Upon what was undone", parent=first.version_id).version_id)
    assert upon.reference == planned.scenario(first.version_id).reference
    assert upon.base.same_as(planned.scenario(first.version_id).base)
    planned.planning.undo(2, first.version_id)
    again = planned.scenario(planned.begin("Upon what was redone", parent=first.version_id).version_id)
    assert again.reference["wage_growth"][2027].value == 25


def test_upon_what_was_undone_in_part_no_scenario_begins_until_it_is_saved_anew(planned: Scenarios) -> None:
    first = planned.begin("Undone in part")
    planned.save(first.version_id, {"cpi": {2029: "25"}})
    planned.save(first.version_id, {"wage_growth": {2027: "25"}})
    planned.planning.undo(1, first.version_id)
    with pytest.raises(ScenarioUnsettled):
        planned.begin("Upon it", parent=first.version_id)
    planned.save(first.version_id, {})
    upon = planned.scenario(planned.begin("Upon it now", parent=first.version_id).version_id)
    assert upon.reference == planned.scenario(first.version_id).saved


def test_who_begins_while_the_scenario_above_is_saved_gets_the_assumptions_of_the_figures(
    planned: Scenarios, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, branch = planned.begin("Saved at this moment"), plans.branch

    def saved_before(*args: Any, **named: Any) -> Version:
        planned.save(first.version_id, {"wage_growth": {2027: "25"}})
        return branch(*args, **named)

    monkeypatch.setattr(plans, "branch", saved_before)
    upon = planned.scenario(planned.begin("Begun at this moment", parent=first.version_id).version_id)
    assert upon.reference["wage_growth"][2027].value == 25
    assert upon.base.same_as(planned.scenario(first.version_id).own)


def a_line_of_its_own(planned: Scenarios, version_id: int) -> int:
    """A line that the version above has not, with ten billion tenge in 2028; and pay of 2026 typed anew."""
    here, there = planned.at, planned.planning.oblast.at("roads")
    key = a_leaf(Section.ASSETS, budget=here, organisation=there, economic="610")

    def act(u: UnitOfWork) -> int:
        leaf = int(plans.intern(u, here, planned.plan, [key])[0])
        seen = plans.version(u, here, planned.plan, version_id).edits
        typed = [CellChange(leaf, 2028, 10**12), CellChange(planned.planning.leaves[PAY], 2026, 5)]
        plans.edit(u, here, planned.plan, version_id, typed, "By hand", expected_edits=seen, key=uuid4())
        return leaf

    return planned.planning.run(act)


def test_cells_that_no_formula_gives_stay_as_they_were_typed(planned: Scenarios) -> None:
    draft = planned.planning.branch(name="Without goods of 2028")
    planned.planning.edit([(GOODS, 2028, None)], draft.id)
    begun = planned.begin("Of its own", parent=draft.id)
    planned.planning.edit([(GOODS, 2028, 777_00)], begun.version_id)
    leaf, leaves = a_line_of_its_own(planned, begun.version_id), planned.planning.leaves
    planned.save(begun.version_id, {"cpi": {2027: "12"}})
    found = planned.scenario(begun.version_id)
    figures = found.figures(found.saved).cells
    assert figures.same_as(found.own)
    assert [figures.get(*at) for at in ((leaves[GOODS], 2028), (leaf, 2028), (leaves[PAY], 2026))] == [
        777_00, 10**12, 5,
    ]  # fmt: skip
    for at, value in (((leaf, 2028), 10.0**10), ((leaves[GOODS], 2028), 777.0), ((leaves[PAY], 2026), 0.05)):
        told = found.precedents(found.saved, *at)
        assert (told.leaf, told.year, told.value, told.formula) == (*at, value, "")
    with pytest.raises(ScenarioLineUnknown):
        found.precedents(found.saved, leaf, 2027)


def test_a_fan_of_drivers_that_do_not_stray_is_what_stands_in_the_scenario(planned: Scenarios) -> None:
    begun = planned.begin("Stays")
    a_line_of_its_own(planned, begun.version_id)
    planned.save(begun.version_id, {"cpi": {2027: "12"}, "wage_growth": {2028: "3.3"}})
    found = planned.scenario(begun.version_id)
    kept = dict(found.revision.uncertainty)
    still = kept | {"spread": [0.0] * len(found.drivers)}
    calm = replace(found, revision=replace(found.revision, uncertainty=still))
    drawn = service.fan(calm, calm.saved, 20)
    six = plans.sections_of(found.own, found.axes.table)
    for section in (*Section, None):
        expected = getattr(six, section.value if section else "balance")[found.plan.columns]
        for share in drawn.shares(section, (5, 50, 95)).values():
            assert share == pytest.approx(expected, abs=3)


def test_a_figure_through_a_measure_on_the_way_is_explained(planned: Scenarios) -> None:
    begun = planned.begin("On the way")
    steps = "input base: KZT\nmeasure step: KZT = base * 2\nmeasure amount: KZT = step from base"
    planned.save(begun.version_id, {}, formulas=steps)
    found = planned.scenario(begun.version_id)
    told = found.precedents(found.saved, planned.planning.leaves[PAY], 2027)
    (step,) = told.children
    assert (step.name, step.value, [each.value for each in step.children]) == ("step", told.value, [600000001.2])


def test_a_line_named_by_a_subclass_or_a_programme_alone_is_clear(planned: Scenarios) -> None:
    here = planned.at
    other = planned.planning.begin(
        [
            a_leaf(Section.REVENUE, budget=here, organisation=here, programme="", economic="1.01.2"),
            a_leaf(Section.REVENUE, budget=here, organisation=here, programme="", economic="101201"),
            a_leaf(budget=here, organisation=here, programme="261.024", economic="111"),
        ]
    )
    other.edit([(leaf, year, 1000_00) for leaf in range(3) for year in (2026, 2027, 2028, 2029)])
    there = Scenarios(other)
    found = there.scenario(there.begin("By subclasses").version_id)
    assert found.figures(found.saved).cells.same_as(found.base)
    growth = found.saved["wage_growth"][2027].value
    figures = found.figures(found.paths({"wage_growth": {2027: growth + 10}})).cells
    assert all((figures.get(leaf, 2027) or 0) > 1000_00 for leaf in other.leaves), "taxes on pay, and pay"
    named = "input base: KZT\nmeasure amount: KZT\n  where programme in 261.024 = base * 2\n  otherwise = base"
    doubled = found.reformulated(named)
    assert doubled.figures(doubled.saved).cells.get(other.leaves[2], 2027) == 2000_00


def test_a_plan_without_base_years_follows_the_drivers_from_its_first_year(planned: Scenarios) -> None:
    here, years = planned.at, (2027, 2028, 2029)
    other = planned.planning.begin([a_leaf(budget=here, organisation=here)], years=years)
    other.edit([(0, year, 1000_00) for year in years])
    there = Scenarios(other)
    found = there.scenario(there.begin("From the first year").version_id)
    assert found.figures(found.saved).cells.same_as(found.base)
    growth = found.saved["wage_growth"][2027].value
    figures = found.figures(found.paths({"wage_growth": {2027: growth + 10}})).cells
    expected = 1000_00 * float((110 + growth) / (100 + growth))
    assert [figures.get(other.leaves[0], year) for year in years] == pytest.approx([expected] * 3, abs=1)


def test_figures_too_large_to_be_added_up_are_not_shown_either(
    planned: Scenarios, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = planned.scenario(planned.begin("Large").version_id)
    monkeypatch.setattr(plan_rules, "_SUMMABLE", 10**13)
    vast = found.reformulated("input base: KZT\nmeasure amount: KZT = base * 1000")
    assert not vast.reckoner.figures(vast.saved, vast.reference).missing, "each for itself could stand"
    with pytest.raises(PlanTooLarge):
        vast.figures(vast.saved)


def test_what_the_version_above_becomes_later_does_not_move_the_scenario(planned: Scenarios) -> None:
    draft = planned.planning.branch(name="Draft")
    planned.planning.edit([(PAY, 2027, 5)], draft.id)
    begun = planned.begin("Of a draft", parent=draft.id)
    planned.planning.edit([(PAY, 2027, 7)], draft.id)
    found = planned.scenario(begun.version_id)
    assert found.base.get(planned.planning.leaves[PAY], 2027) == 5
    assert found.figures(found.saved).cells.same_as(found.own)


def test_a_frozen_scenario_is_tried_and_not_saved(planned: Scenarios) -> None:
    begun = planned.begin("Frozen")
    planned.save(begun.version_id, {"cpi": {2027: "15"}})
    planned.planning.freeze(begun.version_id)
    found = planned.scenario(begun.version_id, "inspector")
    assert not found.figures(found.paths({"cpi": {2027: Decimal(3)}})).cells.same_as(found.own)
    with pytest.raises(VersionFrozen):
        planned.save(begun.version_id, {"cpi": {2027: "3"}})


def test_a_version_that_is_no_scenario_is_none(planned: Scenarios) -> None:
    with pytest.raises(ScenarioUnknown):
        planned.scenario(planned.planning.base_id)


def test_draws_are_the_same_each_time_and_lie_around_the_figures(planned: Scenarios) -> None:
    found = planned.scenario(planned.begin().version_id)
    fan, again = (service.fan(found, found.saved, 400) for _ in range(2))
    assert np.array_equal(fan.balance, again.balance)
    six = plans.sections_of(found.figures(found.saved).cells, found.axes.table)
    assert fan.sections[Section.LENDING] * TENGE == pytest.approx(np.tile(six.lending[2:], (400, 1)))
    middle = np.median(fan.sections[Section.REVENUE], axis=0) * TENGE
    assert middle == pytest.approx(six.revenue[2:], rel=0.01)
    assert fan.sections[Section.REVENUE][:, 2].std() > fan.sections[Section.REVENUE][:, 0].std(), "it widens"


OWN = """
driver wage_growth: %
driver base_wage_growth: %
input base: KZT
measure amount: KZT
    where section in expenditure = base * index(wage_growth) / index(base_wage_growth) * 110% from base
    otherwise = base
"""


def test_other_formulas_are_a_revision_with_the_figures_that_they_give(planned: Scenarios) -> None:
    begun = planned.begin("Own formulas")
    saved = planned.save(begun.version_id, {}, formulas=OWN)
    assert (saved.revision, saved.edit_no, saved.model.is_own, saved.model.body) == (2, 1, True, OWN.strip())
    found = planned.scenario(begun.version_id)
    assert found.own.same_as(found.figures(found.saved).cells)
    pay = planned.planning.leaves[PAY]
    base = found.base.get(pay, 2027)
    assert base is not None
    assert found.own.get(pay, 2027) == pytest.approx(base * 1.1, abs=1)
    assert found.own.get(pay, 2026) == found.base.get(pay, 2026)
    with pytest.raises(NothingToSave):
        planned.save(begun.version_id, {}, formulas=OWN)
    above = planned.scenario(planned.begin("Upon it", parent=begun.version_id).version_id)
    assert above.revision.model == saved.model, "a scenario upon it has its formulas"
    after, before = rules.rewritten(
        planned.planning.read(lambda u: service.revisions(u, planned.at, planned.plan, begun.version_id))
    )[0]
    told = [line.text for place in rules.differences(before.model.body, after.model.body) for line in place]
    assert "input base: KZT" in told


def test_formulas_that_cannot_be_computed_are_refused_whole(planned: Scenarios) -> None:
    begun = planned.begin("Faulty")
    with pytest.raises(ModelFaulty) as refused:
        planned.save(begun.version_id, {}, formulas="input base: KZT\nmeasure amount: KZT = base + oil")
    assert list(refused.value.faults) == ["2:30"]
    assert planned.scenario(begun.version_id).revision == begun


def test_two_who_save_at_once_save_once(planned: Scenarios) -> None:
    begun, key = planned.begin("At once"), uuid4()
    with ThreadPoolExecutor(2) as threads:
        acts = [threads.submit(planned.save, begun.version_id, {"cpi": {2027: "12"}}, revision=1) for _ in range(2)]
        done = [act.exception() for act in acts]
        assert sorted(map(bool, done)) == [False, True]
        assert isinstance(next(filter(None, done)), ScenarioChanged | VersionMoved)
        again = [
            threads.submit(planned.save, begun.version_id, {"cpi": {2027: "13"}}, revision=2, key=key) for _ in range(2)
        ]
        assert again[0].result() == again[1].result(), "one form sent twice"
        begin = [threads.submit(planned.begin, "Begun at once", key=uuid5(key, "begin")) for _ in range(2)]
        assert begin[0].result() == begin[1].result()


def test_a_fan_with_draws_that_have_no_value_is_refused_and_not_drawn_at_zero(planned: Scenarios) -> None:
    found = planned.scenario(planned.begin("Sparse").version_id)
    broken = found.reformulated("driver cpi: %\ninput base: KZT\nmeasure amount: KZT = base * if(cpi < 0, missing, 1)")
    assert not broken.figures(broken.saved).missing
    with pytest.raises(DrawsMissing):
        service.fan(broken, broken.saved, 400)
    with pytest.raises(DrawsMissing):
        service.fan(found.reformulated("input base: KZT\nmeasure amount: KZT = lag(base, 9)"), found.saved, 400)


def test_a_draw_in_which_a_line_has_no_value_is_no_draw(planned: Scenarios) -> None:
    found = planned.scenario(planned.begin("A line is lost in some draws").version_id)
    holes = """
        driver brent: USD/bbl
        input base: KZT
        measure amount: KZT
            where economic in 101201 = if(brent > 40 USD/bbl, base, missing) from base
            otherwise = base"""
    holed = found.reformulated(holes)
    assert not holed.figures(holed.saved).missing, "along the saved path every line has a value"
    with pytest.raises(DrawsMissing):
        service.fan(holed, holed.saved, 400)


def test_what_would_take_minutes_to_draw_is_refused(planned: Scenarios, monkeypatch: pytest.MonkeyPatch) -> None:
    found = planned.scenario(planned.begin("Too much").version_id)
    service.fan(found, found.saved, 50)
    monkeypatch.setattr(program, "MOST_DRAWN", 1_000)
    with pytest.raises(TooMuchToDraw):
        service.fan(found, found.saved, 50)


def test_a_line_that_the_plan_gets_later_changes_no_formula(planned: Scenarios) -> None:
    named = "input base: KZT\nmeasure amount: KZT\n  where programme in 261.024 = base * 2\n  otherwise = base"
    begun = planned.begin("Named programme")
    planned.save(begun.version_id, {}, formulas=named)
    before = planned.scenario(begun.version_id)
    figures = before.figures(before.saved).cells
    here = planned.at
    later = [
        a_leaf(budget=here, organisation=here, programme=code, economic="159") for code in ("261.024", "261.024.015")
    ]
    planned.planning.run(lambda u: plans.intern(u, here, planned.plan, later), "planner")
    after = planned.scenario(begun.version_id)
    assert after.figures(after.saved).cells.same_as(figures)


def test_what_is_expected_later_moves_no_scenario_that_was_begun(planned: Scenarios) -> None:
    begun = planned.begin("Begun before")
    before = planned.scenario(begun.version_id)

    def later(uow: UnitOfWork) -> None:
        values = {year: Decimal(33) for year in (2027, 2028, 2029)}
        macro.expect(uow, planned.at, "brent", ExpectSeries(values=values, source="Later news"))
        after = service.scenario(uow, planned.at, planned.plan, begun.version_id)
        assert (after.saved, after.reference) == (before.saved, before.reference)
        assert after.expected["brent"][2027].value == 33, "the page offers it"
        assert after.figures(after.saved).cells.same_as(before.figures(before.saved).cells)
        raise _Undone

    with pytest.raises(_Undone):
        planned.planning.run(later, "planner")


def test_a_scenario_that_is_put_away_is_tried_and_not_saved_nor_offered(planned: Scenarios) -> None:
    begun = planned.begin("Leads nowhere")
    planned.planning.put_away(begun.version_id)
    listed = planned.planning.read(lambda u: service.scenarios(u, planned.at))
    offered = planned.planning.read(lambda u: service.parents(u, planned.at))
    assert begun.version_id not in {each.version.id for each in listed} | {version.id for _, version in offered}
    found = planned.scenario(begun.version_id)
    assert not found.figures(found.paths({"cpi": {2027: Decimal(3)}})).cells.same_as(found.own)
    for formulas in (None, OWN):
        with pytest.raises(VersionPutAway):
            planned.save(begun.version_id, {"cpi": {2027: "3"}}, formulas=formulas)
    with pytest.raises(VersionPutAway):
        planned.begin("Upon it", parent=begun.version_id)
    planned.planning.bring_back(begun.version_id)
    assert planned.save(begun.version_id, {"cpi": {2027: "3"}}).revision == 2


def test_what_a_revision_assumes_is_written_with_it_and_never_later(planned: Scenarios) -> None:
    begun = planned.begin("Saved once")
    statement = text("""
        INSERT INTO economy_assumption (organisation_id, plan_id, version_id, revision, driver, year, value, origin,
                                        said_by)
        VALUES (:at, :plan, :version, 1, 'brent', 2031, 60, 'typed', reference_actor())""")
    asked = {"at": planned.at, "plan": planned.plan, "version": begun.version_id}
    with pytest.raises(DBAPIError, match="never later"):
        planned.planning.run(lambda u: u.execute(statement, asked), "planner")


def test_a_scenario_begins_with_what_is_unusual_and_not_with_what_makes_no_sense(planned: Scenarios) -> None:
    year = today().year

    def expect(uow: UnitOfWork) -> None:
        def begun_with(value: int) -> Revision:
            macro.expect(uow, planned.at, "brent", ExpectSeries(values={year: Decimal(value)}, source="Said so"))
            command = BeginScenario(
                key=uuid4(), plan=planned.plan, parent=planned.planning.base_id, name="As expected", reason="What if"
            )
            return service.begin(uow, planned.at, command)

        begun_with(18), begun_with(905)
        with pytest.raises(DriverOutOfRange):
            begun_with(-5)
        raise _Undone

    with pytest.raises(_Undone):
        planned.planning.run(expect, "planner")


class _Undone(Exception):
    pass
