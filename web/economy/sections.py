"""The six sections of a budget on pages: their names, the balance that follows, and where a budget does not hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from erp.base.i18n import N_
from erp.economy.plans.axes import SECTIONS, Member
from erp.economy.plans.model import Section, SixSections
from web.i18n import MINUS, NO_BREAK, Speech, money, money_in

UNIT = "thousand"
"""In which pages of plans write amounts where nobody chose another; what scenarios come to is in millions."""
millions = money_in("million")
_SHOWN = 5_000_000
"""Tiyn that are a tenth of a million tenge once rounded."""
BALANCE, GAP = N_("V. Deficit (−) or surplus"), N_("Not covered by financing (−) or left over")


def section_name(section: Section, say: Speech) -> str:
    return SECTIONS[section].name(say.language.value)


def signed_millions(tiyn: int) -> str:
    """The same with its sign; nothing where there is no difference at all."""
    shown = millions(tiyn)
    return "" if tiyn == 0 else f"+{shown}" if tiyn > 0 else shown


@dataclass(frozen=True)
class SectionLine:
    """A line of the budget's form; the balance follows from the others and is of no section."""

    name: str
    amounts: tuple[int, ...]
    section: Section | None = None


def section_lines(told: SixSections, say: Speech) -> list[SectionLine]:
    """The six sections in the order of the budget's form."""
    lines = [SectionLine(section_name(each, say), getattr(told, each.value), each) for each in Section]
    lines.insert(-1, SectionLine(say(BALANCE), told.balance))
    return lines


def gap_lines(told: SixSections, say: Speech) -> list[SectionLine]:
    """What financing does not cover, if there is any."""
    return [SectionLine(say(GAP), told.gap)] if any(told.gap) else []


@dataclass(frozen=True)
class Identity:
    text: str
    holds: bool | None
    """``None`` of what follows, and cannot fail."""
    terms: tuple[str, ...]
    """Of each year, in tenge."""


def identities(six: SixSections, all_years: Sequence[int], years: Sequence[int], say: Speech) -> list[Identity]:
    """What holds a budget together, for some of its years, with the terms."""
    place = {year: at for at, year in enumerate(all_years) if year in years}
    told = gaps_told({str(year): six.gap[at] for year, at in place.items()})
    covered = (
        say(N_("VI = −V: financing covers the deficit in every year"))
        if not told
        else say(N_("VI = −V: what financing leaves over (+) or does not cover (−), million tenge: {told}"), told=told)
    )
    balanced = {
        year: (six.revenue[at], six.expenditure[at], six.lending[at], six.assets[at], six.balance[at])
        for year, at in place.items()
    }
    return [
        Identity(
            say(N_("V = I − II − III − IV, in every year")),
            None,
            tuple(f"{year}: {_equation(*terms)}" for year, terms in balanced.items()),
        ),
        Identity(
            covered,
            not told,
            tuple(
                f"{year}: VI = {money(six.financing[at])}; −V = {money(-six.balance[at])}" for year, at in place.items()
            ),
        ),
    ]


def gaps_told(gaps: Mapping[str, int]) -> str:
    """``2027: −12,0; 2029: +3,4`` million tenge, less than that in tenge; nothing where there is none."""
    return "; ".join(
        f"{name}: {signed_millions(tiyn) if abs(tiyn) >= _SHOWN else f'{money(tiyn)}{NO_BREAK}₸'}"
        for name, tiyn in gaps.items()
        if tiyn
    )


def gaps_by(
    groups: Mapping[Member, SixSections], all_years: Sequence[int], years: Sequence[int]
) -> list[tuple[Member, str]]:
    """Groups whose financing does not cover their balance, with the years."""
    place = {str(year): at for at, year in enumerate(all_years) if year in years}
    told = ((member, gaps_told({year: six.gap[at] for year, at in place.items()})) for member, six in groups.items())
    return [(member, words) for member, words in told if words]


def _equation(first: int, *rest: int) -> str:
    """``10,00 − 7,00 − (−1,00) = 4,00``; the last is what comes out."""
    *taken, balance = (f"({money(tiyn)})" if tiyn < 0 else money(tiyn) for tiyn in rest)
    return f"{f' {MINUS} '.join([money(first), *taken])} = {balance.strip('()')}"
