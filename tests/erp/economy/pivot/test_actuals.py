"""What the books say beside a plan: payments net of returns, for who plans there, and nothing else of the books."""

from dataclasses import replace

import pytest

from erp.base import uow
from erp.base.scope import Scope
from erp.economy.pivot import queries
from erp.economy.pivot.model import Actual, Actuals
from tests.erp.economy.pivot.conftest import ACTOR
from tests.factories.oblast import Oblast


def planner(oblast: Oblast, *places: str) -> Scope:
    return Scope(ACTOR, plans=frozenset(oblast.at(place) for place in places))


def figures(oblast: Oblast, scope: Scope, owner: str, measure: Actual, *named: str) -> list[Actuals]:
    """Of a plan of ``owner`` with lines of the organisations ``named``."""
    organisations = [oblast.at(place) for place in named]
    return uow.read(
        oblast.engine,
        scope,
        lambda u: queries.actuals(u.connection, scope, oblast.at(owner), organisations, [2026], measure),
    )


@pytest.mark.parametrize(("measure", "tiyn"), [(Actual.PAID, 7000), (Actual.SPENT, 4000)])
@pytest.mark.parametrize(("owner", "named"), [("oblast", ()), ("education", ()), ("roads", ("lyceum",))])
def test_who_plans_for_an_institution_sees_its_year_by_classification(
    oblast: Oblast, owner: str, named: tuple[str, ...], measure: Actual, tiyn: int
) -> None:
    assert figures(oblast, planner(oblast, owner, "lyceum"), owner, measure, *named) == [
        Actuals(oblast.at("lyceum"), 2026, "464.003", "149", "", tiyn)
    ]


def test_a_line_of_a_plan_opens_no_books_where_one_does_not_plan(oblast: Oblast) -> None:
    assert figures(oblast, planner(oblast, "roads"), "roads", Actual.PAID, "lyceum") == []
    assert figures(oblast, planner(oblast, "oblast"), "oblast", Actual.PAID) == []
    assert figures(oblast, Scope(ACTOR, reads=frozenset({oblast.at("lyceum")})), "oblast", Actual.PAID) == []


def test_the_accounts_behind_a_figure_are_for_who_reads_the_books(oblast: Oblast) -> None:
    at = oblast.at("lyceum")

    def behind(scope: Scope) -> list[tuple[str, str | None, int]]:
        found = uow.read(
            oblast.engine, scope, lambda u: queries.turnovers(u.connection, scope, [at], [2026], Actual.PAID)
        )
        return [(each.account, each.against, each.actual_tiyn) for each in found]

    reader = planner(oblast, "oblast")
    assert behind(reader) == []
    assert behind(replace(reader, reads=frozenset({at}))) == [("1091", None, 10000), ("1091", "1010", -3000)]
