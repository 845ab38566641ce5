"""Versions of a plan in the database: edits, undo, branches, freezing; and the database's own refusals."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine, TextClause, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from erp.base import uow
from erp.base.clock import now
from erp.base.db import make_engine
from erp.base.scope import system_scope
from erp.economy.plans import queries, rules, service
from erp.economy.plans.model import CellChange, Section, Version, VersionKind
from erp.economy.plans.registers import CodeUnknown
from ledger.errors import KeyReused
from tests.factories.plans import YEARS, Planning, a_leaf
from tests.factories.seals import tamper


@pytest.fixture
def plan(oblast: Planning) -> Planning:
    """Wages and food of two schools, a tax, and a loan."""
    budget = oblast.at
    school, village = oblast.oblast.at("school"), oblast.oblast.at("village")
    return oblast.begin([
        a_leaf(budget=budget, organisation=school),
        a_leaf(budget=budget, organisation=school, economic="141"),
        a_leaf(budget=budget, organisation=village),
        a_leaf(Section.REVENUE, budget=budget, organisation=budget, programme="", economic="101201"),
        a_leaf(Section.FINANCING, budget=budget, organisation=budget, programme="", economic="7.01.2"),
        a_leaf(Section.FINANCING, budget=budget, organisation=budget, programme="452.008", economic="711"),
    ])  # fmt: skip


def test_a_plan_begins_with_an_empty_base_and_its_key_makes_it_once(oblast: Planning) -> None:
    key = uuid4()
    begin = lambda u: service.create_plan(u, oblast.at, " Budget\u202e  2030 ", (2029, 2030), 2030, key=key)  # noqa: E731
    made = oblast.run(begin)
    assert (made.name, made.years, made.plan_years, made.versions) == ("Budget 2030", (2029, 2030), (2030,), 1)
    assert oblast.run(begin) == made
    with pytest.raises(KeyReused):
        oblast.run(lambda u: service.create_plan(u, oblast.at, "Another", (2030,), 2030, key=key))
    with pytest.raises(rules.PlanYearsWrong):
        oblast.run(lambda u: service.create_plan(u, oblast.at, "Holes", (2029, 2031), 2031, key=uuid4()))
    with pytest.raises(rules.PlanUnnamed):
        oblast.run(lambda u: service.create_plan(u, oblast.at, " ", (2030,), 2030, key=uuid4()))


def test_a_leaf_is_interned_once(plan: Planning) -> None:
    key = a_leaf(budget=plan.at, organisation=plan.oblast.at("school"))
    again = plan.run(lambda u: service.intern(u, plan.at, plan.plan_id, [key, key]))
    assert again.tolist() == [plan.leaves[0]] * 2
    table = plan.read(lambda u: service.leaves(u, plan.at, plan.plan_id))
    assert [leaf.id for leaf in table] == sorted(plan.leaves)
    assert table.key_at(0) == key
    for wrong in (key._replace(programme="school"), key._replace(economic="..."), key._replace(economic="1" * 21)):
        with pytest.raises(rules.LeafMalformed):
            plan.run(lambda u, asked=wrong: service.intern(u, plan.at, plan.plan_id, [asked]))  # type: ignore[misc]


@pytest.mark.parametrize(
    ("act", "rival"), [("edit", "edit"), ("edit", "freeze"), ("edit", "away"), ("branch", "away"), ("back", "away")]
)
def test_of_two_at_once_one_is_refused(plan: Planning, act: str, rival: str) -> None:
    plan.edit([(0, 2027, 100)], who="second")
    draft = plan.branch()
    trial = plan.put_away(plan.branch(draft.id, kind=VersionKind.SANDBOX).id)

    def freeze(u: uow.UnitOfWork) -> object:
        return service.freeze(u, plan.at, plan.plan_id, draft.id, expected_edits=0)

    def put_away(u: uow.UnitOfWork) -> object:
        return service.put_away(u, plan.at, plan.plan_id, draft.id, "It leads nowhere", expected_edits=0)

    acts: dict[str, Callable[[str], object]] = {
        "edit": lambda who: plan.edit([(0, 2027, len(who))], draft.id, expected=0, who=who),
        "branch": lambda who: plan.branch(draft.id, who=who),
        "back": lambda who: plan.bring_back(trial.id, who=who),
        "freeze": lambda _: plan.run(freeze, "head"),
        "away": lambda who: plan.run(put_away, who),
    }
    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(acts[act], "planner"), pool.submit(acts[rival], "second")]
        made = [each.exception() for each in done]
    assert made.count(None) == 1
    (refused,) = filter(None, made)
    refusals = rules.VersionMoved | rules.VersionFrozen | rules.VersionPutAway | rules.VersionStoodUpon
    assert isinstance(refused, refusals)


def test_edits_are_numbered_and_what_changes_nothing_is_left_out(plan: Planning) -> None:
    first = plan.edit([(0, 2027, 100), (1, 2027, 50)])
    assert (first.no, first.cells, first.author) == (1, 2, "Planner")
    second = plan.edit([(0, 2027, 120), (1, 2027, 50), (1, 2028, 0), (2, 2027, None)])
    assert (second.no, second.cells) == (2, 2), "the same amount, and nothing where nothing was, are no changes"
    assert plan.holds() == {(0, 2027): 120, (1, 2027): 50, (1, 2028): 0}, "zero is not absent"
    assert plan.edit([(1, 2027, None)]).cells == 1
    assert plan.holds() == {(0, 2027): 120, (1, 2028): 0}
    with pytest.raises(rules.NothingChanges):
        plan.edit([(0, 2027, 120)])
    listed, following = plan.read(lambda u: service.history(u, plan.at, plan.plan_id, plan.base_id, limit=2))
    assert ([each.no for each in listed], following) == ([3, 2], "2")
    rest, _ = plan.read(lambda u: service.history(u, plan.at, plan.plan_id, plan.base_id, following))
    assert [each.no for each in rest] == [1]


def test_an_edit_is_refused_whole(plan: Planning) -> None:
    plan.edit([(0, 2027, 100)])
    with pytest.raises(rules.CellNotOfPlan):
        plan.edit([(0, 2035, 1)])
    other = plan.begin([a_leaf(budget=plan.at, organisation=plan.at)])
    with pytest.raises(rules.CellNotOfPlan):
        plan.run(
            lambda u: service.edit(
                u, plan.at, plan.plan_id, plan.base_id, [CellChange(other.leaves[0], 2027, 1)], "Why",
                expected_edits=1, key=uuid4(),
            )
        )  # fmt: skip
    with pytest.raises(rules.CellTwice):
        plan.edit([(1, 2027, 1), (1, 2027, 2)])
    with pytest.raises(rules.CellTooLarge):
        plan.edit([(1, 2027, rules.LARGEST_TIYN + 1)])
    with pytest.raises(rules.EditReasonMissing):
        plan.edit([(1, 2027, 1)], reason=" ")
    with pytest.raises(rules.VersionMoved):
        plan.edit([(1, 2027, 1)], expected=0)
    assert plan.holds() == {(0, 2027): 100}


def test_a_key_edits_once(plan: Planning) -> None:
    key = uuid4()
    made = plan.edit([(0, 2027, 100)], key=key)
    plan.edit([(0, 2027, 200)])
    assert plan.edit([(0, 2027, 100)], key=key, expected=0) == made, "sent again after another edit"
    with pytest.raises(KeyReused):
        plan.edit([(0, 2027, 101)], key=key)
    assert plan.holds() == {(0, 2027): 200}


def test_a_branch_sees_its_parent_as_it_was(plan: Planning) -> None:
    plan.edit([(0, 2027, 100), (1, 2027, 50)])
    draft = plan.branch()
    plan.edit([(0, 2027, 999), (2, 2027, 7)])
    plan.edit([(1, 2027, 60)], draft.id)
    assert plan.holds(draft.id) == {(0, 2027): 100, (1, 2027): 60}
    trial = plan.branch(draft.id, kind=VersionKind.SANDBOX)
    plan.edit([(0, 2027, None)], trial.id)
    assert plan.holds(trial.id) == {(1, 2027): 60}
    assert plan.holds() == {(0, 2027): 999, (1, 2027): 50, (2, 2027): 7}
    with pytest.raises(rules.BaseIsRoot):
        plan.branch(kind=VersionKind.BASE)


def test_undo_puts_back_what_was_and_can_be_undone(plan: Planning) -> None:
    plan.edit([(0, 2027, 100), (1, 2027, 50)])
    draft = plan.branch().id
    plan.edit([(0, 2027, 110), (2, 2027, 5), (1, 2027, None)], draft, reason="Higher wages")
    told = plan.read(lambda u: service.changes(u, plan.at, plan.plan_id, draft, 1))
    assert [(each.before_inherited, each.after_tiyn) for each in told] == [(True, 110), (True, None), (True, 5)]
    back = plan.undo(1, draft)
    assert (back.no, back.undoes, back.cells) == (2, 1, 3)
    assert plan.holds(draft) == {(0, 2027): 100, (1, 2027): 50}
    again = plan.undo(2, draft)
    assert plan.holds(draft) == {(0, 2027): 110, (2, 2027): 5}
    listed, _ = plan.read(lambda u: service.history(u, plan.at, plan.plan_id, draft))
    assert [(each.no, each.undoes, each.undone_by) for each in listed] == [(again.no, 2, None), (2, 1, 3), (1, None, 2)]


def test_undo_is_refused_where_a_cell_changed_since(plan: Planning) -> None:
    plan.edit([(0, 2027, 100), (1, 2027, 50)])
    plan.edit([(1, 2027, 51)])
    with pytest.raises(rules.CellsChangedSince) as refusal:
        plan.undo(1)
    assert refusal.value.fields["cells"] == [f"{plan.leaves[1]}/2027"]
    with pytest.raises(rules.EditUnknown):
        plan.undo(77)


def test_edits_of_one_cell_are_undone_from_the_last_to_the_first_and_done_again(plan: Planning) -> None:
    plan.edit([(0, 2027, 100), (1, 2027, 50)])
    plan.edit([(0, 2027, 120)], who="second")
    plan.undo(2)
    with pytest.raises(rules.EditUndone) as refusal:
        plan.undo(2)
    assert refusal.value.fields == {"no": 2, "by": 3}
    plan.undo(1)
    assert plan.holds() == {}
    with pytest.raises(rules.CellsChangedSince):
        plan.undo(3)  # the second upon nothing: the first goes before it
    plan.undo(4)
    plan.undo(3)
    assert plan.holds() == {(0, 2027): 120, (1, 2027): 50}
    with pytest.raises(rules.CellsChangedSince):
        plan.undo(5)
    plan.undo(6)
    plan.edit([(0, 2027, 120)], who="second")
    plan.edit([(0, 2027, 100)], who="second")
    with pytest.raises(rules.CellsChangedSince):
        plan.undo(5)  # the same figure again, but by another's word


def test_whoever_edited_does_not_freeze_nor_through_a_branch(plan: Planning) -> None:
    plan.edit([(0, 2027, 100)], who="head")
    draft = plan.branch(who="planner")
    plan.edit([(1, 2027, 50)], draft.id, who="planner")
    with pytest.raises(rules.OwnEdits):
        plan.freeze(draft.id, who="planner")
    with pytest.raises(rules.OwnEdits):
        plan.freeze(draft.id, who="head")  # who edited what it stands upon
    frozen = plan.freeze(plan.base_id, who="second")
    assert plan.freeze(draft.id, who="head").is_frozen
    assert frozen.content_hash is not None
    assert frozen.frozen_by == "Second"
    assert plan.freeze(plan.base_id, who="second") == frozen, "twice is once"


def test_a_frozen_version_changes_no_more_and_keeps_its_hash(plan: Planning) -> None:
    plan.edit([(0, 2027, 100), (3, 2027, 900)])
    frozen = plan.freeze()
    with pytest.raises(rules.VersionFrozen):
        plan.edit([(0, 2027, 1)])
    with pytest.raises(rules.VersionFrozen):
        plan.undo(1)
    assert plan.read(lambda u: service.hash_of(u, frozen)) == frozen.content_hash
    draft = plan.branch()
    assert plan.freeze(draft.id).content_hash == frozen.content_hash, "the same cells, the same hash"
    other = plan.branch()
    plan.edit([(0, 2028, 100)], other.id)
    assert plan.freeze(other.id).content_hash != frozen.content_hash
    assert plan.holds() == plan.holds() == {(0, 2027): 100, (3, 2027): 900}, "remembered as it was read"


def test_a_version_is_put_away_and_brought_back_and_nothing_of_it_is_lost(plan: Planning) -> None:
    plan.edit([(0, 2027, 100)])
    trial = plan.branch(kind=VersionKind.SANDBOX)
    plan.edit([(0, 2027, 500)], trial.id)
    for unsaid in (" ", "\u200b" * 4):
        with pytest.raises(rules.EditReasonMissing):
            plan.put_away(trial.id, reason=unsaid)
    away = plan.put_away(trial.id, who="second")
    assert (away.is_put_away, away.put_away_by, away.put_away_reason) == (True, "Second", "It leads nowhere")
    assert plan.put_away(trial.id, reason="For another reason") == away, "twice is once"
    assert plan.in_use() == [plan.base_id]
    assert [each.id for each in plan.read(lambda u: service.versions(u, plan.at, plan.plan_id, put_away=True))] == [
        trial.id
    ]
    assert plan.read(lambda u: service.plan(u, plan.at, plan.plan_id)).versions == 1
    with pytest.raises(rules.VersionPutAway):
        plan.read(lambda u: service.compare(u, plan.at, plan.plan_id, plan.base_id, trial.id))
    assert plan.holds(trial.id) == {(0, 2027): 500}, "who opens it still reads it"
    assert not plan.bring_back(trial.id).is_put_away
    assert plan.edit([(0, 2027, 501)], trial.id).no == 2


def test_a_key_branches_once_whatever_became_of_the_parent(plan: Planning) -> None:
    key, parent = uuid4(), plan.branch(kind=VersionKind.SANDBOX)

    def branch(u: uow.UnitOfWork, *, name: str = "Another", reason: str = "") -> Version:
        kind = VersionKind.DRAFT
        return service.branch(u, plan.at, plan.plan_id, parent.id, kind=kind, name=name, reason=reason, key=key)

    made = plan.run(branch)
    for each in (made, parent):
        plan.put_away(each.id)
    again = plan.run(branch)
    assert (again.id, again.is_put_away) == (made.id, True), "as it is now"
    with pytest.raises(KeyReused):
        plan.run(lambda u: branch(u, name="Otherwise"))
    with pytest.raises(rules.VersionPutAway):
        plan.branch(parent.id)


def test_a_new_line_has_codes_of_the_registers_and_an_old_one_keeps_its_own(plan: Planning) -> None:
    good = a_leaf(budget=plan.at, organisation=plan.at)
    for wrong, field, near, form in (
        (good._replace(programme="261.083"), "programme", "261.082", r"\d{3}\.\d{3}"),
        (good._replace(programme="110.002"), "programme", "110.001", r"\d{3}\.\d{3}"),
        (good._replace(economic="000"), "economic", "110", r"\d{3}"),
        (good._replace(source="016"), "source", "015", r"\d{3}"),
        (good._replace(source="099"), "source", "032", r"\d{3}"),
        (good._replace(region="120540099999"), "region", "", ""),
    ):
        with pytest.raises(CodeUnknown) as refused:
            plan.run(lambda u, key=wrong: service.intern(u, plan.at, plan.plan_id, [good, key]))  # type: ignore[misc]
        assert refused.value.fields["field"] == field
        nearest = refused.value.fields.get("nearest", "")
        assert near in nearest
        assert re.fullmatch(rf"{form}(, {form})*", nearest), nearest
    old = good._replace(economic="998")
    (made,) = plan.run(lambda u: queries.intern(u.connection, u.scope, plan.at, plan.plan_id, [old]))
    assert plan.run(lambda u: service.intern(u, plan.at, plan.plan_id, [old])).tolist() == [made]


def test_six_sections_follow_from_the_cells(plan: Planning) -> None:
    plan.edit([(0, 2027, 700), (1, 2027, 400), (3, 2027, 1000), (4, 2027, 150), (5, 2027, 50)])
    told = plan.read(lambda u: service.totals(u, plan.at, plan.plan_id, plan.base_id))
    at = YEARS.index(2027)
    assert (told.revenue[at], told.expenditure[at], told.balance[at]) == (1000, 1100, -100)
    assert (told.financing[at], told.gap[at]) == (100, 0), "loans received less loans repaid"


# ------------------------------------------------------------------------------------------------ the second witness


@pytest.fixture
def owner(plan: Planning) -> Iterator[Engine]:
    engine = make_engine(plan.oblast.url, role=None, pool=1)
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE economy_version SET edits = edits + 1",
        "UPDATE economy_version SET name = 'Other'",
        "UPDATE economy_version SET frozen_at = NULL, frozen_by = NULL, content_hash = NULL",
        "DELETE FROM economy_version",
        "UPDATE economy_version SET put_away_at = clock_timestamp(), put_away_by = 0, put_away_reason = 'Why not'",
        "UPDATE economy_edit SET reason = 'Other'",
        "UPDATE economy_cell SET amount_tiyn = 1",
        "UPDATE economy_cell SET until_no = edit_no + 1",
        "DELETE FROM economy_cell",
        "UPDATE economy_leaf SET economic = '112'",
        "TRUNCATE economy_cell",
        """INSERT INTO economy_cell (organisation_id, plan_id, version_id, leaf_id, year, edit_no, amount_tiyn)
           SELECT organisation_id, plan_id, version_id, leaf_id, 2029, edit_no, 1 FROM economy_cell""",
        """INSERT INTO economy_edit (organisation_id, plan_id, version_id, no, key, content_hash, reason, cells)
           SELECT organisation_id, plan_id, version_id, no + 1, gen_random_uuid(), '', 'More', 1 FROM economy_edit""",
    ],
)
def test_not_even_the_owner_changes_what_is_frozen(plan: Planning, owner: Engine, statement: str) -> None:
    plan.edit([(0, 2027, 100)])
    plan.freeze()
    narrowed = statement if statement.startswith("TRUNCATE") else f"{statement} WHERE plan_id = {plan.plan_id}"
    with owner.connect() as connection:
        connection.execute(text("SELECT set_config('qazyna.actor', '0', false)"))
        with pytest.raises(DBAPIError):
            connection.execute(text(narrowed))


def test_the_database_refuses_cells_of_other_plans_and_other_years(plan: Planning) -> None:
    other = plan.begin([a_leaf(budget=plan.at, organisation=plan.at)])
    record = text("""
        SELECT economy_record_edit(:at, :plan, :version, :no, gen_random_uuid(), '', 'Why not', NULL,
                                   ARRAY[CAST(:leaf AS int)], ARRAY[CAST(:year AS smallint)], ARRAY[1::bigint],
                                   ARRAY[true])
    """)
    asked = {
        "at": plan.at,
        "plan": plan.plan_id,
        "version": plan.base_id,
        "no": 1,
        "leaf": plan.leaves[0],
        "year": 2027,
    }
    for wrong in ({"leaf": other.leaves[0]}, {"year": 2024}, {"no": 2}, {"no": 0}):
        with pytest.raises(IntegrityError):
            plan.run(lambda u, said=wrong: u.execute(record, asked | said))  # type: ignore[misc]
    plan.run(lambda u: u.execute(record, asked))
    assert plan.holds() == {(0, 2027): 1}


def test_the_database_puts_away_what_nobody_stands_upon_and_in_the_name_of_who_acts(plan: Planning) -> None:
    away = text("""
        UPDATE economy_version SET put_away_at = '2001-01-01', put_away_by = :who, put_away_reason = 'A trial'
         WHERE plan_id = :plan AND id = :version
    """)
    back = text("""
        UPDATE economy_version SET put_away_at = NULL, put_away_by = NULL, put_away_reason = NULL
         WHERE plan_id = :plan AND id = :version
    """)
    planner, head = plan.oblast.users["planner"], plan.oblast.users["head"]
    below = plan.branch().id
    above = plan.branch(below).id

    def act(statement: TextClause, version: int, who: int = planner) -> None:
        plan.run(lambda u: u.execute(statement, {"plan": plan.plan_id, "version": version, "who": who}))

    for version, who in ((plan.base_id, planner), (below, planner), (above, head)):
        with pytest.raises(IntegrityError):
            act(away, version, who)
    act(away, above)
    act(away, below)
    assert plan.version(below).put_away_at == pytest.approx(now(), abs=timedelta(minutes=5))
    for statement in (
        "UPDATE economy_version SET frozen_at = now(), frozen_by = :who, content_hash = sha256('') WHERE id = :version",
        "UPDATE economy_version SET put_away_reason = 'Another' WHERE plan_id = :plan AND id = :version",
        """INSERT INTO economy_version (organisation_id, plan_id, key, parent_id, parent_edits, kind, name, reason)
           SELECT organisation_id, plan_id, gen_random_uuid(), id, 0, 'draft', 'Upon it', ''
             FROM economy_version WHERE plan_id = :plan AND id = :version""",
        """INSERT INTO economy_edit (organisation_id, plan_id, version_id, no, key, content_hash, reason, cells)
           SELECT organisation_id, plan_id, id, 1, gen_random_uuid(), '', 'More', 1
             FROM economy_version WHERE plan_id = :plan AND id = :version""",
    ):
        with pytest.raises(IntegrityError):
            act(text(statement), below)
    with pytest.raises(IntegrityError):
        act(back, above)
    act(back, below)
    act(back, above)
    assert plan.in_use() == [plan.base_id, below, above]


def test_the_database_lets_only_another_person_freeze(plan: Planning) -> None:
    plan.edit([(0, 2027, 100)])
    freeze = text("""
        UPDATE economy_version SET frozen_at = clock_timestamp(), frozen_by = :who, content_hash = sha256('')
         WHERE plan_id = :plan
    """)
    planner, head = plan.oblast.users["planner"], plan.oblast.users["head"]
    for who, named in (("planner", planner), ("planner", head), ("head", planner)):
        with pytest.raises(IntegrityError):
            plan.run(lambda u, n=named: u.execute(freeze, {"who": n, "plan": plan.plan_id}), who)  # type: ignore[misc]
    plan.run(lambda u: u.execute(freeze, {"who": head, "plan": plan.plan_id}), "head")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE economy_cell SET until_no = 2 WHERE edit_no = 1 AND plan_id = :plan",
        """INSERT INTO economy_cell (organisation_id, plan_id, version_id, leaf_id, year, edit_no, amount_tiyn)
           SELECT organisation_id, plan_id, version_id, leaf_id, 2028, 2, 1 FROM economy_cell WHERE plan_id = :plan""",
    ],
)
def test_what_an_edit_did_is_written_by_no_later_transaction(plan: Planning, statement: str) -> None:
    plan.edit([(0, 2027, 100)])
    plan.edit([(1, 2027, 200)])
    with pytest.raises(DBAPIError, match="by the edit that is being made"):
        plan.run(lambda u: u.execute(text(statement), {"plan": plan.plan_id}))
    assert plan.holds() == {(0, 2027): 100, (1, 2027): 200}


def test_a_line_with_a_code_of_another_section_is_refused_by_the_database_too(plan: Planning) -> None:
    insert = text("""
        INSERT INTO economy_leaf (organisation_id, plan_id, section, budget_id, institution_id, programme, economic,
                                  source, region)
        SELECT organisation_id, plan_id, 'expenditure', budget_id, institution_id, programme, '101201', source, region
          FROM economy_leaf WHERE plan_id = :plan LIMIT 1""")
    with pytest.raises(DBAPIError, match="economy_leaf_code_of_section"):
        plan.run(lambda u: u.execute(insert, {"plan": plan.plan_id}))


def test_who_only_reads_changes_nothing_and_strangers_see_nothing(plan: Planning) -> None:
    plan.edit([(0, 2027, 100)])
    assert plan.version(who="inspector").edits == 1
    with pytest.raises(ProgrammingError):
        plan.run(lambda u: service.create_plan(u, plan.at, "Mine", (2030,), 2030, key=uuid4()), "inspector")
    school = plan.oblast.at("school")
    with pytest.raises(rules.VersionUnknown):
        plan.read(lambda u: service.version(u, school, plan.plan_id, plan.base_id))


def test_a_frozen_version_that_holds_other_cells_is_found(plan: Planning) -> None:
    plan.edit([(0, 2027, 100), (3, 2027, 900)])
    frozen = plan.freeze()
    owner = make_engine(plan.oblast.url, role=None, pool=1)

    def verdicts() -> dict[str, bool]:
        told = uow.read(owner, system_scope(), lambda u: list(service.verify_all(u)))
        return {version.subject: holds for version, holds in told}

    assert verdicts()[frozen.subject]
    tamper(
        plan.oblast.url,
        "UPDATE economy_cell SET amount_tiyn = 101 WHERE plan_id = %s AND year = 2027 AND amount_tiyn = 100",
        plan.plan_id,
    )
    assert not verdicts()[frozen.subject]
    owner.dispose()
