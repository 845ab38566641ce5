"""Levels of the dimensions, and two versions side by side at them."""

from collections.abc import Callable
from datetime import date

import numpy as np
import pytest

from erp.economy.plans import queries, rules, service
from erp.economy.plans.axes import LEVELS, Axes, canonical
from erp.economy.plans.comparison import LEAF, Comparison
from erp.economy.plans.model import Section
from erp.reference.organisations import service as organisations
from tests.factories.plans import Planning, a_leaf


@pytest.fixture(scope="module")
def plan(oblast: Planning) -> Planning:
    """Two schools and a village okrug, a tax, a loan repaid, and a line whose codes no register has any more."""
    at = oblast.oblast.at
    plan = oblast.begin([
        a_leaf(budget=oblast.at, organisation=at("school"), source="015", region=""),
        a_leaf(budget=oblast.at, organisation=at("school"), economic="141", programme="261.003"),
        a_leaf(budget=oblast.at, organisation=at("roads"), economic="422", programme="268.003.015"),
        a_leaf(Section.REVENUE, budget=oblast.at, organisation=oblast.at, programme="", economic="101201"),
        a_leaf(Section.REVENUE, budget=oblast.at, organisation=oblast.at, programme="", economic="1.08.1"),
        a_leaf(Section.LENDING, budget=oblast.at, organisation=oblast.at, programme="", economic="5.01.1"),
    ])  # fmt: skip
    old = a_leaf(budget=oblast.at, organisation=at("village"), economic="999", programme="999.999")
    plan.leaves += plan.run(lambda u: queries.intern(u.connection, u.scope, plan.at, plan.plan_id, [old]))
    return plan


@pytest.fixture(scope="module")
def axes(plan: Planning) -> Axes:
    return plan.read(lambda u: service.axes(u, plan.at, plan.plan_id, date(2026, 11, 22)))


@pytest.mark.parametrize(
    ("level", "keys"),
    [
        ("section", "expenditure expenditure expenditure revenue revenue lending expenditure"),
        ("programme.group", "04 04 12 - - - -"),
        ("programme.subgroup", "04.2 04.2 12.1 - - - -"),
        ("programme.administrator", "261 261 268 - - - 999"),
        ("programme.programme", "261.082 261.003 268.003 - - - 999.999"),
        ("programme", "261.082.015 261.003 268.003.015 - - - 999.999"),
        ("economic.category", "1 1 2 r1 r1 r5 -"),
        ("economic.class", "1.1 1.1 2.4 1.01 1.08 5.01 -"),
        ("economic.subclass", "110 140 420 1.01.2 1.08.1 5.01.1 -"),
        ("economic", "111 141 422 101201 1.08.1 5.01.1 999"),
        ("source", "015 - - - - - -"),
    ],
)
def test_every_leaf_has_its_place_at_every_level(axes: Axes, level: str, keys: str) -> None:
    grouping = axes.level(level)
    assert [grouping.members[at].key or "-" for at in grouping.index.tolist()] == keys.split()


def test_members_are_named_in_three_languages_and_unknown_codes_by_themselves(axes: Axes) -> None:
    group = axes.level("programme.group")
    education = group.members[group.place("04")]
    assert (education.kk, education.ru, education.name("en")) == ("Білім беру", "Образование", "Education")
    unknown = axes.level("economic").members[axes.level("economic").place("999")]
    assert (unknown.en, unknown.verified) == ("999", False)
    category = axes.level("economic.category")
    assert [(each.key, each.code, each.en) for each in category.members if each.code == "1"] == [
        ("1", "1", "Current expenditure"),
        ("r1", "1", "Tax revenue"),
    ]
    sections = [member.key for member in axes.level("section").members]
    assert sections == ["revenue", "expenditure", "lending"], "in the order of the budget's form"


def test_a_region_without_a_line_of_its_own_has_the_name_of_the_register(oblast: Planning) -> None:
    at = oblast.oblast.at("roads")
    bin_ = oblast.read(lambda u: organisations.by_ids(u, [at], date(2026, 11, 22)))[at].code
    plan = oblast.begin([a_leaf(budget=oblast.at, organisation=oblast.at, region=bin_)])
    found = plan.read(lambda u: service.axes(u, plan.at, plan.plan_id, date(2026, 11, 22)))
    assert [(each.en, each.verified) for each in found.level("region").members] == [("Roads", True)]


def test_organisations_stand_below_their_bodies(axes: Axes, plan: Planning) -> None:
    above = axes.level("organisation.administrator")
    assert [above.members[at].en for at in above.index.tolist()] == ["Education"] * 2 + ["Roads"] + [""] * 3 + [
        "Education"
    ]
    assert {member.en for member in axes.level("organisation.oblast").members} == {"Oblast"}
    assert len(axes.level("organisation")) == 4


def test_levels_go_by_their_full_names_too() -> None:
    assert all(canonical(level) == level for level in LEVELS)
    assert [canonical(level) for level in ("programme.subprogramme", "economic.specific", "source.source")] == [
        "programme",
        "economic",
        "source",
    ]
    with pytest.raises(rules.LevelUnknown):
        canonical("mood.swing")


# ------------------------------------------------------------------------------------------------ side by side


@pytest.fixture(scope="module")
def compare(plan: Planning) -> Callable[..., Comparison]:
    plan.edit([(0, 2027, 100), (1, 2027, 50), (2, 2027, 70), (3, 2027, 400), (5, 2027, 30), (6, 2028, 9)])
    draft = plan.branch().id
    plan.edit([(0, 2027, 130), (1, 2027, None), (2, 2028, 0)], draft)
    return lambda *by, **said: plan.read(
        lambda u: service.compare(u, plan.at, plan.plan_id, plan.base_id, draft, by, **said)
    )


def test_totals_tie_at_every_level(compare: Callable[..., Comparison]) -> None:
    whole = compare()
    assert whole.by == ("section",)
    for level in [*LEVELS, LEAF]:
        found = compare(level)
        for section in ("revenue", "expenditure", "lending"):
            rows = [at for at, members in enumerate(found.members) if members[0].key == section]
            one = next(at for at, members in enumerate(whole.members) if members[0].key == section)
            for side in ("a", "b"):
                parts, total = getattr(found, side).amounts[rows], getattr(whole, side).amounts[one]
                assert np.array_equal(parts.sum(axis=0), total), (level, section)
            assert found.cells[rows].sum() == whole.cells[one]
            assert found.different[rows].sum() == whole.different[one]


def test_what_differs_is_counted_and_absent_is_not_zero(compare: Callable[..., Comparison]) -> None:
    rows = {row.members[1].key: row for row in compare("programme.programme", only_different=True).rows()}
    assert set(rows) == {"261.082", "261.003", "268.003"}
    gone = rows["261.003"]
    assert (gone.a[2], gone.b[2], gone.difference[2], gone.different) == (50, None, -50, 1)
    zero = rows["268.003"]
    assert (zero.a[3], zero.b[3], zero.difference[3], zero.cells, zero.different) == (None, 0, 0, 2, 1)
    lending = next(row for row in compare().rows() if row.members[0].key == "lending")
    assert lending.a[2] == -30, "what is repaid lessens net lending"


def test_rows_without_a_difference_are_left_out_and_the_others_stay_whole(compare: Callable[..., Comparison]) -> None:
    every = {tuple(member.key for member in row.members): row for row in compare("economic").rows()}
    different = list(compare("economic", only_different=True).rows())
    assert 0 < len(different) < len(every)
    assert all(every[tuple(member.key for member in row.members)] == row for row in different)


def test_a_row_opens_to_the_cells_behind_it(compare: Callable[..., Comparison], plan: Planning) -> None:
    found = compare(LEAF, within={"section": "expenditure", "programme.group": "04"})
    assert [row.leaf_id for row in found.rows()] == plan.leaves[:2]
    assert [(level, member.key) for level, member in found.narrowed] == [
        ("section", "expenditure"),
        ("programme.group", "04"),
    ]
    assert len(compare("economic", within={"programme.group": "99"})) == 0
    with pytest.raises(rules.LevelUnknown):
        compare("mood")
