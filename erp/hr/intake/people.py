"""Whom the rows of a list are about: those on record, and those that rows above bring."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from erp.base.dates import DateInterval
from erp.base.sheets.heads import fold
from erp.hr.intake import rules
from erp.hr.intake.model import Held, PostDays, Record, Said, Whom
from erp.hr.intake.shares import overlap
from erp.hr.intake.structure import Missing, There, Unit
from erp.hr.personnel.model import Name
from erp.hr.personnel.rules import IdentityOfAnother, says_born


@dataclass(slots=True)
class Somebody:
    """Whom rows may mean: on record, or brought by a row above."""

    whom: Whom
    name: Name | None
    """``None`` of somebody who serves elsewhere alone."""
    birth_on: date | None = None
    identity: str = ""
    has_identity: bool = False
    takes_identity: bool = False
    is_own: bool = False
    numbered: int = 0
    """The row that adds their identity number."""
    served: list[tuple[int | Missing, frozenset[str], DateInterval, int]] = field(default_factory=list)
    """Unit, titles of the post, days, and the row that says so; 0: the record does."""

    def in_post(self, unit: Unit, title: str, valid: DateInterval) -> int | None:
        """The row that appoints them to such a post on some of the days; 0: the record does."""
        key = unit.id if isinstance(unit, There) else unit
        return next(
            (row for at, titles, days, row in self.served if at == key and title in titles and overlap(days, valid)),
            None,
        )

    def may_be(self, said: Said) -> bool:
        """Whether nothing speaks against it that a row of their name is about them."""
        assert self.name is not None
        return (
            not (said.identity and self.has_identity and said.identity != self.identity)
            and not _differ(said.birth_on, self.birth_on)
            and not _differ(_letters(said.name.patronymic), _letters(self.name.patronymic))
        )


def _is_born(said: Said, day: date) -> bool:
    """Whether a row says this day of birth."""
    if said.birth_on:
        return said.birth_on == day
    return bool(said.identity) and says_born(said.identity, day)


def _key(name: Name) -> tuple[str, str]:
    return _letters(name.family), _letters(name.given)


def _letters(text: str) -> str:
    return text.casefold().replace("ё", "е")


def _differ(one: object, other: object) -> bool:
    """Whether both are said, and not the same."""
    return bool(one and other and one != other)


class People:
    """Those on record, and those that rows bring."""

    def __init__(self, record: Record) -> None:
        self._by_identity: dict[str, Somebody] = {}
        self._by_name: dict[tuple[str, str], list[Somebody]] = {}
        posts: dict[int, list[PostDays]] = {}
        for post in record.posts:
            posts.setdefault(post.id, []).append(post)
        here: dict[int, Somebody] = {}
        for known in record.people:
            somebody = here.setdefault(
                known.id,
                Somebody(
                    Whom(known.id, 0),
                    known.name,
                    known.birth_on,
                    has_identity=known.has_identity,
                    takes_identity=known.takes_identity,
                    is_own=known.is_own,
                ),
            )
            alike = self._by_name.setdefault(_key(known.name), [])
            if somebody not in alike:  # of two names that differ in the patronymic alone
                alike.append(somebody)
        for held in record.held:
            if held.person_id in here:
                here[held.person_id].served.extend(_served(held, posts.get(held.staff_unit_id, ())))
        self._claims = record.claims
        self._on_record = here

    def find(self, said: Said) -> Somebody | None:
        """Whom a row is about, as far as number, or name and day of birth, tell.

        Where the row says no day of birth, its number does, which begins with it.

        Raises: IdentityOfAnother, IdentityOfAnotherRow.
        """
        known = self._claims.get((said.identity, str(said.name)))
        if known is not None:
            if known.person_id is None:
                raise IdentityOfAnother()
            somewhere = Somebody(Whom(known.person_id, 0), None, is_own=known.is_own)
            return self._on_record.setdefault(known.person_id, somewhere)
        found = self._by_identity.get(said.identity) if said.identity else None
        if found is not None:
            assert found.name
            if not set(_key(found.name)) & set(_key(said.name)):
                raise rules.IdentityOfAnotherRow(row=found.whom.row or found.numbered)
            return found
        born = [each for each in self.namesakes(said) if each.birth_on and _is_born(said, each.birth_on)]
        return born[0] if len(born) == 1 else None

    def number(self, row: int, somebody: Somebody, identity: str) -> None:
        """From now on their number is known."""
        somebody.identity, somebody.has_identity, somebody.takes_identity = identity, True, False
        somebody.numbered = row
        self._by_identity[identity] = somebody

    def namesakes(self, said: Said) -> list[Somebody]:
        """Those of the same name of whom nothing says that they are others."""
        return [each for each in self._by_name.get(_key(said.name), []) if each.may_be(said)]

    def bring(self, number: int, said: Said) -> Somebody:
        somebody = Somebody(Whom(None, number), said.name, said.birth_on, said.identity, bool(said.identity))
        self._by_name.setdefault(_key(said.name), []).append(somebody)
        if said.identity:
            self._by_identity[said.identity] = somebody
        return somebody


def _served(held: Held, posts: Sequence[PostDays]) -> Iterator[tuple[int | Missing, frozenset[str], DateInterval, int]]:
    for post in posts:
        yield post.unit_id, frozenset(fold(title) for title in post.titles), held.valid, 0
