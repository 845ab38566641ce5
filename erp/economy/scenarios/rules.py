"""Pure rules of scenarios: the formulas that come with the program, paths and their sources."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from difflib import SequenceMatcher
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from erp.base.errors import Conflict, NotFound, RuleViolated
from erp.base.money import MOST_PLACES, number_string, parse_scaled
from erp.economy.formulas.faults import Fault
from erp.economy.plans.model import Edit
from erp.economy.scenarios.model import (
    Assumption,
    Driver,
    Form,
    FormulaModel,
    Observation,
    PathOrigin,
    Paths,
    Revision,
    ShippedModel,
    Term,
    TextLine,
    Typed,
)

_SAID = re.compile(r"([a-z][a-z0-9_]*)\.([0-9]{4})=(.{1,40})")
_SHIPPED = Path(__file__).parent / "kz"
BASE = "base_"
"""Before the name of a driver: what the version that the scenario starts from assumes."""


class ScenarioUnknown(NotFound):
    code = "scenario-unknown"
    template = "There is no such scenario in this plan."


class RevisionUnknown(NotFound):
    code = "scenario-revision-unknown"
    template = "The scenario has no revision № {revision}."


class ScenarioLineUnknown(NotFound):
    code = "scenario-line-unknown"
    template = "The scenario has no figure of such a line in this year."


class ScenarioChanged(Conflict):
    code = "scenario-changed"
    template = (
        "Somebody has saved this scenario, or undone that, since you opened it. Open it again and repeat your change."
    )


class ScenarioUnsettled(Conflict):
    code = "scenario-unsettled"
    template = (
        "Edits of “{name}” were undone in part: nobody can say what its figures assume."
        " Save that scenario anew, or start from another version."
    )


class NothingToSave(RuleViolated):
    code = "nothing-to-save"
    template = "Neither an assumption nor a figure is changed: there is nothing to save."


class AssumptionMalformed(RuleViolated):
    code = "assumption-malformed"
    template = "“{text}” is no assumption. Write the driver, the year and the value, like brent.2027=45."


class AssumptionTwice(RuleViolated):
    code = "assumption-twice"
    template = "The driver {driver} of {year} is given twice. Give each value once."


class DriverUnknown(RuleViolated):
    code = "driver-unknown"
    template = "The formulas of this scenario know no driver {driver} of {year}."


class DriverOutOfRange(RuleViolated):
    code = "driver-out-of-range"
    template = "{value} makes no sense here: the value lies above {bound}."


class SeriesMissing(Conflict):
    code = "series-missing"
    template = "No value of the series {series} is published: load the data package “macro”, then begin the scenario."


class FiguresMissing(Conflict):
    code = "figures-missing"
    template = "The formulas give no value for {count} figures of the plan that have one. Nothing was saved."


class DrawsMissing(Conflict):
    code = "draws-missing"
    template = "In some draws the formulas give no value, or none that can be shown. There is no fan to draw."


class AmountNeeded(Fault):
    code = "formula-amount-needed"
    template = "The formulas must say “measure amount: KZT”, with a value for each cell: the scenario’s figures."


class NotGiven(Fault):
    code = "formula-name-not-given"
    template = "A scenario gives no “{name}” of this kind and unit. It gives {known}."


def own(body: str, name: str) -> FormulaModel:
    """Formulas that were written here."""
    return FormulaModel(name, "", "", "", "", "own", body)


@cache
def shipped() -> ShippedModel:
    """The formulas of an oblast's budget that come with the program."""
    told: dict[str, Any] = tomllib.loads((_SHIPPED / "oblast.toml").read_text(encoding="utf-8"))
    body = (_SHIPPED / told["formulas"]).read_text(encoding="utf-8").strip()
    return ShippedModel(
        told["name"],
        told["edition"],
        **{f"source_{language}": said for language, said in told["source"].items()},
        confidence=told["confidence"],
        body=body,
        title=Term(**told["title"]),
        drivers=tuple(map(_driver, told["drivers"])),
        measures={name: Term(**said) for name, said in told["measures"].items()},
    )


def _driver(row: Mapping[str, str]) -> Driver:
    return Driver(
        row["name"],
        row["unit"],
        Form(row["form"]),
        row["series"],
        row["outlook"],
        Decimal(row["low"]),
        Decimal(row["high"]),
        Decimal(row["step"]),
        row["kk"],
        row["ru"],
        row["en"],
    )


def rewritten(revisions: Sequence[Revision]) -> list[tuple[Revision, Revision]]:
    """Revisions that changed the formulas, each with the one before it.

    Args:
        revisions: all of a scenario, the last first.
    """
    return [(after, before) for after, before in pairwise(revisions) if after.model.body != before.model.body]


def differences(before: str, after: str) -> list[list[TextLine]]:
    """Places where two texts differ, each with two lines around it."""
    old, new = before.split("\n"), after.split("\n")
    places = []
    for place in SequenceMatcher(None, old, new).get_grouped_opcodes(2):
        lines = []
        for kind, i, until_i, j, until_j in place:
            if kind == "equal":
                lines += [TextLine(i + k + 1, j + k + 1, old[i + k]) for k in range(until_i - i)]
            else:
                lines += [TextLine(k + 1, None, old[k]) for k in range(i, until_i)]
                lines += [TextLine(None, k + 1, new[k]) for k in range(j, until_j)]
        places.append(lines)
    return places


# ------------------------------------------------------------------------------------------------ series and paths


Published = Mapping[str, Mapping[int, Observation]]
"""By series and year."""
_SURENESS = ("own", "verified", "high", "medium", "low")


def as_driver(driver: Driver, series: Published) -> dict[int, Observation]:
    """The driver's series in its form; growth is rounded to the driver's step, and no surer than both of its years.

    From a year that is not above zero nothing grows.
    """
    values = series.get(driver.series, {})
    if driver.form is not Form.GROWTH:
        return dict(values)
    above_zero = {year: each for year, each in values.items() if each.value > 0}
    return {year: _grown(driver, above_zero[year - 1], each) for year, each in values.items() if year - 1 in above_zero}


def _grown(driver: Driver, before: Observation, after: Observation) -> Observation:
    growth = ((after.value / before.value - 1) * 100).quantize(driver.step)
    return Observation(growth, after.vintage, max(before.confidence, after.confidence, key=_SURENESS.index))


def expected(driver: Driver, series: Published, years: Iterable[int]) -> dict[int, Assumption]:
    """What a path begins with: the published year; else what is assumed officially; else the last of them, held.

    Raises: SeriesMissing.
    """
    known = {year: (driver.outlook, each) for year, each in series.get(driver.outlook, {}).items()}
    known |= {year: (driver.series, each) for year, each in as_driver(driver, series).items()}
    path: dict[int, Assumption] = {}
    for year in years:
        last = max((each for each in known if each <= year), default=None)
        if last is None:
            raise SeriesMissing(series=driver.series)
        name, of = known[last]
        origin = PathOrigin.PUBLISHED if last == year else PathOrigin.CARRIED
        path[year] = Assumption(of.value, origin, name, of.vintage, last, of.confidence)
    return path


def typed_in(said: Iterable[str]) -> dict[str, dict[int, Decimal]]:
    """Values written like ``brent.2027=45``.

    Raises: AssumptionMalformed, AssumptionTwice, NumberMalformed, NumberOutOfRange.
    """
    typed: dict[str, dict[int, Decimal]] = {}
    for each in said:
        if (found := _SAID.fullmatch(each)) is None:
            raise AssumptionMalformed(text=each[:60])
        path, year = typed.setdefault(found[1], {}), int(found[2])
        if year in path:
            raise AssumptionTwice(driver=found[1], year=year)
        path[year] = number(found[3])
    return typed


def number(text: str) -> Decimal:
    """A value as people write it.  Raises: NumberMalformed, NumberOutOfRange."""
    return Decimal(parse_scaled(text, MOST_PLACES)).scaleb(-MOST_PLACES)


def with_typed(
    saved: Paths, expected: Paths, typed: Typed, drivers: Mapping[str, Driver]
) -> dict[str, dict[int, Assumption]]:
    """Paths with what was typed: a value as it was keeps its source, as published has the published one.

    Raises: DriverUnknown, DriverOutOfRange.
    """
    paths = {driver: dict(path) for driver, path in saved.items()}
    for name, values in typed.items():
        for year, value in values.items():
            if year not in saved.get(name, {}):
                raise DriverUnknown(driver=name, year=year)
            if value == paths[name][year].value:
                continue
            check_sense(drivers[name], value)
            again = expected.get(name, {}).get(year)
            paths[name][year] = again if again and again.value == value else Assumption(value, PathOrigin.TYPED)
    return paths


def check_sense(driver: Driver, value: Decimal) -> None:
    """Raises: DriverOutOfRange."""
    if value <= driver.bound:
        raise DriverOutOfRange(value=number_string(value), driver=driver.name, bound=driver.bound)


def held(revisions: Sequence[Revision], edits: Sequence[Edit], upto: int) -> Revision | None:
    """The last revision of whose figures a scenario was made after its first ``upto`` edits, whatever else was typed.

    That is one which had the same edits of revisions in force, as none of them was undone since, or all that came
    after it were.

    Args:
        revisions: all of the scenario, the last first.
        edits: all of its version, the last first.
    """
    saved = {each.edit_no for each in revisions}

    def in_force(upto: int) -> set[int]:
        undone: set[int | None] = set()
        for each in edits:
            if each.no <= upto and each.no not in undone:
                undone.add(each.undoes)
        return {each.no for each in edits if each.no <= upto} & saved - undone

    def saved_after(revision: Revision) -> int:
        """How many edits."""
        return revision.edit_no or max((each.no for each in edits if each.at <= revision.saved_at), default=0)

    wanted = in_force(upto)
    places = ((each, saved_after(each)) for each in revisions)
    return next((each for each, place in places if place <= upto and in_force(place) == wanted), None)


def changed(saved: Paths, paths: Paths) -> dict[str, dict[int, Decimal]]:
    """Values that differ from the saved ones."""
    found = {
        driver: {year: each.value for year, each in path.items() if each.value != saved[driver][year].value}
        for driver, path in paths.items()
    }
    return {driver: values for driver, values in found.items() if values}
