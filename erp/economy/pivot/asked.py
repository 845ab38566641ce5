"""A question as an address says it: ``row1=programme.administrator&col1=year&in.source=015``.

Such addresses are what pages are reached by, what people keep under a name, and what programs ask by that name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from erp.economy.pivot import rules
from erp.economy.pivot.model import YEAR, Actual, Question
from erp.economy.plans.axes import LEVELS
from erp.economy.plans.model import Plan, Section

_ROWS, _COLUMNS = ("row1", "row2", "row3"), ("col1", "col2", "col3")
_USUAL = {"row1": "programme.administrator", "row2": "programme.programme", "col1": YEAR, "years": "plan"}
_SAID = (*_ROWS, *_COLUMNS, "section", "years", "actual", "unit")
IN = "in."
"""Before a level that is narrowed to some of its groups."""


@dataclass(frozen=True)
class Asked:
    """What the address asks for, as it says it."""

    said: Mapping[str, str]

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Asked":
        said = {name: query[name] for name in _SAID if query.get(name)}
        if not any(name in query for name in ("row1", "col1")):
            said = _USUAL | said
        said |= {name: text for name, text in query.items() if name.startswith(IN) and text}
        level, keys = query.get("level", ""), query.get("keys", "").replace(" ", "")
        if level and keys:
            said[IN + level] = keys
        return cls(said)

    @classmethod
    def by(cls, question: Question) -> "Asked":
        """The address of a question."""
        said = {
            **dict(zip(_ROWS, question.rows, strict=False)),
            **dict(zip(_COLUMNS, question.columns, strict=False)),
            **{IN + level: ",".join(keys) for level, keys in question.filters.items()},
            **({"actual": question.actual.value} if question.actual else {}),
        }
        return cls(said)

    def question(self, plan: Plan) -> Question:
        """Raises: LevelUnknown, LevelTwice, LevelsTooMany."""
        filters = {name.removeprefix(IN): text.split(",") for name, text in self.said.items() if name.startswith(IN)}
        years = self.said.get("years", "")
        if years:
            filters[YEAR] = [str(year) for year in plan.plan_years] if years == "plan" else [years]
        if section := self.said.get("section", ""):
            filters["section"] = list(Section) if section == "all" else [section]
        rows, columns = ([self.said.get(name, "") for name in names] for names in (_ROWS, _COLUMNS))
        if section == "all" and "section" not in (*rows, *columns):
            rows = ["section", *filter(None, rows)]
        actual = self.said.get("actual", "")
        return rules.question(rows, columns, filters, Actual(actual) if actual in set(Actual) else None)

    @property
    def query(self) -> str:
        return urlencode(self.said)

    def without(self, name: str) -> str:
        return urlencode({each: text for each, text in self.said.items() if each != name})

    def within(self, levels: Sequence[str], path: Sequence[str]) -> str:
        """The same of one group alone, with the level below it where there is one."""
        said = dict(self.said)
        for level, key in zip(levels, path, strict=False):
            name = "section" if level == "section" else IN + level
            said["years" if level == YEAR else name] = key
        rows = [each for each in (said.pop(name, "") for name in _ROWS) if each]
        below = [each for each in rows[len(path) :] if each] or [_below(levels[len(path) - 1])]
        said |= {f"row{at}": level for at, level in enumerate(below, start=1)}
        return urlencode(said)


def _below(level: str) -> str:
    """The next finer level of the same axis; of the finest, the next axis that budgets are read by."""
    finer = list(LEVELS)
    if level in finer[:-1]:
        following = finer[finer.index(level) + 1]
        if following.partition(".")[0] == level.partition(".")[0]:
            return following
    return {"programme": "economic", "organisation": "programme.programme", "section": "programme.administrator"}.get(
        level.partition(".")[0], "organisation"
    )
