"""Series as they are published, and what an organisation expects of them: said, said anew, revised."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from erp.base.clock import today
from erp.base.uow import UnitOfWork
from erp.economy.macro import service
from erp.economy.macro.model import Series, Value
from erp.economy.macro.rules import SeriesUnknown
from erp.economy.macro.schemas import ExpectSeries
from tests.factories.plans import Planning

YEAR = 2040
"""No package says anything of it."""
_PUBLISH = text("""
    INSERT INTO reference_driver_value
           (code, series, unit, year, vintage, value, name_kk, name_ru, name_en, in_force, confidence, source)
    VALUES (CAST(:code AS text), :series, '%', :year, :vintage, :value, 'Қатар', 'Ряд', 'A series', '[2020-01-01,)',
            'verified', 'A bulletin')
""")


@pytest.fixture
def code(oblast: Planning, request: pytest.FixtureRequest) -> str:
    """A series of its own for each test, of which 5 is published for 2040 as of a month ago."""
    name: str = request.node.originalname
    publish(oblast, name, today() - timedelta(30), 5)
    return name


def publish(oblast: Planning, code: str, vintage: date, value: int) -> None:
    said = {"series": code, "year": YEAR, "vintage": vintage, "value": value, "code": f"{code}.{YEAR}.{vintage}"}
    oblast.oblast.by_program(lambda u: u.execute(_PUBLISH, said))


def expect(oblast: Planning, code: str, value: str, source: str = "Our own forecast", who: str = "planner") -> Series:
    command = ExpectSeries(values={YEAR: Decimal(value)}, source=source)
    return oblast.run(lambda u: service.expect(u, oblast.at, code, command), who)


def of_year(series: Series) -> tuple[Value, list[Decimal]]:
    """What counts, and every value there is."""
    return series.latest[YEAR], [each.value for each in series.values if each.year == YEAR]


def test_what_is_expected_counts_and_what_is_published_stays(oblast: Planning, code: str) -> None:
    told = expect(oblast, code, "7.5")
    counts, every = of_year(told)
    assert (counts.value, counts.is_own, counts.vintage, counts.said_by) == (Decimal("7.5"), True, today(), "Planner")
    assert every == [5, Decimal("7.5")]
    assert told.published[YEAR].value == 5


def test_saying_the_same_again_changes_nothing_and_otherwise_the_last_counts(oblast: Planning, code: str) -> None:
    first = expect(oblast, code, "75")
    assert expect(oblast, code, "75.0") == first
    counts, every = of_year(expect(oblast, code, "7.5"))
    assert (counts.value, every) == (Decimal("7.5"), [5, 75, Decimal("7.5")]), "a slip stays, and counts no more"
    counts, every = of_year(expect(oblast, code, "75"))
    assert (counts.value, len(every)) == (Decimal(75), 4), "one may come back to what was said first"
    counts, _ = of_year(expect(oblast, code, "75", "The ministry"))
    assert counts.source == "The ministry"


def test_a_later_revision_counts_over_what_was_expected_before_it(oblast: Planning, code: str) -> None:
    expect(oblast, code, "7")
    publish(oblast, code, today() - timedelta(1), 6)
    assert of_year(one(oblast, code))[0].value == 7, "it was expected today"
    publish(oblast, code, today() + timedelta(1), 4)
    counts, every = of_year(one(oblast, code))
    assert (counts.value, counts.is_own) == (Decimal(4), False)
    assert sorted(every) == [4, 5, 6, 7], "every vintage stays"


def test_another_organisation_expects_for_itself(oblast: Planning, code: str) -> None:
    expect(oblast, code, "7")
    school = oblast.oblast.at("school")
    (elsewhere,) = (each for each in oblast.read(lambda u: service.series(u, school)) if each.code == code)
    assert of_year(elsewhere)[1] == [5]


def test_the_trail_says_what_was_known_and_what_is_expected(oblast: Planning, code: str) -> None:
    expect(oblast, code, "7.50")
    expect(oblast, code, "100")
    expect(oblast, code, "100", "The ministry")

    def events(u: UnitOfWork) -> list[tuple[object, ...]]:
        said = text("""
            SELECT before, after, facts->>'basis' FROM base_audit_event
             WHERE subject = :subject ORDER BY id
        """)
        return [tuple(row) for row in u.execute(said, {"subject": f"series:{oblast.at}/{code}"})]

    year, why = str(YEAR), "Our own forecast"
    assert oblast.oblast.by_program(events) == [
        ({year: "5"}, {year: "7.5"}, why),
        ({year: "7.5"}, {year: "100"}, why),
        (None, None, "The ministry"),
    ]


def test_who_only_reads_expects_nothing_and_a_series_that_nobody_loads_is_none(oblast: Planning, code: str) -> None:
    with pytest.raises(ProgrammingError):
        expect(oblast, code, "7", who="inspector")
    with pytest.raises(SeriesUnknown):
        expect(oblast, "no_such", "7")
    assert of_year(one(oblast, code))[1] == [5]


def one(oblast: Planning, code: str) -> Series:
    return oblast.read(lambda u: service.one(u, oblast.at, code), "inspector")
