"""The estimate of a trip by the norms of its days, by the examples of the act's explanations."""

from contextlib import nullcontext
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erp.base.dates import DateInterval, DaySpan
from erp.base.errors import Invalid
from erp.hr.trips import rules
from erp.hr.trips.model import (
    CostKind,
    Estimate,
    Facts,
    Gap,
    Leg,
    Norm,
    NormKind,
    PlaceClass,
    ReportLine,
    Transport,
    Trip,
)
from erp.hr.trips.rules import Norms
from erp.hr.trips.schemas import KEPT


def a_norm(kind: str, area: str, value: str, unit: str, since: str, until: str = "", confidence: str = "high") -> Norm:
    days = DateInterval(date.fromisoformat(since), date.fromisoformat(until) if until else None)
    return Norm(f"{kind}.{area}", NormKind(kind), area, Decimal(value), unit, days, confidence, "the act")


NORMS = Norms(
    [
        a_norm("mci", "", "3932", "KZT", "2025-01-01", "2026-01-01"),
        a_norm("mci", "", "4325", "KZT", "2026-01-01", "2027-01-01"),
        a_norm("per-diem", "KZ", "2", "MCI", "2018-05-29"),
        a_norm("lodging", "KZ.major", "10", "MCI", "2018-05-29", confidence="low"),
        a_norm("longest", "", "40", "day", "2018-05-29", confidence="medium"),
    ]
)


def a_leg(start: str, end: str, departs: date, arrives: date | None = None, **changes: Any) -> Leg:
    told = {"country": "KZ", "place_class": PlaceClass.MAJOR, "transport": Transport.RAIL} | changes
    return Leg(start, end, departs_on=departs, arrives_on=arrives or departs, **told)


def a_trip(first: date, last: date, *, to: str = "Алматы", **changes: Any) -> Facts:
    """There on the first day and back on the last."""
    legs = (a_leg("Сарыдала", to, first), a_leg(to, "Сарыдала", last))
    return Facts(**{"purpose": "Course", "host": "", "legs": legs} | changes)


def test_three_days_in_almaty_cost_what_the_example_says() -> None:
    """3 days, 2 nights at 30 000, train 12 400 both ways.  Source: Government resolution 256."""
    there, back = date(2026, 3, 2), date(2026, 3, 4)
    legs = (
        a_leg("Сарыдала", "Алматы", there, fare_tiyn=620_000, night_tiyn=3_000_000),
        a_leg("Алматы", "Сарыдала", back, fare_tiyn=620_000),
    )
    found = rules.estimate(Facts("Course", "", legs), NORMS)
    assert found.of(CostKind.PER_DIEM) == 2_595_000
    assert found.of(CostKind.LODGING) == 6_000_000
    assert found.of(CostKind.FARE) == 1_240_000
    assert (found.total_tiyn, found.days, found.gaps) == (9_835_000, 3, ())
    night = next(cost for cost in found.costs if cost.kind is CostKind.LODGING)
    assert (night.limit_tiyn, night.norm, night.verified, night.is_over_limit) == (4_325_000, "10 × 4325", False, False)
    spent = tuple(ReportLine(c.kind, c.last, c.what, "", abroad=False, amount_tiyn=c.amount_tiyn) for c in found.costs)
    short, long = rules.settle(9_000_000, spent), rules.settle(11_000_000, spent)
    assert (short.owed_tiyn, short.returns_tiyn) == (835_000, 0)
    assert (long.owed_tiyn, long.returns_tiyn) == (0, 1_165_000)


def test_a_trip_over_new_year_is_counted_by_the_index_of_each_day() -> None:
    """30 December 2025 – 2 January 2026: 2 × 7 864 + 2 × 8 650."""
    found = rules.estimate(a_trip(date(2025, 12, 30), date(2026, 1, 2)), NORMS)
    assert [(c.quantity, c.rate_tiyn, c.norm) for c in found.costs] == [
        (2, 786_400, "2 × 3932"),
        (2, 865_000, "2 × 4325"),
    ]
    assert found.total_tiyn == 3_302_800


def test_a_norm_that_is_not_loaded_is_said_and_never_guessed() -> None:
    beyond = rules.estimate(a_trip(date(2026, 12, 30), date(2027, 1, 2)), NORMS)
    assert beyond.of(CostKind.PER_DIEM) == 2 * 865_000
    assert beyond.gaps == (Gap(NormKind.MCI, "", date(2027, 1, 1), date(2027, 1, 2)),)
    legs = (
        a_leg("Сарыдала", "Қарабұлақ", date(2026, 5, 4), place_class=PlaceClass.RURAL, night_tiyn=500_000),
        a_leg("Қарабұлақ", "Сарыдала", date(2026, 5, 5)),
    )
    rural = rules.estimate(Facts("Count", "", legs), NORMS)
    assert rural.gaps == (Gap(NormKind.LODGING, "KZ.rural", date(2026, 5, 4), date(2026, 5, 4)),)
    assert rural.of(CostKind.LODGING) == 500_000


def test_the_day_of_leaving_the_country_is_one_abroad_and_that_of_coming_back_one_at_home() -> None:
    legs = (
        a_leg("Алматы", "Ташкент", date(2026, 5, 4), country="UZ"),
        a_leg("Ташкент", "Алматы", date(2026, 5, 7), date(2026, 5, 8)),
    )
    assert [rules.country_on(legs, date(2026, 5, day)) for day in range(4, 9)] == ["UZ", "UZ", "UZ", "UZ", "KZ"]
    found = rules.estimate(Facts("Talks", "", legs), NORMS)
    assert found.gaps == (Gap(NormKind.PER_DIEM, "UZ", date(2026, 5, 4), date(2026, 5, 7)),)
    assert found.total_tiyn == 865_000


def test_who_comes_home_every_day_has_no_per_diem() -> None:
    assert rules.estimate(a_trip(date(2026, 5, 4), date(2026, 5, 6), comes_home=True), NORMS).total_tiyn == 0


def test_a_trip_longer_than_the_rules_allow_needs_a_ground() -> None:
    forty, more = (a_trip(date(2026, 3, 1), date(2026, 3, 1) + timedelta(days=n)) for n in (39, 40))
    rules.require_ground(forty, rules.estimate(forty, NORMS))
    with pytest.raises(Invalid) as refusal:
        rules.require_ground(more, rules.estimate(more, NORMS))
    assert "41 days" in str(refusal.value.faults["ground"])


@pytest.mark.parametrize(
    ("first", "keeps", "belated", "advance", "faults"),
    [
        (date(2026, 3, 2), False, "", 100, {}),
        (date(2026, 3, 3), True, "", 100, {}),
        (date(2026, 3, 3), True, "Late", 0, {"belated": rules.NotBelated}),
        (date(2026, 3, 1), False, "Late", 0, {"legs.0.departs_on": rules.TripBegun}),
        (date(2026, 3, 1), True, "", 100, {"belated": rules.BelatedReasonMissing, "advance": rules.AdvanceTooLate}),
        (date(2026, 3, 1), True, "Late", 0, {}),
    ],
)
def test_who_travels_asks_by_the_first_day_and_who_keeps_records_says_why_it_is_later(
    first: date, keeps: bool, belated: str, advance: int, faults: dict[str, type[Exception]]
) -> None:
    trip = Facts("Course", "", (a_leg("A", "B", first),), advance_tiyn=advance, belated=belated)
    with pytest.raises(Invalid) if faults else nullcontext() as refusal:
        rules.require_ahead(trip, date(2026, 3, 2), keeps=keeps)
    assert refusal is None or {at: type(fault) for at, fault in refusal.value.faults.items()} == faults


def test_every_fault_of_a_route_is_told_at_once() -> None:
    legs = (
        a_leg("Сарыдала", "", date(2026, 5, 4), date(2026, 5, 3)),
        a_leg("Шымкент", "Сарыдала", date(2026, 5, 2), fare_tiyn=-1),
    )
    with pytest.raises(Invalid) as refusal:
        rules.check(Facts("", "", legs))
    assert set(refusal.value.faults) == {
        "purpose",
        "legs.0.to_place",
        "legs.0.arrives_on",
        "legs.1.departs_on",
        "legs.1.fare",
    }
    apart = (a_leg("Сарыдала", "Алматы", date(2026, 5, 4)), a_leg("Шымкент", "Сарыдала", date(2026, 5, 6)))
    with pytest.raises(Invalid) as refusal:
        rules.check(Facts("Course", "", apart))
    assert "Алматы is expected" in str(refusal.value.faults["legs.1.from_place"])


days = st.dates(date(2025, 1, 1), date(2026, 12, 1))


@given(first=days, length=st.integers(0, 29), fare=st.integers(0, 10**9), night=st.integers(0, 10**9))
def test_the_estimate_is_the_sum_of_its_lines_and_every_day_has_its_rate(
    first: date, length: int, fare: int, night: int
) -> None:
    last = first + timedelta(days=length)
    legs = (
        a_leg("A", "B", first, fare_tiyn=fare, night_tiyn=night),
        a_leg("B", "A", last, fare_tiyn=fare),
    )
    found = rules.estimate(Facts("Course", "", legs), NORMS)
    assert sum(c.quantity for c in found.costs if c.kind is CostKind.PER_DIEM) == length + 1
    by_day = sum(786_400 if (first + timedelta(days=n)).year == 2025 else 865_000 for n in range(length + 1))
    assert found.total_tiyn == by_day + length * night + 2 * fare
    assert all(c.amount_tiyn == c.quantity * c.rate_tiyn for c in found.costs)
    kept = Trip(Facts("Course", "", legs), found)
    assert KEPT.validate_python(KEPT.dump_python(kept, mode="json")) == kept
    lines = rules.suggested(kept.facts, found)
    assert not any(each.over_tiyn for each in rules.compared(lines, found)), "as estimated is never above"
    balance = rules.settle(fare, lines)
    assert balance.owed_tiyn - balance.returns_tiyn == balance.spent_tiyn - fare
    assert min(balance.owed_tiyn, balance.returns_tiyn) == 0


ALMATY = Facts(
    "Course",
    "",
    (
        a_leg("Сарыдала", "Алматы", date(2026, 3, 2), fare_tiyn=620_000, night_tiyn=3_000_000),
        a_leg("Алматы", "Сарыдала", date(2026, 3, 4), fare_tiyn=620_000),
    ),
)
"""Three days; the estimate is 25 950 of per diem, 60 000 of lodging, 12 400 of fares."""


def a_line(kind: CostKind, what: str, tenge: int) -> ReportLine:
    return ReportLine(kind, date(2026, 3, 4), what, "", False, tenge * 100)


def beside(*lines: ReportLine, of: Estimate | None = None) -> list[tuple[int | None, int, int]]:
    """Norm, estimate and what is above it of each line, in tenge."""
    found = rules.compared(lines, of or rules.estimate(ALMATY, NORMS))
    return [
        (None if each.norm_tiyn is None else each.norm_tiyn // 100, each.estimated_tiyn // 100, each.over_tiyn // 100)
        for each in found
    ]


def test_each_line_of_a_report_stands_beside_its_norm_and_its_estimate() -> None:
    assert beside(
        a_line(CostKind.PER_DIEM, "KZ", 25_950),
        a_line(CostKind.LODGING, " алматы", 90_000),
        a_line(CostKind.OTHER, "Parking", 2_000),
    ) == [(25_950, 25_950, 0), (86_500, 60_000, 30_000), (None, 0, 2_000)]
    (dear,) = rules.compared([a_line(CostKind.LODGING, "Алматы", 90_000)], rules.estimate(ALMATY, NORMS))
    assert (dear.norm, dear.is_over_norm) == ("10 × 4325", True)


def test_lines_that_share_an_estimate_use_it_up_in_their_order() -> None:
    nights = [a_line(CostKind.LODGING, "Алматы", 40_000), a_line(CostKind.LODGING, "Алматы", 25_000)]
    assert beside(*nights) == [(40_000, 40_000, 0), (46_500, 20_000, 5_000)]
    elsewhere = a_line(CostKind.LODGING, "A hotel", 50_000)
    assert beside(elsewhere) == [(86_500, 60_000, 0)], "another name for the nights that were estimated"
    both_ways = a_line(CostKind.FARE, "Сарыдала – Алматы", 12_400)
    assert beside(both_ways) == [(None, 12_400, 0)], "both tickets on one line are no excess"
    assert beside(both_ways, a_line(CostKind.FARE, "Taxi", 3_000)) == [(None, 9_400, 3_000), (None, 3_000, 0)]


reported = st.lists(
    st.builds(
        a_line,
        st.sampled_from(CostKind),
        st.sampled_from(["KZ", "Алматы", "Сарыдала – Алматы", "else"]),
        st.integers(0, 100_000),
    ),
    max_size=8,
)


@settings(max_examples=300)
@given(reported)
def test_estimates_beside_lines_never_add_up_to_more_than_the_estimate(lines: list[ReportLine]) -> None:
    whole = rules.estimate(ALMATY, NORMS)
    found = rules.compared(lines, whole)
    assert [each.line for each in found] == lines
    for kind in CostKind:
        of_kind = [each for each in found if each.line.kind is kind]
        assert sum(each.estimated_tiyn for each in of_kind) <= whole.of(kind)
        spent = sum(each.line.amount_tiyn for each in of_kind)
        assert sum(each.over_tiyn for each in of_kind) >= spent - whole.of(kind)


def test_an_estimate_of_a_trip_that_was_cut_short_is_of_the_days_that_were_made() -> None:
    whole = rules.estimate(ALMATY, NORMS)
    two = whole.made(ALMATY.first, DaySpan(ALMATY.first, date(2026, 3, 3)))
    assert (two.days, two.of(CostKind.PER_DIEM), two.of(CostKind.LODGING)) == (2, 1_730_000, 3_000_000)
    none = whole.made(ALMATY.first, None)
    assert (none.days, none.total_tiyn) == (0, whole.of(CostKind.FARE))
    assert whole.made(ALMATY.first, DaySpan(ALMATY.first, ALMATY.last)) == whole
