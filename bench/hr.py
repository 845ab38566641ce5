# ruff: noqa: E501  (statements)
"""What human resources and an employee wait for: everybody's days of leave on a day, and what a leave would mean."""

from collections.abc import Iterator
from datetime import date
from uuid import uuid4

from sqlalchemy import Engine, text

from bench.measure import Figure, duration, timed
from erp.base import uow
from erp.base.db import make_engine
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.base.vault import Vault
from erp.hr.leave import service
from erp.hr.leave.schemas import GrantYears, LeaveWanted
from erp.hr.personnel import service as personnel
from erp.hr.personnel.schemas import AppointmentContent, Hire, NameContent
from erp.hr.staffing import service as staffing
from erp.hr.staffing.model import StaffGroup
from erp.hr.staffing.schemas import PostContent, RecordPost, RecordUnit, UnitContent
from erp.reference.packages import service as packages
from ledger.model import Actor
from qazyna.migrate import upgrade
from qazyna.postgres import EmbeddedPostgres, temporary_data

PEOPLE = 100_000
YEARS = 6
"""Working years of each, every one given and used in two parts."""
_AT, _SINCE, _DAY, _UNIT = 1, date(2020, 1, 6), date(2026, 11, 22), 30
_ROUNDS = 7

_ORGANISATION = """
    INSERT INTO reference_organisation (code, kind, name_kk, name_ru, name_en)
    VALUES ('120540000099', 'institution', 'bench', 'bench', 'bench')
"""
# Who decides on a request; the actor asks.
_HEAD = """
    WITH head AS (INSERT INTO reference_user (login, name, password_hash) VALUES ('head', 'head', '') RETURNING id)
    INSERT INTO reference_role_grant (user_id, role, organisation_id) SELECT id, 'hr_head', :at FROM head RETURNING user_id
"""

# Straight into the tables, past their guards: what is measured is reading.
_LEDGER = (
    "SET LOCAL session_replication_role = replica",
    "INSERT INTO hr_person (user_id) SELECT NULL FROM generate_series(1, :people)",
    """INSERT INTO hr_leave_movement (organisation_id, person_id, act, year_start, effective_on, centidays, norm, request_id,
                                       actor_id, origin)
       SELECT :at, p, m.act, y.start, y.start + m.later, m.centidays, m.norm, 2 * p + m.request, 0, 'bench'
         FROM generate_series(:first, :first + :people - 1) p
        CROSS JOIN LATERAL (SELECT make_date(2026 - n, 1 + p % 12, 1 + p % 28) AS start, n FROM generate_series(0, :years - 1) n) y
        CROSS JOIN (VALUES ('grant', 0, 3000, 'ANNUAL_CS', NULL), ('use', 90, -1400, NULL, 1), ('use', 200, -1400, NULL, 2))
                   AS m(act, later, centidays, norm, request)
        ORDER BY y.n DESC, p""",
)
_ONE_BY_ONE = """
    SELECT sum(centidays) FROM hr_leave_movement WHERE organisation_id = :at AND person_id = :person AND effective_on <= :day
"""
_SAMPLE = 500


def figures() -> Iterator[Figure]:
    """In a database of its own; the baseline of balances asks person by person, that of the preview is a plain day."""
    with temporary_data("qazyna-bench-") as folder, EmbeddedPostgres(folder) as postgres:
        upgrade(postgres.url())
        owner = make_engine(postgres.url(), role=None, pool=1, timeouts=False)
        with owner.begin() as connection:
            packages.load_shipped(connection, system_scope())
            connection.execute(text(_ORGANISATION))
            head = connection.execute(text(_HEAD), {"at": _AT}).scalar_one()
        engine = make_engine(postgres.url(), pool=2, timeouts=False)
        person = uow.run(engine, system_scope(_AT), _settle)
        first = person + _UNIT
        with owner.begin() as connection:
            said = {"people": PEOPLE, "years": YEARS, "at": _AT, "first": first}
            for statement in _LEDGER:
                connection.execute(text(statement), said if ":" in statement else {})
        with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (ANALYZE)"))
        yield _balances(engine, first)
        yield _preview(engine, person, asker=head + 1)
        engine.dispose()
        owner.dispose()


def _balances(engine: Engine, first: int) -> Figure:
    scope = Scope(Actor(1, "bench"), staff=frozenset({_AT}))

    def one_by_one(u: UnitOfWork) -> None:
        for person in range(first, first + _SAMPLE):
            u.execute(text(_ONE_BY_ONE), {"at": _AT, "person": person, "day": _DAY})

    def all_at_once(u: UnitOfWork) -> None:
        assert len(service.balances(u, _AT, _DAY)) >= PEOPLE

    seconds = [timed(lambda: uow.read(engine, scope, all_at_once)) for _ in range(_ROUNDS)]
    baseline = [timed(lambda: uow.read(engine, scope, one_by_one)) * PEOPLE / _SAMPLE for _ in range(3)]
    note = (
        f"days of leave of {PEOPLE:,} people on a day from {PEOPLE * YEARS * 3:,} movements, with row-level security, as"
        f" objects; aim 1 s; baseline: a query a person, from {_SAMPLE}"
    )
    return duration("leave.balances.100k", seconds, baseline, note)


def _preview(engine: Engine, person: int, asker: int) -> Figure:
    scope = Scope(Actor(asker, "bench"), staff=frozenset({_AT}), keeps=frozenset({_AT}))

    def look(first: date, last: date) -> float:
        wanted = LeaveWanted(kind="ANNUAL", first=first, last=last)
        return timed(lambda: uow.read(engine, scope, lambda u: service.preview(u, _AT, person, wanted)))

    for _ in range(3):
        look(_DAY, _DAY)
    baseline = [look(date(2027, 2, 1), date(2027, 2, 1)) for _ in range(_ROUNDS)]
    seconds = [look(date(2027, 3, 8), date(2027, 4, 10)) for _ in range(_ROUNDS)]
    note = f"what a leave of a month at Nauryz would mean, in a unit of {_UNIT}; aim 100 ms; baseline: a leave of a day"
    return duration("leave.preview", seconds, baseline, note)


def _settle(u: UnitOfWork) -> int:
    """A unit with people in it, who have their working years; returns the first of them."""
    told = dict.fromkeys(("name_kk", "name_ru", "name_en"), "bench")
    dated = {"since": _SINCE, "reason": "bench"}
    unit = staffing.begin_unit(u, _AT, RecordUnit(key=uuid4(), **dated, content=UnitContent(**told)))
    titles = dict.fromkeys(("title_kk", "title_ru", "title_en"), "bench")
    content = PostContent(unit_id=unit, **titles, staff_group=StaffGroup.CIVIL_SERVANT, percent=100 * _UNIT)
    post = staffing.begin_post(u, _AT, RecordPost(key=uuid4(), **dated, content=content))
    hired = [
        Hire(
            key=uuid4(),
            **dated,
            name=NameContent(family="Bench", given=str(n)),
            appointment=AppointmentContent(staff_unit_id=post),
        )
        for n in range(_UNIT)
    ]
    people = personnel.hire_many(u, Vault.fresh(), _AT, hired)
    service.grant_years(u, _AT, GrantYears(day=_DAY))
    return people[0]
