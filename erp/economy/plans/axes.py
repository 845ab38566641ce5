"""Hierarchies of a plan's dimensions: for every level, the group that each leaf belongs to, and what groups are called.

A level is written ``programme.group``, or by its axis alone where the finest is meant: ``programme``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

import numpy as np

from erp.base.i18n import N_
from erp.economy.plans.model import Ints, LeafTable, Section
from erp.economy.plans.rules import LevelUnknown, is_revenue_code
from erp.reference.organisations.model import Organisation


class Axis(StrEnum):
    SECTION = "section"
    BUDGET = "budget"
    ORGANISATION = "organisation"
    PROGRAMME = "programme"
    ECONOMIC = "economic"
    SOURCE = "source"
    REGION = "region"


AXIS_NAMES = {
    Axis.SECTION: N_("Section"),
    Axis.BUDGET: N_("Budget"),
    Axis.ORGANISATION: N_("Organisation"),
    Axis.PROGRAMME: N_("Programme"),
    Axis.ECONOMIC: N_("Economic classification"),
    Axis.SOURCE: N_("Source of funds"),
    Axis.REGION: N_("Region"),
}
LEVELS: Mapping[str, str] = {
    "section": AXIS_NAMES[Axis.SECTION],
    "budget": AXIS_NAMES[Axis.BUDGET],
    "organisation.oblast": N_("Oblast"),
    "organisation.district": N_("District"),
    "organisation.administrator": N_("Administrator"),
    "organisation": AXIS_NAMES[Axis.ORGANISATION],
    "programme.group": N_("Functional group"),
    "programme.subgroup": N_("Functional subgroup"),
    "programme.administrator": N_("Administrator of programmes"),
    "programme.programme": N_("Programme"),
    "programme": N_("Subprogramme"),
    "economic.category": N_("Category"),
    "economic.class": N_("Class"),
    "economic.subclass": N_("Subclass"),
    "economic": N_("Specific"),
    "source": AXIS_NAMES[Axis.SOURCE],
    "region": AXIS_NAMES[Axis.REGION],
}
"""Every level with its name, from the coarsest of each axis to the finest."""


@dataclass(frozen=True, slots=True)
class Member:
    """A group of a level.

    ``key`` tells it from the others of its level: the code as the classification writes it; of a category of revenue,
    whose digit a category of expenditure has too, with ``r`` before.  Empty for leaves that belong to none.
    """

    key: str
    code: str
    kk: str
    ru: str
    en: str
    verified: bool = True

    def name(self, language: str) -> str:
        return str(getattr(self, language))


SECTIONS = {
    section: Member(section.value, section.value, *names)
    for section, names in {
        Section.REVENUE: ("I. Кірістер", "I. Доходы", "I. Revenue"),
        Section.EXPENDITURE: ("II. Шығындар", "II. Затраты", "II. Expenditure"),
        Section.LENDING: (
            "III. Таза бюджеттік кредиттеу",
            "III. Чистое бюджетное кредитование",
            "III. Net budget lending",
        ),
        Section.ASSETS: (
            "IV. Қаржы активтерімен операциялар бойынша сальдо",
            "IV. Сальдо по операциям с финансовыми активами",
            "IV. Balance on financial assets",
        ),
        Section.FINANCING: ("VI. Бюджетті қаржыландыру", "VI. Финансирование бюджета", "VI. Financing"),
    }.items()
}
"""In the order of the budget's form.  Source: Budget Code (RK), structure of a budget; V is the balance."""


@dataclass(frozen=True, eq=False)
class Grouping:
    """A level over a table of leaves: its members in the order of their keys, and int32[leaf] of their places."""

    level: str
    members: tuple[Member, ...]
    index: Ints

    def __len__(self) -> int:
        return len(self.members)

    def place(self, key: str) -> int:
        """Of the member of a key; -1 where there is none."""
        return next((at for at, member in enumerate(self.members) if member.key == key), -1)


@dataclass(frozen=True, slots=True)
class Code:
    """A row of the classification; ``kind`` is functional, economic or revenue."""

    kind: str
    code: str
    parent_code: str
    level: str
    name_kk: str
    name_ru: str
    name_en: str
    confidence: str


NONE = Member("", "", "", "", "")


@dataclass(frozen=True, eq=False)
class Axes:
    """Levels of a plan's leaves as the registers have them on a day."""

    table: LeafTable
    codes: Mapping[tuple[str, str], Code]
    """By kind and code."""
    organisations: Mapping[int, Organisation]
    """Whatever the leaves name, and what is above that."""
    above: Mapping[int, Sequence[Organisation]]
    """The bodies above each organisation, the nearest first."""
    _made: dict[str, Grouping] = field(default_factory=dict)

    @cached_property
    def _by_bin(self) -> Mapping[str, Organisation]:
        return {each.code: each for each in self.organisations.values()}

    def of(self, leaves: Ints) -> "Axes":
        """The levels of some of the leaves, by their ids: members are those that these have."""
        return replace(self, table=self.table.only(leaves), _made={})

    def level(self, name: str) -> Grouping:
        """Raises: LevelUnknown."""
        name = canonical(name)
        if name not in self._made:
            self._made[name] = self._group(name)
        return self._made[name]

    def _group(self, name: str) -> Grouping:
        axis, _, level = name.partition(".")
        column = self.table.columns[_COLUMNS[Axis(axis)]]
        found = [self._ways[Axis(axis)](code, level) for code in column.codes]
        in_order = [section.value for section in Section]
        members = sorted(set(found), key=lambda m: in_order.index(m.key) if axis == Axis.SECTION else m.key)
        place = {member: at for at, member in enumerate(members)}
        of_code = np.array([place[member] for member in found], np.int32)
        return Grouping(name, tuple(members), of_code[column.index] if len(self.table) else np.zeros(0, np.int32))

    @property
    def _ways(self) -> Mapping[Axis, Callable[[str, str], Member]]:
        return {
            Axis.SECTION: self._section,
            Axis.BUDGET: self._organisation,
            Axis.ORGANISATION: self._organisation,
            Axis.PROGRAMME: self._programme,
            Axis.ECONOMIC: self._economic,
            Axis.SOURCE: self._source,
            Axis.REGION: self._region,
        }

    def _section(self, code: str, _: str) -> Member:
        return SECTIONS[Section(code)]

    def _organisation(self, code: str, level: str) -> Member:
        own = self.organisations[int(code)]
        if not level:
            return _body(own)
        return next((_body(each) for each in (own, *self.above.get(own.id, ())) if each.kind == level), NONE)

    def _region(self, code: str, _: str) -> Member:
        found = self._by_bin.get(code)
        return _body(found) if found else _unnamed(code)

    def _source(self, code: str, _: str) -> Member:
        return self._named("functional", f"*.*.{code}", key=code) if code else NONE

    def _programme(self, code: str, level: str) -> Member:
        if not code:
            return NONE
        programme = code[:7]
        match level:
            case "":
                return self._named("functional", code, otherwise=programme)
            case "programme":
                return self._named("functional", programme)
            case "administrator":
                return self._named("functional", code[:3])
        subgroup = self._parent("functional", programme)
        if subgroup and level == "group":
            subgroup = self._parent("functional", subgroup)
        return self._named("functional", subgroup) if subgroup else NONE

    def _economic(self, code: str, level: str) -> Member:
        kind = "revenue" if is_revenue_code(code) else "economic"
        if not level:
            return self._named(kind, code)
        row = self.codes.get((kind, code))
        while row is not None and row.level != level:
            row = self.codes.get((kind, row.parent_code))
        if row is None:
            return NONE
        return self._named(kind, row.code, key=f"r{row.code}" if (kind, level) == ("revenue", "category") else "")

    def _parent(self, kind: str, code: str) -> str | None:
        found = self.codes.get((kind, code))
        return found.parent_code or None if found else None

    def _named(self, kind: str, code: str, *, key: str = "", otherwise: str = "") -> Member:
        """The member of a code; a code without a row of its own goes by another's name, or by itself."""
        found = self.codes.get((kind, code)) or self.codes.get((kind, otherwise))
        shown = key.removeprefix("r") or code
        if found is None:
            return _unnamed(shown)
        verified = found.confidence in ("verified", "high")
        return Member(key or code, shown, found.name_kk, found.name_ru, found.name_en, verified)


_COLUMNS = {
    Axis.SECTION: "section",
    Axis.BUDGET: "budget_id",
    Axis.ORGANISATION: "organisation_id",
    Axis.PROGRAMME: "programme",
    Axis.ECONOMIC: "economic",
    Axis.SOURCE: "source",
    Axis.REGION: "region",
}


def _body(organisation: Organisation) -> Member:
    o = organisation
    return Member(o.code, o.code, o.name_kk, o.name_ru, o.name_en)


def _unnamed(code: str) -> Member:
    """Of a code that no register has: shown as it stands, and not as official."""
    return Member(code, code, code, code, code, verified=not code)


def canonical(level: str) -> str:
    """A level as ``LEVELS`` writes it.  Raises: LevelUnknown."""
    axis = level.partition(".")[0]
    finest = {"programme.subprogramme": "programme", "economic.specific": "economic", f"{axis}.{axis}": axis}
    found = finest.get(level, level) if level not in LEVELS else level
    if found not in LEVELS:
        raise LevelUnknown(level=level, known=", ".join(LEVELS))
    return found
