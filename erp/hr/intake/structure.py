"""Units and posts that the rows of a list name: those on record, and those that the list brings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from erp.base.dates import day_string
from erp.base.errors import RuleViolated
from erp.base.sheets.heads import fold
from erp.hr.intake import rules
from erp.hr.intake.model import Intake, NewPost, NewUnit, PostDays, Record, Said, UnitDays
from erp.hr.intake.shares import Shares, start_of
from erp.hr.staffing.rules import share


@dataclass(frozen=True, slots=True)
class There:
    """A unit that is there from a day on."""

    id: int
    since: date
    names: tuple[str, ...]
    parent_id: int | None


Missing = tuple[str, str]
"""A unit that is not there, by the folded names of it and of the one above."""
Unit = There | Missing
Wanted = tuple[int | Missing, str, str]
"""A post that is not there: its unit, its folded title and category."""


def _open_units(days: Sequence[UnitDays]) -> dict[int, There]:
    """Units that are there without an end, with the first day of that."""
    found: dict[int, There] = {}
    for each in sorted(days, key=lambda each: start_of(each.valid), reverse=True):
        later = found.get(each.id)
        if each.valid.start is None:
            continue
        if each.valid.end is None:
            found[each.id] = There(each.id, each.valid.start, each.names, each.parent_id)
        elif later is not None and each.valid.end == later.since:
            found[each.id] = There(each.id, each.valid.start, later.names, later.parent_id)
    return found


class Structure:
    """Units and posts: those on record, and those that a list brings."""

    def __init__(self, intake: Intake, record: Record) -> None:
        self._settings = intake.settings
        self._units = _open_units(record.units)
        self._named: dict[str, list[There]] = {}
        for unit in self._units.values():
            for name in {fold(name) for name in unit.names}:
                self._named.setdefault(name, []).append(unit)
        self._declared: dict[str, set[str]] = {}
        self._found: dict[Missing, Unit | RuleViolated] = {}
        self._finding: list[Missing] = []
        self._names: dict[Missing, str] = {}
        self._parents: dict[Missing, Unit | None] = {}
        self._posts: dict[tuple[int, str], list[PostDays]] = {}
        for post in record.posts:
            for title in {fold(title) for title in post.titles}:
                self._posts.setdefault((post.unit_id, title), []).append(post)
        self._free: dict[int, Shares] = {}
        for post in record.posts:
            self._free.setdefault(post.id, Shares()).add(post.valid, post.percent)
        for held in record.held:
            self._free.setdefault(held.staff_unit_id, Shares()).add(held.valid, -held.percent)
        self._titles: dict[int, list[PostDays]] = {}
        for post in record.posts:
            self._titles.setdefault(post.unit_id, []).append(post)
        self._asked: dict[Wanted, Shares] = {}
        self._first: dict[Wanted, Said] = {}
        self._since: dict[Wanted | Missing, date] = {}

    def declare(self, unit: str, above: str) -> None:
        """A row says what a unit stands under."""
        if above:
            self._declared.setdefault(fold(unit), set()).add(above)

    def unit(self, name: str, above: str) -> Unit:
        """Raises: UnitMissing, UnitAmbiguous, UnitInCircle, CellTooLong."""
        key = fold(name), fold(above)
        if key in self._finding:
            raise rules.UnitInCircle()
        if key not in self._found:
            self._finding.append(key)
            try:
                self._found[key] = self._look_for(key, name, above)
            except RuleViolated as fault:
                self._found[key] = fault
            self._finding.pop()
        found = self._found[key]
        if isinstance(found, RuleViolated):
            raise found
        return found

    def _look_for(self, key: Missing, name: str, above: str) -> Unit:
        found = self._called(name)
        if above:
            parents = {unit.id for unit in self._called(above)}
            found = [unit for unit in found if unit.parent_id in parents]
        if len(found) == 1:
            return found[0]
        if found:
            raise rules.UnitAmbiguous(units=", ".join(self._told(unit) for unit in found))
        if not self._settings.creates_units:
            near = rules.nearest(name, [name for unit in self._units.values() for name in unit.names])
            text = rules.masked(name)
            raise rules.UnitMisspelt(text=text, nearest=near) if near else rules.UnitMissing(text=text)
        self._names[key] = rules.text_said(name, rules.TITLE)
        if above:
            declared = self._declared.get(fold(above), set())
            self._parents[key] = self.unit(above, next(iter(declared)) if len(declared) == 1 else "")
        else:
            self._parents[key] = self._units.get(self._settings.under or 0)
        return key

    def _called(self, name: str) -> list[There]:
        found = self._named.get(fold(name), [])
        if not found and name.isascii() and name.isdecimal() and len(name) < 10 and int(name) in self._units:
            return [self._units[int(name)]]
        return found

    def _told(self, unit: There) -> str:
        above = self._units.get(unit.parent_id or 0)
        return f"{unit.id} ({above.names[0]})" if above else str(unit.id)

    def begins(self, unit: Unit) -> date:
        """The first day on which posts may stand in a unit."""
        above: Unit | None = unit
        while isinstance(above, tuple):
            above = self._parents[above]
        return above.since if above else date.min

    def candidates(self, unit: Unit, said: Said) -> list[PostDays]:
        """Posts of the unit that a row may mean, each once."""
        found = self._posts.get((unit.id, fold(said.post)), []) if isinstance(unit, There) else []
        wanted = fold(said.category)
        fitting = [post for post in found if not wanted or fold(post.category) == wanted]
        return list({post.id: post for post in fitting}.values())

    def require_post(self, unit: Unit, title: str) -> None:
        """Raises: PostMissing."""
        is_there = isinstance(unit, There) and (unit.id, fold(title)) in self._posts
        if is_there or self._settings.creates_posts:
            rules.text_said(title, rules.TITLE)
            return
        here = self._titles.get(unit.id, []) if isinstance(unit, There) else []
        near = rules.nearest(title, [title for post in here for title in post.titles])
        text = rules.masked(title)
        raise rules.PostMisspelt(text=text, nearest=near) if near else rules.PostMissing(text=text)

    def take(self, unit: Unit, said: Said) -> PostDays | Wanted:
        """The post that a row gets, and its share of it.  Raises: PostFull, PostMissing, UnitLater."""
        found = self.candidates(unit, said)
        for post in found:
            if self._free[post.id].least(said.valid)[0] >= said.percent:
                self._free[post.id].add(said.valid, -said.percent)
                return post
        if found:
            free, day = max((self._free[post.id].least(said.valid) for post in found), key=lambda each: each[0])
            raise rules.PostFull(day=day_string(day), free=share(max(free, 0)), asked=share(said.percent))
        if not self._settings.creates_posts:
            raise rules.PostMissing(text=rules.masked(f"{said.post} ({said.category})"))
        assert said.valid.start is not None
        if said.valid.start < (begins := self.begins(unit)):
            raise rules.UnitLater(day=begins)
        title: Wanted = (unit.id if isinstance(unit, There) else unit, fold(said.post), fold(said.category))
        self._first.setdefault(title, said)
        self._asked.setdefault(title, Shares()).add(said.valid, said.percent)
        self._count(title, said.valid.start)
        above: Unit | None = unit
        while isinstance(above, tuple):
            self._count(above, said.valid.start)
            above = self._parents[above]
        return title

    def _count(self, what: Wanted | Missing, since: date) -> None:
        self._since[what] = min(since, self._since.get(what, since))

    def made(self) -> tuple[tuple[NewUnit, ...], tuple[NewPost, ...], dict[Wanted, int]]:
        """Units and posts that the rows placed bring, and the places of the posts."""
        places: dict[Missing, int] = {}
        units: list[NewUnit] = []

        def lay(key: Missing) -> int:
            if key not in places:
                parent = self._parents[key]
                above = lay(parent) if isinstance(parent, tuple) else None
                parent_id = parent.id if isinstance(parent, There) else None
                places[key] = len(units)
                units.append(NewUnit(self._names[key], self._since[key], parent_id, above))
            return places[key]

        posts = []
        for title, asked in self._asked.items():
            unit, first = title[0], self._first[title]
            unit_id, place = (unit, None) if isinstance(unit, int) else (None, lay(unit))
            posts.append(
                NewPost(first.post, first.category, first.staff_group, asked.most, self._since[title], unit_id, place)
            )
        return tuple(units), tuple(posts), {title: at for at, title in enumerate(self._asked)}
