"""The staff of the oblast's institutions: some 1,500 people in the posts of staffing tables, and a few acts since.

Names and numbers are made up; the categories of posts follow the register's letters, which are not verified.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Engine

from erp.base import uow
from erp.base.scope import system_scope
from erp.base.uow import UnitOfWork
from erp.base.vault import Vault
from erp.hr.personnel import service as personnel
from erp.hr.personnel.schemas import (
    AppointmentContent,
    Hire,
    NameContent,
    RecordFacts,
    RecordName,
)
from erp.hr.staffing import service as staffing
from erp.hr.staffing.model import StaffGroup
from erp.hr.staffing.schemas import PostContent, RecordPost, RecordUnit, UnitContent
from erp.reference.counterparties.rules import check_digit
from erp.reference.organisations import service as organisations
from qazyna.demonstration import oblast
from qazyna.demonstration.luck import Luck
from qazyna.demonstration.model import Institution
from qazyna.demonstration.people import PEOPLE, SERVES
from qazyna.demonstration.present import ORIGIN

_KEYS = UUID("a0d0f3f6-0f64-5d5a-9a1b-6a8a0f5a4e61")
_FOUNDED = date(2012, 1, 9)
_LATEST_HIRE = date(2025, 9, 1)
_CHANGED_ON, _BEGINNING_OF_RECORDS = date(2026, 9, 14), date(1990, 1, 1)
_PREDECESSORS = 13  # of a hundred people follow somebody who left
_VACANT = 4  # of a hundred posts stand vacant, where there are many


def employ(engine: Engine, vault: Vault) -> None:
    """Put everybody in their posts; where an earlier load did already, it is left alone."""
    for institution in oblast.institutions():
        at = uow.read(engine, system_scope(origin=ORIGIN), partial(_organisation, code=institution.code))
        uow.run(engine, system_scope(at, origin=ORIGIN), _House(institution, at, vault).settle)


def _organisation(u: UnitOfWork, code: str) -> int:
    found = organisations.find_by_code(u, code)
    assert found is not None
    return found.id


@cache
def _words() -> Mapping[str, Any]:
    return tomllib.loads((Path(__file__).parent / "staff.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class _Post:
    """A line of the staffing table: so many of a post in a unit; ``kind`` is what ``institutions.toml`` counts."""

    unit: str
    title: str
    count: int
    kind: str
    group: StaffGroup
    category: str = ""
    heads: bool = False


@dataclass(frozen=True, slots=True)
class _Somebody:
    """Who holds a post, or held it before them."""

    post: int
    name: tuple[str, str, str]
    born: date
    is_man: bool
    since: date
    until: date | None = None
    login: str = ""


@dataclass(frozen=True, slots=True)
class _House:
    """An institution with its staff."""

    institution: Institution
    id: int
    vault: Vault

    def settle(self, u: UnitOfWork) -> None:
        if staffing.units(u, self.id):
            return
        table = list(self._table())
        people = list(self._people(table))
        posts = self._lay_out(u, table)
        luck = Luck("numbers", self.institution.code)
        commands = [self._hire(each, posts[each.post], number, luck) for number, each in enumerate(people, start=1)]
        persons = personnel.hire_many(u, self.vault, self.id, commands)
        for person_id, each in zip(persons, people, strict=True):
            if each.login:
                personnel.link_account(u, self.id, person_id, each.login)
        self._since(u, persons, people)

    @property
    def founded(self) -> date:
        return self.institution.since or _FOUNDED

    def key(self, what: object) -> UUID:
        return uuid5(_KEYS, f"{self.institution.code}/{what}")

    def reason(self, what: str) -> str:
        return str(_words()["reasons"][what][self.institution.language])

    # -------------------------------------------------------------------------------------------- the staffing table

    def _table(self) -> Iterator[_Post]:
        """Lines of the staffing table: of a body of the state by its sections, else by kinds of staff."""
        sizes = {kind: persons for kind, (persons, _) in self.institution.staff.items()} or _NEW_SCHOOL
        is_body = self.institution.kind == "administrator" or "civil" in sizes
        group = StaffGroup.CIVIL_SERVANT if is_body else StaffGroup.CIVIL_EMPLOYEE
        letters = self._letters() if is_body else ""

        def category(step: int) -> str:
            return f"{letters}-{step}" if letters else ""

        first, second = ("head", "deputy") if is_body else ("director", "vice_director")
        yield _Post("", first, 1, "leaders", group, category(1), heads=True)
        if sizes["leaders"] > 1:
            yield _Post("", second, sizes["leaders"] - 1, "leaders", group, category(2))
        if "civil" in sizes:
            civil = sizes["civil"]
            parts = {"personnel": civil // 6, "accounts": civil // 5} if civil > 20 else {}
            parts["planning"] = civil - sum(parts.values())
            for unit, count in parts.items():
                yield _Post(unit, "section_head", 1, f"{unit}-head", group, category(3), heads=True)
                yield _Post(unit, "chief_specialist", count - 1, unit, group, category(4))
        for kind, (unit, title) in _OF_KIND.items():
            if kind in sizes:
                worker = StaffGroup.WORKER if kind == "technical" else StaffGroup.CIVIL_EMPLOYEE
                yield _Post(unit, title, sizes[kind], kind, worker)

    def _letters(self) -> str:
        """Group of the register of posts."""
        name = self.institution.en
        if "rural okrug" in name:
            return "E-G"
        if self.institution.place == "oblast":
            return "D-O"
        return "E" if name.startswith("Akim") else "E-R"

    def _lay_out(self, u: UnitOfWork, table: Sequence[_Post]) -> list[int]:
        """Units and posts; returns the numbers of the posts."""
        i, words = self.institution, _words()
        own = {"kk": i.kk, "ru": i.ru, "en": i.en}
        names = {unit: words["units"][unit] if unit else own for unit in dict.fromkeys(post.unit for post in table)}
        units: dict[str, int] = {}
        for unit, name in names.items():
            units[unit] = staffing.begin_unit(u, self.id, self._unit(f"unit/{unit}", name, units.get("")))
        posts = []
        for number, line in enumerate(table):
            title, spare = words["posts"][line.title], -(-line.count * _VACANT // 100) if line.count >= 10 else 0
            content = PostContent(
                unit_id=units[line.unit],
                title_kk=title["kk"],
                title_ru=title["ru"],
                title_en=title["en"],
                category=line.category,
                staff_group=line.group,
                percent=(line.count + spare) * 100,
            )
            command = RecordPost(
                key=self.key(f"post/{number}"), reason=self.reason("founded"), since=self.founded, content=content
            )
            posts.append(staffing.begin_post(u, self.id, command))
            if line.heads:
                headed = self._unit(f"head/{line.unit}", names[line.unit], units[""] if line.unit else None, posts[-1])
                staffing.record_unit(u, self.id, units[line.unit], headed)
        return posts

    def _unit(self, what: str, name: Mapping[str, str], above: int | None, head: int | None = None) -> RecordUnit:
        content = UnitContent(name_kk=name["kk"], name_ru=name["ru"], name_en=name["en"], parent_id=above, head_id=head)
        return RecordUnit(key=self.key(what), reason=self.reason("founded"), since=self.founded, content=content)

    # -------------------------------------------------------------------------------------------- people

    def _people(self, table: Sequence[_Post]) -> Iterator[_Somebody]:
        """Who holds the posts: first those who sign in, then others; some of them follow somebody who left."""
        luck = Luck("staff", self.institution.code)
        users = [person for person in PEOPLE if SERVES[person.login][0] == self.institution.en]
        for place, line in enumerate(table):
            signing_in = [person for person in users if SERVES[person.login][1] == line.kind]
            users = [person for person in users if person not in signing_in[: line.count]]
            for number in range(line.count):
                is_man = luck.happens(28 if line.kind in ("teachers", "educators", "librarians") else 45)
                name, login = _name(luck, is_man), ""
                if number < len(signing_in):
                    given, family = signing_in[number].name.split()
                    name, login = (family, given, ""), signing_in[number].login
                since = self._hired(luck)
                yield _Somebody(place, name, _born(luck), is_man, since, login=login)
                if luck.happens(_PREDECESSORS) and since > self.founded + timedelta(days=400):
                    began = self.founded + timedelta(days=luck.between(0, 300))
                    yield _Somebody(place, _name(luck, is_man), _born(luck), is_man, began, since)
        assert not users, users

    def _hired(self, luck: Luck) -> date:
        last = max(_LATEST_HIRE, self.founded)
        day = self.founded + timedelta(days=luck.between(0, (last - self.founded).days))
        return day - timedelta(days=day.weekday()) if day.weekday() < 5 and day > self.founded + timedelta(7) else day

    def _hire(self, who: _Somebody, post_id: int, number: int, luck: Luck) -> Hire:
        family, given, patronymic = who.name
        return Hire(
            key=self.key(f"hire/{number}"),
            reason=self.reason("hired"),
            since=who.since,
            until=who.until,
            name=NameContent(family=family, given=given, patronymic=patronymic),
            birth_on=who.born,
            identity=_identity(who, luck),
            appointment=AppointmentContent(staff_unit_id=post_id, percent=100, number=f"{number:04d}"),
        )

    def _since(self, u: UnitOfWork, persons: Sequence[int], people: Sequence[_Somebody]) -> None:
        """In a large institution somebody marries, and a day of birth is found to be mistyped."""
        now = [(p, who) for p, who in zip(persons, people, strict=True) if not who.login and who.until is None]
        married = [(p, who) for p, who in now if not who.is_man and who.name[0].endswith("а")][-1:]
        if len(now) < 40:
            return
        for person_id, who in married:
            family = f"{_words()['names']['kk_families'][len(persons) % 24]}а"
            content = NameContent(family=family, given=who.name[1], patronymic=who.name[2])
            personnel.record_name(
                u,
                self.id,
                person_id,
                RecordName(key=self.key("married"), reason=self.reason("married"), since=_CHANGED_ON, content=content),
            )
        person_id, who = now[len(now) // 2]
        fact = personnel.file_of(u, self.id, person_id).facts[0]
        command = RecordFacts(
            key=self.key("slip"),
            reason=self.reason("slip"),
            since=who.since,
            corrects=fact.id,
            birth_on=who.born + timedelta(days=1),
        )
        personnel.record_facts(u, self.vault, self.id, person_id, command)


_NEW_SCHOOL = {"leaders": 3, "teachers": 42, "educators": 5, "specialists": 5, "technical": 14}
"""Persons of an institution whose books are still empty."""

_OF_KIND = {
    "accountants": ("accounts", "accountant"),
    "teachers": ("teaching", "teacher"),
    "educators": ("care", "educator"),
    "coaches": ("care", "coach"),
    "culture": ("creative", "artist"),
    "librarians": ("library", "librarian"),
    "specialists": ("specialists", "specialist"),
    "technical": ("service", "worker"),
}
"""Where a kind of staff stands, and as what."""


def _name(luck: Luck, is_man: bool) -> tuple[str, str, str]:
    """Family name, given name, patronymic."""
    names = _words()["names"]
    if luck.happens(72):
        family, given = luck.pick(names["kk_families"]), luck.pick(names["kk_men" if is_man else "kk_women"])
        return (family if is_man else f"{family}а"), given, luck.pick(names["kk_men"]) + ("ұлы" if is_man else "қызы")
    family, given = luck.pick(names["ru_families"]), luck.pick(names["ru_men" if is_man else "ru_women"])
    return (family if is_man else f"{family}а"), given, luck.pick(names["ru_fathers"])[0 if is_man else 1]


def _born(luck: Luck) -> date:
    return date(1964, 1, 1) + timedelta(days=luck.between(0, 37 * 365))


def _identity(who: _Somebody, luck: Luck) -> str:
    """A well-formed number whose serial was never issued."""
    century = (3 if who.is_man else 4) if who.born.year < 2000 else (5 if who.is_man else 6)
    while True:
        eleven = f"{who.born:%y%m%d}{century}{luck.between(9000, 9999)}"
        if (last := check_digit(eleven)) is not None:
            return f"{eleven}{last}"
