"""What can be wrong with a text of formulas; each fault knows its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from erp.base.errors import Invalid, RuleViolated
from erp.base.i18n import N_
from erp.economy.formulas.model import Place


class Fault(RuleViolated):
    """``line`` and ``column`` count from 1; ``length`` is in characters and does not leave the line."""

    code = "formula-faulty"
    template = N_("The formulas are wrong here.")

    line: int
    column: int
    length: int

    def __init__(self, text: str, place: Place, **fields: Any) -> None:
        self.line = text.count("\n", 0, place.start) + 1
        self.column = place.start - text.rfind("\n", 0, place.start)
        self.length = max(1, len(text[place.start : place.end].partition("\n")[0]))
        super().__init__(**fields)

    @classmethod
    def at(cls, text: str, place: Place, **fields: Any) -> Self:
        return cls(text, place, **fields)


class TooMuchToDraw(RuleViolated):
    code = "too-much-to-draw"
    template = (
        "These formulas ask for too much work to be drawn a thousand times."
        " Make the text shorter, or leave out conditions, min and max over single lines."
    )


class ModelFaulty(Invalid):
    """``faults`` by their place, ``line:column``, in the order of the text."""

    code = "model-faulty"
    template = N_("The formulas cannot be used as they are written. Mend the marked places.")

    def __init__(self, faults: Sequence[Fault]) -> None:
        ordered = sorted(faults, key=lambda fault: (fault.line, fault.column))
        super().__init__({f"{fault.line}:{fault.column}": fault for fault in reversed(ordered)})
        self.faults = dict(reversed(self.faults.items()))

    def __str__(self) -> str:
        return "; ".join(f"{place} {fault}" for place, fault in self.faults.items())


# ------------------------------------------------------------------------------------------------ reading


class DeclarationExpected(Fault):
    code = "declaration-expected"
    template = N_("“{found}” stands where a declaration begins: unit, driver, input or measure is expected.")


class NameExpected(Fault):
    code = "name-expected"
    template = N_("“{found}” stands where a name is expected; words of the language are none.")


class UnitExpected(Fault):
    code = "unit-expected"
    template = N_("“{found}” stands where a unit is expected, like KZT or USD/bbl.")


class ExpressionExpected(Fault):
    code = "expression-expected"
    template = N_("“{found}” stands where a number, a name or a bracket is expected.")


class WholeNumberExpected(Fault):
    code = "formula-whole-number-expected"
    template = N_("“{found}” stands where a whole number is expected.")


class CodeExpected(Fault):
    code = "code-expected"
    template = N_('“{found}” stands where a code is expected, like 111, 1.01 or "revenue".')


class WordExpected(Fault):
    code = "word-expected"
    template = N_("“{found}” stands where “{expected}” is expected.")


class NumberUnclear(Fault):
    code = "number-unclear"
    template = N_("“{found}” is not a number; a point stands before the fraction, and only one.")


class TooDeep(Fault):
    code = "formula-too-deep"
    template = N_("The formula is too long or too deep here. Split it into measures.")


class TextTooLong(Fault):
    code = "formulas-too-long"
    template = N_("The formulas are too long: at most {limit} characters.")


# ------------------------------------------------------------------------------------------------ checking


class NameTaken(Fault):
    code = "name-taken"
    template = N_("The name “{name}” is taken already.")


class NameUnknown(Fault):
    code = "name-unknown"
    template = N_("There is no “{name}” here.")


class NameMistyped(NameUnknown):
    code = "name-mistyped"
    template = N_("There is no “{name}” here; perhaps “{near}” is meant.")


class UnitUnknown(Fault):
    code = "formula-unit-unknown"
    template = N_("There is no unit “{name}”. There are {known}; a unit of your own is declared as: unit {name}")


class ProductUnsaid(Fault):
    code = "formula-product-unsaid"
    template = N_("“{name}” is no unit. Behind a number stands its unit; to multiply, write * between them.")


class DimensionUnknown(Fault):
    code = "dimension-unknown"
    template = N_("Cells have no dimension “{name}”. There are {known}.")


class LevelUnknown(Fault):
    code = "formula-level-unknown"
    template = N_("The dimension “{dimension}” has no level “{name}”. There are {known}.")


class CodeAmbiguous(Fault):
    code = "formula-code-ambiguous"
    template = N_("The code {code} stands at several levels: {known}. Write which.")


class UnitsDiffer(Fault):
    code = "units-differ"
    template = N_("Unlike units meet: “{left}” on the left, “{right}” on the right.")


class UnitNotDeclared(Fault):
    code = "unit-not-declared"
    template = N_("The formula gives “{found}”, where “{declared}” is declared.")


class RateExpected(Fault):
    code = "rate-expected"
    template = N_("A rate is expected, like 5% or a driver in %; this is in “{found}”.")


class ConditionExpected(Fault):
    code = "condition-expected"
    template = N_("A condition is expected here, like a comparison.")


class NumberNeeded(Fault):
    code = "number-needed"
    template = N_("A number is expected here; this is a condition.")


class CellsExpected(Fault):
    code = "cells-expected"
    template = N_("Only what has a value for each cell can be summed; this has one value a year.")


class YearsExpected(Fault):
    code = "lag-years"
    template = N_("A lag is of 1 to {limit} years.")


class YearOutside(Fault):
    code = "year-outside"
    template = N_("The year {year} is outside of the plan, which has {first} to {last}.")


class CycleFound(Fault):
    code = "formula-cycle"
    template = N_("A measure depends on itself within a year: {path}. Use lag to take the year before.")


# ------------------------------------------------------------------------------------------------ notes


class CodeUnused(Fault):
    """A note, no refusal: a model is written for more than one plan."""

    code = "formula-code-unused"
    template = N_("No cell of this plan has the code {code} in “{dimension}”.")
