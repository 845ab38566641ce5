"""Pure rules of business trips: the route, the estimate by dated norms, the advance report, what is owed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby, pairwise

from erp.base.dates import DaySpan, day_string
from erp.base.errors import Conflict, Invalid, NotFound, NotPermitted, RuleViolated
from erp.base.money import decimal_string
from erp.hr.contracts.types import SettlementStanding
from erp.hr.trips.model import (
    HOME,
    Balance,
    Compared,
    Cost,
    CostKind,
    Estimate,
    Facts,
    Gap,
    Leg,
    Norm,
    NormKind,
    Report,
    ReportLine,
    ReportState,
)

MCI = "MCI"
TENGE = "KZT"
MOST_LEGS = 20
MOST_LINES = 100
MOST_DAYS = 366
"""What one request may take: beyond it a day is mistyped.  What the law allows is a norm."""
LONGEST = {
    "purpose": 500,
    "host": 200,
    "place": 100,
    "what": 200,
    "paper": 100,
    "result": 2000,
    "ground": 500,
    "belated": 500,
}
_DAY = timedelta(days=1)


class Empty(RuleViolated):
    code = "trip-field-empty"
    template = "Fill in this field."


class LegsTooMany(RuleViolated):
    code = "trip-legs-too-many"
    template = "One trip has {limit} ways at most, and {count} were sent. Ask for the others as another trip."


class LinesTooMany(RuleViolated):
    code = "report-lines-too-many"
    template = "One report has {limit} costs at most, and {count} were sent. Put costs of one kind together."


class RouteEmpty(RuleViolated):
    code = "route-empty"
    template = "Say where the trip goes: at least one way is needed."


class LegReversed(RuleViolated):
    code = "leg-reversed"
    template = "The arrival is before the departure."


class LegsOverlap(RuleViolated):
    code = "legs-overlap"
    template = "This departure is before the arrival of the way before ({day})."


class LegsApart(RuleViolated):
    code = "legs-apart"
    template = "This way begins elsewhere than the one before ends: {place} is expected."


class GroundMissing(RuleViolated):
    code = "trip-ground-missing"
    template = "A trip of {days} days is longer than {limit} days: say on what ground."


class TripBegun(RuleViolated):
    code = "trip-begun"
    template = (
        "A trip is asked for on the day it begins at the latest. Once it has begun, an officer of human resources"
        " records it or changes its request, for others alone: ask one."
    )


class BelatedReasonMissing(RuleViolated):
    code = "trip-belated-reason-missing"
    template = "The trip has begun: say why it is recorded only now. Who decides reads it."


class NotBelated(RuleViolated):
    code = "trip-not-belated"
    template = "The trip has not begun: leave this empty."


class AdvanceTooLate(RuleViolated):
    code = "advance-too-late"
    template = "An advance is paid before a trip, and this one has begun. What was spent is paid by the report."


class AdvanceTooLarge(RuleViolated):
    code = "advance-too-large"
    template = "The advance is at most the estimate: {limit} ₸."


class AdvanceOpen(Conflict):
    code = "advance-open"
    template = "An advance for the trip of {day} is not reported yet. Report on that trip first, or ask for no advance."


class AdvanceAboveAsked(RuleViolated):
    code = "advance-above-asked"
    template = "The advance is more than nothing and at most what was asked for: {limit} ₸."


class AdvanceStands(Conflict):
    code = "advance-stands"
    template = "Only an advance that the accountant declined, or whose entry was cancelled, is sent anew."


class AdvanceInHand(Conflict):
    code = "advance-in-hand"
    template = "The accountant is paying the advance of this trip. Come back once it is posted or put back."


class TripTooLong(RuleViolated):
    code = "trip-too-long"
    template = "One trip takes {limit} days at most. Check the days, or ask for several trips."


class AmountNegative(RuleViolated):
    code = "trip-amount-negative"
    template = "An amount here is not negative."


class NoReportYet(Conflict):
    code = "trip-not-begun"
    template = "The trip begins on {day}: there is nothing to report yet."


class TripNotInForce(Conflict):
    code = "trip-not-in-force"
    template = "The trip is not approved: there is nothing to report."


class OutsideTrip(RuleViolated):
    code = "outside-trip"
    template = "The day is outside of the trip: {first} – {last}."


class SpentToCome(RuleViolated):
    code = "spent-to-come"
    template = "The day is after the trip and still to come: check it."


class NightAtHome(RuleViolated):
    code = "night-at-home"
    template = "After the last way there is no night to pay."


class ReportStands(Conflict):
    code = "report-stands"
    template = "The report on this trip is handed in. Return it first; one that is approved stands."


class PaperOfAnother(NotPermitted):
    code = "paper-of-another"
    template = "Only who attached a file takes it off."


class PapersHandedIn(Conflict):
    code = "papers-handed-in"
    template = "The report is handed in with its files. Once it is returned, whoever attached one may take it off."


class PapersSettled(Conflict):
    code = "papers-settled"
    template = "The report is approved: no file is added to it any more."


class ReportEmpty(RuleViolated):
    code = "report-empty"
    template = "The report has no line. Enter the costs, or a per diem of zero."


class ReportChanged(Conflict):
    code = "report-changed"
    template = "Somebody has acted on this report since you opened it. Look at it anew."


class OwnReport(NotPermitted):
    code = "own-report"
    template = "Nobody approves their own report, nor one they handed in. Leave it to another person."


class PapersMissing(RuleViolated):
    code = "papers-missing"
    template = "Attach the tickets and receipts first: at least one file is needed for what was paid to others."


class TripUnknown(NotFound):
    code = "trip-unknown"
    template = "There is no such trip here."


REPORT_FROM = {
    ReportState.SUBMITTED: {ReportState.NONE, ReportState.RETURNED},
    ReportState.RETURNED: {ReportState.SUBMITTED, ReportState.APPROVED},
    ReportState.APPROVED: {ReportState.SUBMITTED},
}
"""Where each act on a report finds what it moves on; an approved one as ``may_be_returned`` says."""
IN_HAND = (ReportState.SUBMITTED, ReportState.APPROVED)
"""A report that was handed in, and not sent back."""


# ------------------------------------------------------------------------------------------------ the route


def check(facts: Facts) -> None:
    """A route is one way: each leg begins where and not before the one before ends.

    Raises: Invalid, with every fault under the place where it stands.
    """
    faults: dict[str, Exception] = {}
    if not facts.purpose:
        faults["purpose"] = Empty()
    if not facts.legs:
        raise Invalid(faults | {"legs": RouteEmpty()})
    for place, leg in enumerate(facts.legs):
        at = f"legs.{place}."
        faults |= {f"{at}{name}": Empty() for name in ("from_place", "to_place") if not getattr(leg, name)}
        faults |= {f"{at}{name}": AmountNegative() for name in ("fare", "night") if getattr(leg, f"{name}_tiyn") < 0}
        if leg.arrives_on < leg.departs_on:
            faults[f"{at}arrives_on"] = LegReversed()
    for place, (before, leg) in enumerate(pairwise(facts.legs), start=1):
        if leg.departs_on < before.arrives_on:
            faults[f"legs.{place}.departs_on"] = LegsOverlap(day=day_string(before.arrives_on))
        if leg.from_place and before.to_place and leg.from_place.casefold() != before.to_place.casefold():
            faults[f"legs.{place}.from_place"] = LegsApart(place=before.to_place)
    if facts.legs[-1].night_tiyn > 0:
        faults[f"legs.{len(facts.legs) - 1}.night"] = NightAtHome()
    if facts.advance_tiyn < 0:
        faults["advance"] = AmountNegative()
    if facts.days > MOST_DAYS:
        faults.setdefault(f"legs.{len(facts.legs) - 1}.arrives_on", TripTooLong(limit=MOST_DAYS))
    if faults:
        raise Invalid(faults)


def country_on(legs: Sequence[Leg], day: date) -> str:
    """Whose norm of per diem counts: the day of leaving the country is one abroad, that of coming back one at home.

    Source: Government resolution 256 of 11.05.2018 (not verified).
    """
    passed = [leg for leg in legs if leg.crosses_on <= day]
    return passed[-1].country if passed else HOME


# ------------------------------------------------------------------------------------------------ norms


@dataclass(frozen=True)
class Norms:
    """The norms that are loaded, to be asked by kind, area and day."""

    rows: Sequence[Norm]

    def find(self, kind: NormKind, area: str, day: date) -> Norm | None:
        return next((n for n in self.rows if n.kind is kind and n.area == area and day in n.in_force), None)

    def rate(self, kind: NormKind, area: str, day: date) -> "Rate | Gap":
        """What a norm comes to on a day, in tenge; the gap where it, or the index it is counted in, is not loaded."""
        norm = self.find(kind, area, day)
        if norm is None:
            return Gap(kind, area, day, day)
        if norm.unit == TENGE:
            return Rate(_tiyn(norm.value), _number(norm.value), norm.verified)
        index = self.find(NormKind.MCI, "", day) if norm.unit == MCI else None
        if index is None:
            return Gap(NormKind.MCI if norm.unit == MCI else kind, "" if norm.unit == MCI else area, day, day)
        worked = f"{_number(norm.value)} × {_number(index.value)}"
        return Rate(_tiyn(norm.value * index.value), worked, norm.verified and index.verified)


@dataclass(frozen=True, slots=True)
class Rate:
    """For one day or night; ``worked`` says how it came about."""

    tiyn: int
    worked: str
    verified: bool


def _tiyn(tenge: Decimal) -> int:
    return int((tenge * 100).to_integral_value())


def _number(value: Decimal) -> str:
    return f"{value.normalize():f}"


# ------------------------------------------------------------------------------------------------ the estimate


def estimate(facts: Facts, norms: Norms) -> Estimate:
    """What a trip is expected to cost: per diem by the norm of each day, nights and fares as they are told.

    A trip over the end of a year is counted by the index of each day.  Where a norm is not loaded, nothing stands in
    its place.  A limit of lodging that is not verified is shown, and cuts nothing.

    Source: Government resolution 256 of 11.05.2018.
    """
    costs, gaps = list(_fares(facts.legs)), list[Gap]()
    for found in (*_nights(facts.legs, norms), *(() if facts.comes_home else _per_diem(facts, norms))):
        if isinstance(found, Gap):
            gaps.append(found)
        else:
            costs.append(found)
    order = list(CostKind)
    costs.sort(key=lambda cost: (order.index(cost.kind), cost.first))
    longest = norms.find(NormKind.LONGEST, "", facts.first)
    beyond = _number(longest.value) if longest is not None and facts.days > longest.value else ""
    return Estimate(tuple(costs), tuple(_joined(gaps)), facts.days, beyond)


def _fares(legs: Iterable[Leg]) -> Iterator[Cost]:
    for leg in legs:
        if leg.fare_tiyn:
            way = f"{leg.from_place} – {leg.to_place}"
            yield Cost(CostKind.FARE, leg.departs_on, leg.arrives_on, way, 1, leg.fare_tiyn, leg.fare_tiyn)


def _nights(legs: Sequence[Leg], norms: Norms) -> Iterator[Cost | Gap]:
    """Nights at the end of each way but the last."""
    for leg, following in pairwise(legs):
        nights = (following.departs_on - leg.arrives_on).days
        if nights <= 0 or not leg.night_tiyn:
            continue
        limit = norms.rate(NormKind.LODGING, leg.area, leg.arrives_on)
        last = following.departs_on - _DAY
        if isinstance(limit, Gap):
            yield Gap(limit.kind, limit.area, leg.arrives_on, last)
            yield Cost(
                CostKind.LODGING, leg.arrives_on, last, leg.to_place, nights, leg.night_tiyn, nights * leg.night_tiyn
            )
            continue
        yield Cost(
            CostKind.LODGING,
            leg.arrives_on,
            last,
            leg.to_place,
            nights,
            leg.night_tiyn,
            nights * leg.night_tiyn,
            limit.worked,
            limit.tiyn,
            limit.verified,
        )


def _per_diem(facts: Facts, norms: Norms) -> Iterator[Cost | Gap]:
    """One line for each run of days with the same rate."""

    def rated(day: date) -> tuple[str, Rate | tuple[NormKind, str]]:
        country = country_on(facts.legs, day)
        found = norms.rate(NormKind.PER_DIEM, country, day)
        return country, (found.kind, found.area) if isinstance(found, Gap) else found

    days = [facts.first + n * _DAY for n in range(facts.days)]
    for (country, found), run in groupby(days, key=rated):
        spent = list(run)
        first, last, number = spent[0], spent[-1], len(spent)
        if isinstance(found, Rate):
            total = number * found.tiyn
            yield Cost(
                CostKind.PER_DIEM,
                first,
                last,
                country,
                number,
                found.tiyn,
                total,
                found.worked,
                verified=found.verified,
            )
        else:
            yield Gap(*found, first, last)


def _joined(gaps: Iterable[Gap]) -> Iterator[Gap]:
    """Each missing norm once, over all its days."""
    ordered = sorted(gaps, key=lambda gap: (gap.kind, gap.area, gap.first))
    for (kind, area), group in groupby(ordered, key=lambda gap: (gap.kind, gap.area)):
        of_one = list(group)
        yield Gap(kind, area, of_one[0].first, max(gap.last for gap in of_one))


def require_ground(facts: Facts, found: Estimate) -> None:
    """Raises: Invalid, where the trip is longer than the rules allow and no ground is given."""
    if found.longest and not facts.ground:
        raise Invalid({"ground": GroundMissing(days=found.days, limit=found.longest)})


def require_ahead(facts: Facts, today: date, *, keeps: bool) -> None:
    """A trip is asked for by its first day; who keeps the record of who travels records one that has begun, and why.

    An advance is paid before a trip.

    Raises: Invalid.

    Source: Government resolution 1428 of 22.09.2000: one is sent, by an order; of a belated order the acts that could
    be read say nothing, so this is the program's own rule.
    """
    faults: dict[str, Exception] = {}
    if facts.first >= today:
        if facts.belated:
            faults["belated"] = NotBelated()
    elif not keeps:
        faults["legs.0.departs_on"] = TripBegun()
    else:
        if not facts.belated:
            faults["belated"] = BelatedReasonMissing()
        if facts.advance_tiyn:
            faults["advance"] = AdvanceTooLate()
    if faults:
        raise Invalid(faults)


def require_within(facts: Facts, found: Estimate) -> None:
    """Raises: Invalid, where the advance is above the estimate."""
    if facts.advance_tiyn > found.total_tiyn:
        raise Invalid({"advance": AdvanceTooLarge(limit=decimal_string(found.total_tiyn))})


# ------------------------------------------------------------------------------------------------ the report


def require(report: Report, version: int, act: ReportState) -> None:
    """Raises: ReportChanged, where it is not what the actor saw, or no such act is left to do."""
    if report.version != version or report.state not in REPORT_FROM[act]:
        raise ReportChanged()


def may_be_returned(report: Report, entry: SettlementStanding | None) -> bool:
    """Whether a report may be sent back: as long as it waits, and once approved where no ``entry`` of it stands."""
    if report.state is ReportState.APPROVED:
        return entry is None or entry.is_undone
    return report.state is ReportState.SUBMITTED


def require_room(number: int, most: int, at: str, refusal: type[LegsTooMany | LinesTooMany]) -> None:
    """Raises: Invalid, where a form has more rows than one command takes."""
    if number > most:
        raise Invalid({at: refusal(limit=most, count=number)})


def suggested(facts: Facts, found: Estimate) -> tuple[ReportLine, ...]:
    """Lines that a report begins with: what was estimated."""
    return tuple(
        ReportLine(cost.kind, cost.last, cost.what, "", _is_abroad(cost, facts), cost.amount_tiyn)
        for cost in found.costs
    )


def compared(lines: Sequence[ReportLine], found: Estimate) -> tuple[Compared, ...]:
    """Each line beside what was estimated for it: of its kind and name.

    What was estimated of a kind and no line names is left to lines with other names, then to those above their own
    estimate: two tickets on one line are no excess.  Lines that share an estimate use it up in their order.
    """
    told = _by([_name(line.kind, line.what) for line in lines])
    costs = _by([_name(cost.kind, cost.what) for cost in found.costs])
    beside = [Compared(line, "", None, 0) for line in lines]
    for name in told.keys() & costs.keys():
        beside = _shared(beside, told[name], [found.costs[n] for n in costs[name]])
    for kind in CostKind:
        unnamed = [found.costs[n] for name in costs.keys() - told.keys() if name[0] is kind for n in costs[name]]
        strangers = sorted(n for name in told.keys() - costs.keys() if name[0] is kind for n in told[name])
        spare = sum(cost.amount_tiyn for cost in unnamed)
        if strangers:
            beside = _shared(beside, strangers, unnamed)
            spare = max(beside[strangers[-1]].estimated_tiyn - lines[strangers[-1]].amount_tiyn, 0)
        for n in sorted(n for name in told.keys() & costs.keys() if name[0] is kind for n in told[name]):
            part = min(beside[n].over_tiyn, spare)
            beside[n] = replace(beside[n], estimated_tiyn=beside[n].estimated_tiyn + part)
            if strangers:
                last = beside[strangers[-1]]
                beside[strangers[-1]] = replace(last, estimated_tiyn=last.estimated_tiyn - part)
            spare -= part
    return tuple(beside)


def _shared(beside: list[Compared], places: Sequence[int], costs: Sequence[Cost]) -> list[Compared]:
    """The lines at the places beside the costs, which they use up in their order."""
    amounts = [beside[n].line.amount_tiyn for n in places]
    known = [cost.norm_tiyn for cost in costs if cost.norm_tiyn is not None]
    is_limited = bool(costs) and len(known) == len(costs)
    norms: Sequence[int | None] = _used_up(sum(known), amounts) if is_limited else [None] * len(places)
    worked = "; ".join(dict.fromkeys(cost.norm for cost in costs)) if is_limited else ""
    left = list(beside)
    for n, norm, tiyn in zip(places, norms, _used_up(sum(cost.amount_tiyn for cost in costs), amounts), strict=True):
        left[n] = replace(left[n], norm=worked, norm_tiyn=norm, estimated_tiyn=tiyn)
    return left


def _by(names: Sequence[tuple[CostKind, str]]) -> dict[tuple[CostKind, str], list[int]]:
    """Places by name."""
    found: dict[tuple[CostKind, str], list[int]] = {}
    for place, name in enumerate(names):
        found.setdefault(name, []).append(place)
    return found


def _name(kind: CostKind, what: str) -> tuple[CostKind, str]:
    """What a cost is told apart by from others of its kind."""
    return kind, " ".join(what.split()).casefold()


def _used_up(total: int, amounts: Sequence[int]) -> list[int]:
    """What each amount finds of a total; the last finds all that is left."""
    found = []
    for amount in amounts[:-1]:
        found.append(min(amount, total))
        total -= found[-1]
    return [*found, total]


def _is_abroad(cost: Cost, facts: Facts) -> bool:
    if cost.kind is CostKind.PER_DIEM:
        return cost.what != HOME
    return country_on(facts.legs, cost.first) != HOME


def check_report(lines: Sequence[ReportLine], days: DaySpan, papers: int, today: date) -> None:
    """Whether a report of a trip of the days holds together.  Raises: Invalid; ReportEmpty, PapersMissing."""
    if not lines:
        raise ReportEmpty()
    faults: dict[str, Exception] = {}
    for place, line in enumerate(lines):
        if not line.what:
            faults[f"lines.{place}.what"] = Empty()
        if line.amount_tiyn < 0:
            faults[f"lines.{place}.amount"] = AmountNegative()
        if line.on > max(today, days.last):
            faults[f"lines.{place}.on"] = SpentToCome()
        if line.kind is CostKind.PER_DIEM and not days.first <= line.on <= days.last:
            faults[f"lines.{place}.on"] = OutsideTrip(first=day_string(days.first), last=day_string(days.last))
    if faults:
        raise Invalid(faults)
    if not papers and any(line.amount_tiyn and line.kind is not CostKind.PER_DIEM for line in lines):
        raise PapersMissing()


def settle(advance_tiyn: int, lines: Sequence[ReportLine]) -> Balance:
    """What is owed to the person, or to be returned, once the lines are approved."""
    return Balance(advance_tiyn, sum(line.amount_tiyn for line in lines))
