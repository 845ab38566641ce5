from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp.reference.organisations.model import RANKS, Dated, OrganisationKind
from erp.reference.organisations.rules import ChangedLater, KindOutOfPlace, Step, require_order, step

days = st.dates(date(2020, 1, 1), date(2030, 1, 1))


def counted(facts: list[Dated], day: date) -> int:
    return sum((f.since is None or f.since <= day) and (f.until is None or day < f.until) for f in facts)


@given(first=st.none() | days, changes=st.lists(days, max_size=8), asked=days)
def test_changes_at_the_end_leave_one_fact_a_day_and_no_gap(
    first: date | None, changes: list[date], asked: date
) -> None:
    facts = [Dated(first, None)]
    for since in changes:
        try:
            how = step(facts[-1], since)
        except ChangedLater:
            continue
        if how is Step.FOLLOWS:
            facts[-1] = Dated(facts[-1].since, since)
        else:
            facts.pop()
        facts.append(Dated(since, None))
    assert counted(facts, asked) == (first is None or first <= asked)


def test_a_change_never_stands_before_one_entered_already() -> None:
    with pytest.raises(ChangedLater):
        step(Dated(date(2026, 1, 1), None), date(2025, 12, 31))
    assert step(None, date(2026, 1, 1)) is Step.BEGINS
    assert step(Dated(date(2025, 1, 1), date(2026, 1, 1)), date(2026, 1, 1)) is Step.BEGINS


@pytest.mark.parametrize("parent", RANKS)
@pytest.mark.parametrize("child", RANKS)
def test_kinds_go_down_the_tree(child: OrganisationKind, parent: OrganisationKind) -> None:
    institutions = child == parent == OrganisationKind.INSTITUTION
    if RANKS.index(child) > RANKS.index(parent) or institutions:
        require_order(child, parent)
    else:
        with pytest.raises(KindOutOfPlace):
            require_order(child, parent)
