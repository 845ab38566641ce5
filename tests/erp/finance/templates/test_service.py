"""Templates in real books: kept, shared, filled from balances, falling due, posted once."""

from collections.abc import Callable
from datetime import date
from uuid import UUID, uuid4

import pytest

from erp.base.dates import IntervalReversed
from erp.base.errors import Invalid
from erp.base.uow import Receipt
from erp.finance.drafts import service as drafts
from erp.finance.drafts.model import Draft, DraftState, Origin
from erp.finance.journal import service as journal
from erp.finance.templates import rules, service
from erp.finance.templates.model import Occurrence, OccurrenceState, Recurrence, Template
from erp.finance.templates.schemas import ChangeTemplate, EndRecurrence, LeaveOut, MakeTemplate, Recur, UseTemplate
from tests.erp.finance.drafts.conftest import Desk, a_row, a_sheet

DAY = date(2026, 3, 31)


def a_template(*amounts: str, shared: bool = False, key: UUID | None = None, name: str = "") -> MakeTemplate:
    rows = [{"debit": {"account": "1010"}, "credit": {"account": "6010"}, "amount": each} for each in amounts or ("5",)]
    sheet = {"journal": "MO-16", "memo": "Rent for {month}", "rows": rows}
    said = {"key": key or uuid4(), "name": name or f"Rent {uuid4()}", "shared": shared, "sheet": sheet}
    return MakeTemplate.model_validate(said)


def make(desk: Desk, command: MakeTemplate | None = None, who: str = "aigul") -> Template:
    return desk.run(lambda u: service.make(u, desk.organisation, command or a_template()), who)


def change(desk: Desk, found: Template, who: str = "aigul", **said: object) -> Template:
    command = ChangeTemplate.model_validate(
        {"name": found.name, "shared": found.shared, "sheet": a_template("7").sheet.model_dump(mode="json")} | said
    )
    return desk.run(lambda u: service.change(u, desk.organisation, found.id, found.version, command), who)


def use(desk: Desk, found: Template, who: str = "aigul", key: UUID | None = None, **inputs: str) -> Draft:
    command = UseTemplate(key=key or uuid4(), effective_on=DAY, inputs=inputs)
    return desk.run(lambda u: service.use(u, desk.organisation, found.id, command), who)


def names_seen(desk: Desk, who: str) -> set[str]:
    return {each.name for each in desk.run(lambda u: service.templates(u, desk.organisation), who)}


def test_a_template_becomes_a_draft_and_the_draft_an_entry(desk: Desk) -> None:
    draft = use(desk, make(desk, a_template("=сумма", "=№1 * 12%")), сумма="1 000,55")
    assert draft.origin is Origin.TEMPLATE
    assert [row.amount for row in draft.sheet.rows] == ["1000,55", "120,07"]
    assert draft.sheet.memo == "Rent for 03.2026"
    assert isinstance(desk.post(draft.id, draft.version), Receipt)
    assert desk.look(draft.id).state is DraftState.POSTED


def test_balances_stand_as_they_are_on_the_day(new_desk: Callable[[], Desk]) -> None:
    desk = new_desk()
    for amount, day in (("300", "10.02.2026"), ("50", "20.03.2026"), ("7", "01.04.2026")):
        posted = desk.begin(a_sheet(a_row(amount), effective_on=day))
        desk.post(posted.id, posted.version)
    found = make(desk, a_template("=balance(1010)", "=debit(1010)", "=-balance(6010) + credit(6010)"))
    assert [row.amount for row in use(desk, found).sheet.rows] == ["350,00", "50,00", "400,00"]


def test_what_is_missing_is_told_and_nothing_is_begun(desk: Desk) -> None:
    found = make(desk, a_template("=оклад", "=balance(9999)"))
    before = desk.run(lambda u: drafts.open_drafts(u, desk.organisation))
    with pytest.raises(Invalid) as refused:
        use(desk, found)
    assert set(refused.value.faults) == {"inputs.оклад"}
    with pytest.raises(Invalid) as refused:
        use(desk, found, оклад="1")
    assert set(refused.value.faults) == {"postings.1.amount"}
    assert desk.run(lambda u: drafts.open_drafts(u, desk.organisation)) == before


def test_a_command_sent_twice_makes_one(desk: Desk) -> None:
    command = a_template()
    assert make(desk, command) == make(desk, command)
    key, found = uuid4(), make(desk)
    assert use(desk, found, key=key).id == use(desk, found, key=key).id


def test_own_templates_are_seen_by_nobody_else_and_shared_ones_by_all(desk: Desk) -> None:
    own, shared = make(desk), make(desk, a_template(shared=True))
    assert {own.name, shared.name} <= names_seen(desk, "aigul")
    assert shared.name in names_seen(desk, "bolat")
    assert own.name not in names_seen(desk, "bolat")
    with pytest.raises(rules.TemplateUnknown):
        use(desk, own, "bolat")
    assert use(desk, shared, "bolat").note == shared.name
    assert change(desk, shared, "bolat").version == 2


def test_two_hands_do_not_undo_each_other(desk: Desk) -> None:
    found = make(desk)
    changed = change(desk, found)
    assert [row.amount for row in changed.sheet.rows] == ["7"]
    with pytest.raises(rules.TemplateChanged):
        change(desk, found)


def test_only_its_owner_keeps_a_template_from_the_others(desk: Desk) -> None:
    found = make(desk, a_template(shared=True))
    with pytest.raises(rules.TemplateIsAnothers):
        change(desk, found, "bolat", shared=False)
    assert not change(desk, found, shared=False).shared


def test_a_name_that_its_owner_gave_to_what_only_they_see_is_taken(desk: Desk) -> None:
    unseen, found = make(desk, a_template()), make(desk, a_template(shared=True))
    with pytest.raises(rules.TemplateOfThatName):
        change(desk, found, "bolat", name=unseen.name.upper())
    assert names_seen(desk, "bolat") >= {found.name}


def test_a_name_is_given_once(desk: Desk) -> None:
    found, other = make(desk), make(desk)
    with pytest.raises(rules.TemplateOfThatName):
        make(desk, a_template(name=found.name.upper()))
    with pytest.raises(rules.TemplateOfThatName):
        change(desk, other, name=f" {found.name} ")
    desk.run(lambda u: service.retire(u, desk.organisation, found.id, found.version))
    assert make(desk, a_template(name=found.name)).name == found.name


# ------------------------------------------------------------------------------------------------ falling due


def recur(desk: Desk, found: Template, key: UUID | None = None, **said: object) -> Recurrence:
    told = {"key": key or uuid4(), "every": "month", "day": 31, "since": "2026-01-01", "until": "2026-04-01"} | said
    return desk.run(lambda u: service.recur(u, desk.organisation, found.id, Recur.model_validate(told)))


def fall_due(desk: Desk, recurrence: Recurrence, who: str = "aigul") -> dict[date, Occurrence]:
    year = (date(2026, 1, 1), date(2026, 12, 31))
    found = desk.run(lambda u: service.occurrences(u, desk.organisation, *year), who)
    return {each.due_on: each for each in found if each.recurrence_id == recurrence.id}


def draft_due(desk: Desk, recurrence: Recurrence, day: date, who: str = "aigul") -> Draft:
    return desk.run(lambda u: service.draft_due(u, desk.organisation, recurrence.id, day), who)


@pytest.fixture
def rent(desk: Desk) -> Recurrence:
    found = make(desk, a_template("=плата", shared=True))
    return recur(desk, found, inputs={"плата": "250"})


def test_each_due_day_goes_from_due_to_posted(desk: Desk, rent: Recurrence) -> None:
    january, february, march = date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)
    assert {d: o.state for d, o in fall_due(desk, rent).items()} == dict.fromkeys(
        (january, february, march), OccurrenceState.DUE
    )
    draft = draft_due(desk, rent, january)
    assert draft.sheet.effective_on == "31.01.2026"
    assert [row.amount for row in draft.sheet.rows] == ["250,00"]
    assert fall_due(desk, rent)[january].draft_id == draft.id
    others = fall_due(desk, rent, "bolat")[january]
    assert (others.state, others.draft_id) == (OccurrenceState.DRAFTED, None), "whose draft it is stays his"
    desk.post(draft.id, draft.version)
    posted = fall_due(desk, rent, "bolat")[january]
    assert posted.state is OccurrenceState.POSTED
    assert posted.entry_id is not None

    command = LeaveOut(reason="no rent in February")
    desk.run(lambda u: service.leave_out(u, desk.organisation, rent.id, february, command))
    assert fall_due(desk, rent)[february].state is OccurrenceState.LEFT_OUT
    assert fall_due(desk, rent)[february].reason == command.reason
    with pytest.raises(rules.OccurrenceDone):
        draft_due(desk, rent, february)
    with pytest.raises(rules.OccurrenceDone):
        desk.run(lambda u: service.leave_out(u, desk.organisation, rent.id, january, command))


def test_a_due_day_is_drafted_once(desk: Desk, rent: Recurrence) -> None:
    day = date(2026, 1, 31)
    assert draft_due(desk, rent, day).id == draft_due(desk, rent, day).id
    for other in (date(2026, 1, 30), date(2026, 4, 30)):
        with pytest.raises(rules.RecurrenceUnknown):
            draft_due(desk, rent, other)


def test_a_due_day_whose_drafter_is_gone_is_drafted_by_another_and_posted_once(desk: Desk, rent: Recurrence) -> None:
    day = date(2026, 2, 28)
    first, second = draft_due(desk, rent, day), draft_due(desk, rent, day, "bolat")
    assert first.id != second.id
    desk.post(second.id, second.version, "bolat")
    assert desk.look(first.id).became == desk.look(second.id, "bolat").became, "what the one became is the other's too"
    with pytest.raises(rules.OccurrenceDone):
        draft_due(desk, rent, day)


def test_what_waits_is_what_fell_due_by_today(desk: Desk, rent: Recurrence) -> None:
    waiting = desk.run(lambda u: service.waiting(u, desk.organisation))
    mine = [each.due_on for each in waiting if each.recurrence_id == rent.id]
    assert mine == sorted(mine)
    assert all(each.state is OccurrenceState.DUE for each in waiting)


def test_it_ends_and_then_the_template_may_go(desk: Desk) -> None:
    found = make(desk, a_template(shared=True))
    live = recur(desk, found, until=None)
    with pytest.raises(rules.TemplateRecurs):
        desk.run(lambda u: service.retire(u, desk.organisation, found.id, found.version))
    with pytest.raises(rules.TemplateRecurs):
        change(desk, found, shared=False)
    ended = desk.run(
        lambda u: service.end_recurrence(u, desk.organisation, live.id, EndRecurrence(until=date(2026, 3, 1)))
    )
    assert ended.until == date(2026, 3, 1)
    later = EndRecurrence(until=date(2027, 3, 1))
    assert desk.run(lambda u: service.end_recurrence(u, desk.organisation, live.id, later)) == ended, "not revived"
    assert sorted(fall_due(desk, live)) == [date(2026, 1, 31), date(2026, 2, 28)]
    desk.run(lambda u: service.retire(u, desk.organisation, found.id, found.version))
    assert sorted(fall_due(desk, live)) == [date(2026, 1, 31), date(2026, 2, 28)], "what fell due stays known"


def test_only_a_shared_template_with_all_it_asks_for_recurs(desk: Desk) -> None:
    with pytest.raises(rules.TemplateIsPrivate):
        recur(desk, make(desk))
    with pytest.raises(Invalid):
        recur(desk, make(desk, a_template("=плата", shared=True)))
    with pytest.raises(IntervalReversed):
        recur(desk, make(desk, a_template(shared=True)), until="2025-12-31")
    key, found = uuid4(), make(desk, a_template(shared=True))
    assert recur(desk, found, key).id == recur(desk, found, key).id


def test_a_closed_month_refuses_the_posting_not_the_draft(new_desk: Callable[[], Desk]) -> None:
    desk = new_desk()
    draft = use(desk, make(desk))
    row = desk.begin(a_sheet(effective_on="05.01.2026"))
    desk.post(row.id, row.version)
    for month in (1, 2, 3):
        desk.run(lambda u, m=month: journal.close_month(u, desk.organisation, date(2026, m, 1)))  # type: ignore[misc]
    assert use(desk, make(desk)).state is DraftState.OPEN
    with pytest.raises(Invalid):
        desk.post(draft.id, draft.version)
