"""Acts on units and posts: a staffing table that holds together on every day, whatever is recorded."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from erp.hr.personnel import service as personnel
from erp.hr.staffing import service as staffing
from erp.hr.staffing.model import About
from erp.hr.staffing.rules import ActRescinded, ActUnknown, PostTaken, UnitNotThere, UnitUnderItself
from erp.hr.staffing.schemas import RecordPost, RecordUnit, RescindAct
from tests.factories.staff import REASON, Staff, a_hire, a_post, a_unit

LATER = date(2027, 3, 1)


def closed(kind: type[Any], since: date = LATER) -> Any:
    return kind(key=uuid4(), reason=REASON, since=since, content=None)


def record(staff: Staff, about: About, number: int, command: Any) -> None:
    act = staffing.record_unit if about is About.UNIT else staffing.record_post
    staff.run("officer", lambda u: act(u, staff.organisation, number, command))


def rescind(staff: Staff, about: About, number: int) -> None:
    """The last act on a unit or a post."""
    act = staff.read("officer", lambda u: staffing.acts_on(u, staff.organisation, about, number))[0]
    command = RescindAct(key=uuid4(), reason=REASON)
    staff.run("officer", lambda u: staffing.rescind(u, staff.organisation, act.id, command))


def test_a_post_that_somebody_holds_is_not_closed_or_made_smaller(staff: Staff) -> None:
    post = staff.add_post(a_post(staff.units["teaching"], "held", percent=200))
    staff.hire(a_hire(post))
    staff.hire(a_hire(post, since=date(2026, 5, 4)))
    for command in (closed(RecordPost), a_post(staff.units["teaching"], "held", percent=150, since=LATER)):
        with pytest.raises(PostTaken) as refused:
            record(staff, About.POST, post, command)
        assert refused.value.fields["day"] == LATER
    record(staff, About.POST, post, a_post(staff.units["teaching"], "held", percent=100, until=date(2026, 5, 4)))


def test_a_unit_is_closed_once_nothing_stands_in_it(staff: Staff) -> None:
    unit = staff.add_unit(a_unit("passing", parent_id=staff.units["office"]))
    post = staff.add_post(a_post(unit, "in it"))
    with pytest.raises(UnitNotThere):
        record(staff, About.UNIT, unit, closed(RecordUnit))
    record(staff, About.POST, post, closed(RecordPost))
    record(staff, About.UNIT, unit, closed(RecordUnit))
    with pytest.raises(UnitNotThere):
        rescind(staff, About.POST, post)
    rescind(staff, About.UNIT, unit)
    rescind(staff, About.POST, post)
    assert staff.read("officer", lambda u: staffing.post_facts(u, staff.organisation, post))[-1].valid.end is None


def test_no_unit_stands_under_itself_nor_comes_to_by_rescinding(staff: Staff) -> None:
    above = staff.add_unit(a_unit("above", parent_id=staff.units["office"]))
    below = staff.add_unit(a_unit("below", parent_id=above))
    with pytest.raises(UnitUnderItself):
        record(staff, About.UNIT, above, a_unit("above", parent_id=below, since=LATER))
    record(staff, About.UNIT, below, a_unit("below", parent_id=staff.units["office"], since=LATER))
    record(staff, About.UNIT, above, a_unit("above", parent_id=below, since=LATER))
    with pytest.raises(UnitUnderItself):
        rescind(staff, About.UNIT, below)


def test_what_undid_an_act_is_not_undone_and_acts_of_files_are_undone_there(staff: Staff) -> None:
    post = staff.add_post(a_post(staff.units["teaching"], "undone"))
    rescind(staff, About.POST, post)
    with pytest.raises(ActRescinded):
        rescind(staff, About.POST, post)
    person_id = staff.hire(a_hire(staff.add_post(a_post(staff.units["teaching"], "file"))))
    hired = staff.read("officer", lambda u: personnel.file_of(u, staff.organisation, person_id)).acts[0].id
    command = RescindAct(key=uuid4(), reason=REASON)
    with pytest.raises(ActUnknown):
        staff.run("officer", lambda u: staffing.rescind(u, staff.organisation, hired, command))
