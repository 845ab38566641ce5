"""The dated tree: nothing stands above itself, no day has two truths, nothing that was is lost."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from erp.base import uow
from erp.base.clock import today
from erp.base.errors import DomainError
from erp.reference.access.model import Permission
from erp.reference.organisations import service
from erp.reference.organisations.model import Names, OrganisationKind
from tests.factories.oblast import SINCE, Oblast, a_bin, an_oblast

DAY = today()
NAMES = Names("а", "б", "c")


@pytest.fixture(scope="module")
def oblast(shared_database: str) -> Iterator[Oblast]:
    oblast = an_oblast(shared_database)
    yield oblast
    oblast.engine.dispose()


def act(oblast: Oblast, login: str, command: Callable[[uow.UnitOfWork], Any]) -> Any:
    return oblast.act(login, command, DAY, Permission.ORGANISATIONS_MANAGE)


def refused(oblast: Oblast, login: str, command: Callable[[uow.UnitOfWork], Any]) -> str:
    with pytest.raises(DomainError) as refusal:
        act(oblast, login, command)
    return refusal.value.code


def add(oblast: Oblast, number: int, parent: str, **changes: Any) -> Callable[[uow.UnitOfWork], int]:
    facts = {"code": a_bin(number), "kind": OrganisationKind.INSTITUTION, "names": NAMES, "since": DAY} | changes
    return lambda u: service.add_organisation(
        u, facts["code"], facts["kind"], facts["names"], oblast.at(parent), facts["since"]
    )


def test_an_organisation_is_added_only_below_what_is_administered(oblast: Oblast) -> None:
    assert refused(oblast, "keeper", add(oblast, 500, "roads")) == "organisation-not-administered"
    assert refused(oblast, "keeper", add(oblast, 500, "education", kind=OrganisationKind.OBLAST)) == "kind-out-of-place"
    for unseen in (" ", "\u200b\u200b"):
        assert refused(oblast, "keeper", add(oblast, 500, "education", names=Names("а", unseen, "c"))) == (
            "organisation-name-missing"
        )
    before = SINCE - timedelta(days=1)
    assert refused(oblast, "keeper", add(oblast, 500, "education", since=before)) == "organisation-closed"
    added = act(oblast, "keeper", add(oblast, 500, "education"))
    assert added in oblast.identity("keeper", DAY).roles


@pytest.mark.parametrize("code", ["", "12054000002", "1205400000210", "120540000022", "12054000002x", "900101300017"])
def test_what_is_no_bin_is_refused(oblast: Oblast, code: str) -> None:
    assert refused(oblast, "root", add(oblast, 0, "roads", code=code)) == "bin-invalid"


def test_names_of_each_day_are_kept(oblast: Oblast) -> None:
    lyceum, first, second = oblast.at("lyceum"), date(2024, 9, 1), date(2026, 1, 1)
    act(oblast, "keeper", lambda u: service.rename(u, lyceum, Names("1", "1", "First"), first))
    act(oblast, "keeper", lambda u: service.rename(u, lyceum, Names("2", "2", "Second"), second))
    act(oblast, "keeper", lambda u: service.rename(u, lyceum, Names("2", "2", "Corrected"), second))
    assert refused(oblast, "keeper", lambda u: service.rename(u, lyceum, NAMES, first)) == "changed-later"
    called = {
        day: act(oblast, "keeper", lambda u: service.by_ids(u, [lyceum], day)[lyceum].name_en)  # noqa: B023
        for day in (date(2024, 8, 31), first, date(2025, 12, 31), second)
    }
    assert list(called.values()) == ["Lyceum", "First", "First", "Corrected"]


def test_nothing_stands_above_itself_on_any_day(oblast: Oblast) -> None:
    education, school, state = oblast.at("education"), oblast.at("school"), oblast.at("state")
    assert refused(oblast, "root", lambda u: service.move(u, education, school, DAY)) == "stands-above-itself"
    assert refused(oblast, "root", lambda u: service.move(u, education, education, DAY)) == "stands-above-itself"
    assert refused(oblast, "root", lambda u: service.move(u, state, oblast.at("oblast"), DAY)) == "above-administered"

    def past_the_service(u: uow.UnitOfWork) -> None:
        u.execute(
            text("""INSERT INTO reference_organisation_link (child_id, parent_id, in_force)
                    VALUES (:state, :school, '[2026-01-01,)')"""),
            {"state": state, "school": school},
        )

    with pytest.raises(IntegrityError, match="would stand above itself"):
        oblast.by_program(past_the_service)


def test_roles_follow_a_move_from_its_day(oblast: Oblast) -> None:
    moved = act(oblast, "root", add(oblast, 600, "roads", since=date(2025, 1, 1)))
    tomorrow = DAY + timedelta(days=1)
    act(oblast, "root", lambda u: service.move(u, moved, oblast.at("education"), tomorrow))
    assert [moved in oblast.identity("keeper", day).roles for day in (DAY, tomorrow)] == [False, True]


def test_an_office_keeps_books_from_a_day_and_then_another(oblast: Oblast) -> None:
    lyceum, office, school = oblast.at("lyceum"), oblast.at("office"), oblast.at("school")
    assert refused(oblast, "keeper", lambda u: service.set_office(u, lyceum, None, DAY)) == "not-served"
    assert refused(oblast, "keeper", lambda u: service.set_office(u, lyceum, lyceum, DAY)) == "serves-itself"
    tomorrow, later = DAY + timedelta(days=1), DAY + timedelta(days=30)
    act(oblast, "keeper", lambda u: service.set_office(u, lyceum, school, tomorrow))
    act(oblast, "keeper", lambda u: service.set_office(u, lyceum, office, tomorrow))
    act(oblast, "keeper", lambda u: service.set_office(u, lyceum, None, later))
    reached = [lyceum in oblast.identity("chief", day).roles for day in (DAY, tomorrow, later)]
    assert reached == [False, True, False]
    history = act(oblast, "keeper", lambda u: service.history(u, lyceum, DAY))
    assert [(o.other_id, o.since, o.until) for o in history.offices] == [(office, tomorrow, later)]


def test_a_closed_organisation_is_still_read_from_above_and_given_no_role(oblast: Oblast) -> None:
    closed = act(oblast, "root", add(oblast, 700, "roads", since=date(2025, 1, 1)))
    act(oblast, "root", lambda u: service.close(u, closed, DAY))
    assert closed in oblast.identity("inspector", DAY).roles
    assert closed not in {p.organisation.id for p in act(oblast, "root", lambda u: service.tree(u, DAY))}
    with pytest.raises(service.OrganisationClosed):
        act(oblast, "root", lambda u: service.require_open(u, closed, DAY))
    assert refused(oblast, "root", lambda u: service.rename(u, closed, NAMES, DAY)) == "organisation-closed"
    assert refused(oblast, "root", lambda u: service.close(u, oblast.at("education"), DAY)) == "stands-above-others"
    assert refused(oblast, "root", lambda u: service.close(u, oblast.at("office"), DAY)) == "serves-others"
    with pytest.raises(IntegrityError, match="stands above others"):
        oblast.by_program(
            lambda u: u.execute(
                text("UPDATE reference_organisation SET in_force = daterange(lower(in_force), :day) WHERE id = :id"),
                {"day": DAY, "id": oblast.at("education")},
            )
        )


def test_a_move_entered_for_a_day_that_has_passed_is_told_with_that_day(oblast: Oblast) -> None:
    """Orders are signed later than they take effect; who entered it, and from which day, stands in the trail."""
    moved, since = act(oblast, "root", add(oblast, 900, "roads", since=date(2022, 1, 1))), date(2023, 5, 1)
    act(oblast, "root", lambda u: service.move(u, moved, oblast.at("education"), since))
    told = oblast.by_program(
        lambda u: u.execute(
            text(
                "SELECT actor_id, facts ->> 'since', before ->> 'parent', after ->> 'parent' FROM base_audit_event"
                " WHERE action = 'organisation-moved' AND subject = :subject AND at > clock_timestamp() - interval '1h'"
            ),
            {"subject": f"organisation:{moved}"},
        ).one()
    )
    places = (str(oblast.at("roads")), str(oblast.at("education")))
    assert tuple(told) == (oblast.users["root"], "2023-05-01", *places)
