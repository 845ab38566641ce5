"""Acts on the staffing table: units and posts are made, changed, closed, and any of it undone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from erp.base.clock import today
from erp.base.dates import day_string
from erp.base.i18n import N_, Language
from erp.base.uow import UnitOfWork
from erp.hr.staffing import service
from erp.hr.staffing.model import About, StaffGroup, StaffUnit, Unit
from erp.hr.staffing.schemas import RecordPost, RecordUnit
from web.hr.acts import GROUPS, Act, At, Subject, act_fields, chosen, dated, rescission, share, share_typed
from web.i18n import alphabetical
from web.sheets import Field, Option, Typed, said

_SECTION = "units"
_UNIT, _POST = "units/{unit_id:int}", "posts/{post_id:int}"
_PLACES = {About.UNIT: "units", About.POST: "posts"}


@dataclass(frozen=True)
class OnStaffing(Subject):
    """The unit or the post that an act is about to be on, none of a new one; and what may be chosen there."""

    shown: Any = None
    """What the fields begin with: the fact to be corrected, or the last one."""
    number: int | None = None
    within: str = ""
    """The unit that a new post is asked for."""
    units: Sequence[Unit] = ()
    posts: Sequence[StaffUnit] = ()


def _new(at: At, language: Language) -> OnStaffing:
    units, posts = at.visit.read(lambda uow: _there(uow, at))
    return OnStaffing(_chart(at), _SECTION, within=at.asked("unit"), units=units, posts=posts)


def _unit(at: At, language: Language) -> OnStaffing:
    return _on(at, language, About.UNIT, at["unit_id"])


def _post(at: At, language: Language) -> OnStaffing:
    return _on(at, language, About.POST, at["post_id"])


def _on(at: At, language: Language, about: About, number: int) -> OnStaffing:
    facts = at.visit.read(lambda uow: service.facts(uow, at.organisation_id, about, number))
    units, posts = at.visit.read(lambda uow: _there(uow, at))
    named: Mapping[int, Unit | StaffUnit] = {each.fact_id: each for each in facts}
    fact = named.get(chosen(list(named), at.asked("fact")) or 0)
    shown = fact or facts[-1]
    name = shown.name(language) if isinstance(shown, Unit) else shown.title(language)
    home = f"/o/{at.organisation_id}/{_PLACES[about]}/{number}"
    return OnStaffing(home, _SECTION, name, fact, shown=shown, number=number, units=units, posts=posts)


def _act(at: At, language: Language) -> Subject:
    act = at.visit.read(lambda uow: service.recorded_act(uow, at.organisation_id, at["act_id"]))
    home = f"/o/{at.organisation_id}/{_PLACES.get(act.about, 'units')}/{act.subject_id}"
    return Subject(home, _SECTION, f"№ {act.id}, {day_string(act.at.date())}")


def _there(uow: UnitOfWork, at: At) -> tuple[list[Unit], list[StaffUnit]]:
    return service.units(uow, at.organisation_id), service.posts(uow, at.organisation_id)


def _chart(at: At, result: object = None) -> str:
    return f"/o/{at.organisation_id}/units"


# ------------------------------------------------------------------------------------------------ fields


def _unit_fields(on: OnStaffing, language: Language) -> tuple[Field, ...]:
    shown: Unit | None = on.shown
    none = Option("", "—")
    return (
        Field("name_kk", N_("Name in Kazakh"), value=shown.name_kk if shown else ""),
        Field("name_ru", N_("Name in Russian"), value=shown.name_ru if shown else ""),
        Field("name_en", N_("Name in English"), value=shown.name_en if shown else ""),
        Field(
            "parent",
            N_("Stands under"),
            "select",
            value=str(shown.parent_id or "") if shown else "",
            required=False,
            options=[none, *_unit_options([each for each in on.units if each.id != on.number], language)],
        ),
        Field(
            "head",
            N_("Headed by the holder of"),
            "select",
            value=str(shown.head_id or "") if shown else "",
            required=False,
            options=[none, *post_options(on.units, on.posts, language)],
        ),
        *on.dated,
    )


def _post_fields(on: OnStaffing, language: Language) -> tuple[Field, ...]:
    shown: StaffUnit | None = on.shown
    return (
        Field(
            "unit",
            N_("Structural unit"),
            "select",
            value=str(shown.unit_id) if shown else on.within,
            options=_unit_options(on.units, language),
        ),
        Field("title_kk", N_("Title in Kazakh"), value=shown.title_kk if shown else ""),
        Field("title_ru", N_("Title in Russian"), value=shown.title_ru if shown else ""),
        Field("title_en", N_("Title in English"), value=shown.title_en if shown else ""),
        Field(
            "staff_group",
            N_("Serves as"),
            "select",
            value=shown.staff_group.value if shown else StaffGroup.CIVIL_SERVANT.value,
            options=[Option(group.value, said(name, language)) for group, name in GROUPS.items()],
            hint=N_("By it leave is counted."),
        ),
        Field(
            "category",
            N_("Category"),
            value=shown.category if shown else "",
            required=False,
            hint=N_("Code of the register of posts, such as D-O-4; empty where posts have none."),
        ),
        Field(
            "share",
            N_("Units"),
            value=share(shown.percent) if shown else "1",
            hint=N_("How many of it the staffing table has: 1, 0,5, 18,25."),
        ),
        *on.dated,
    )


def _unit_options(units: Sequence[Unit], language: Language) -> list[Option]:
    named = sorted(units, key=lambda each: alphabetical(each.name(language)))
    return [Option(str(each.id), each.name(language)) for each in named]


def post_options(
    units: Sequence[Unit], posts: Sequence[StaffUnit], language: Language, *, vacant: bool = False
) -> list[Option]:
    """Posts under their units; with ``vacant`` what is free of each."""
    named = {each.id: each.name(language) for each in units}
    options = [
        Option(
            str(each.id),
            f"{named.get(each.unit_id, '')} · {each.title(language)}"
            + (f" · {said(N_('free: {share}'), language, share=share(each.free_percent))}" if vacant else ""),
        )
        for each in posts
    ]
    return sorted(options, key=lambda option: alphabetical(option.label))


def _closing_fields(on: OnStaffing, language: Language) -> tuple[Field, ...]:
    return act_fields(today() + timedelta(days=1), ends=False)


# ------------------------------------------------------------------------------------------------ what was typed


def _unit_content(typed: Typed) -> dict[str, Any]:
    names = {name: typed.text(name) for name in ("name_kk", "name_ru", "name_en")}
    return {"content": {**names, "parent_id": typed.number_or_none("parent"), "head_id": typed.number_or_none("head")}}


def _post_content(typed: Typed) -> dict[str, Any]:
    titles = {name: typed.text(name) for name in ("title_kk", "title_ru", "title_en")}
    content = {
        **titles,
        "unit_id": typed.number("unit"),
        "category": typed.raw("category"),
        "staff_group": typed.choice("staff_group", StaffGroup, StaffGroup.WORKER),
        "percent": share_typed(typed, "share"),
    }
    return {"content": content}


def _nothing(typed: Typed) -> dict[str, Any]:
    return {"content": None}


# ------------------------------------------------------------------------------------------------ the acts

_CLOSING = N_("From that day on it is there no more. Whoever holds its posts has to leave them first.")


def _record_unit(uow: UnitOfWork, at: At, command: RecordUnit) -> None:
    service.record_unit(uow, at.organisation_id, at["unit_id"], command)


def _record_post(uow: UnitOfWork, at: At, command: RecordPost) -> None:
    service.record_post(uow, at.organisation_id, at["post_id"], command)


ACTS: tuple[Act[Any, Any], ...] = (
    Act(
        "units/new",
        _new,
        N_("New unit"),
        _unit_fields,
        dated(RecordUnit, _unit_content),
        lambda uow, at, command: service.begin_unit(uow, at.organisation_id, command),
        lambda at, unit_id: f"/o/{at.organisation_id}/units/{unit_id}",
    ),
    Act(
        _UNIT + "/change",
        _unit,
        N_("Change the unit"),
        _unit_fields,
        dated(RecordUnit, _unit_content),
        _record_unit,
        lambda at, _: f"/o/{at.organisation_id}/units/{at['unit_id']}",
        correction=N_("Correct the unit"),
    ),
    Act(
        _UNIT + "/close",
        _unit,
        N_("Close the unit"),
        _closing_fields,
        dated(RecordUnit, _nothing),
        _record_unit,
        _chart,
        button=N_("Close"),
        lead=_CLOSING,
        danger=True,
    ),
    Act(
        "posts/new",
        _new,
        N_("New post"),
        _post_fields,
        dated(RecordPost, _post_content),
        lambda uow, at, command: service.begin_post(uow, at.organisation_id, command),
        lambda at, post_id: f"/o/{at.organisation_id}/posts/{post_id}",
    ),
    Act(
        _POST + "/change",
        _post,
        N_("Change the post"),
        _post_fields,
        dated(RecordPost, _post_content),
        _record_post,
        lambda at, _: f"/o/{at.organisation_id}/posts/{at['post_id']}",
        correction=N_("Correct the post"),
    ),
    Act(
        _POST + "/close",
        _post,
        N_("Close the post"),
        _closing_fields,
        dated(RecordPost, _nothing),
        _record_post,
        _chart,
        button=N_("Close"),
        lead=_CLOSING,
        danger=True,
    ),
    rescission(
        "units/acts/{act_id:int}/rescind",
        _act,
        lambda uow, at, command: service.rescind(uow, at.organisation_id, at["act_id"], command),
        _chart,
    ),
)
routes = [route for act in ACTS for route in act.routes]
