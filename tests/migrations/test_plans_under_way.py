"""A scenario and a plan's file that were under way before schemas 0055 and 0056 are gone on with after them."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine

from erp.base import uow
from erp.base.scope import Scope
from erp.economy.pivot import service as pivot
from erp.economy.plans import service as plans
from erp.economy.scenarios import service
from erp.economy.scenarios.schemas import SaveScenario
from ledger.model import Actor
from qazyna.migrate import configuration, upgrade
from tests.conftest import TestServer

ROWS = """
    SET session_replication_role = replica;
    INSERT INTO reference_organisation (code, kind, name_kk, name_ru, name_en)
        VALUES ('000000000001', 'oblast', 'a', 'b', 'c');
    INSERT INTO reference_user (login, name, password_hash, in_force) VALUES ('planner', 'Planner', '', '{(,)}');
    INSERT INTO economy_plan (organisation_id, key, name, base_year, first_year, last_year, author_id)
        VALUES (1, gen_random_uuid(), 'Plan', 2026, 2027, 2027, 1);
    INSERT INTO economy_leaf (organisation_id, plan_id, section, budget_id, institution_id, programme, economic, source,
                              region)
        VALUES (1, 1, 'revenue', 1, 1, '', '101201', '', '');
    INSERT INTO economy_version (organisation_id, plan_id, key, parent_id, parent_edits, kind, name, reason, author_id,
                                 edits, edited_at)
        VALUES (1, 1, gen_random_uuid(), NULL, NULL, 'base', 'Base', 'Base', 1, 1, now()),
               (1, 1, gen_random_uuid(), 1, 1, 'scenario', 'Scenario', 'What if', 1, 3, now());
    INSERT INTO economy_edit (organisation_id, plan_id, version_id, no, key, content_hash, author_id, at, reason,
                              undoes, cells)
        VALUES (1, 1, 1, 1, gen_random_uuid(), '', 1, '2026-11-01 09:00Z', 'Base', NULL, 1),
               (1, 1, 2, 1, gen_random_uuid(), '', 1, '2026-11-01 10:00Z', 'Twice as much', NULL, 1),
               (1, 1, 2, 2, gen_random_uuid(), '', 1, '2026-11-01 12:00Z', 'Thrice as much', NULL, 1),
               (1, 1, 2, 3, gen_random_uuid(), '', 1, '2026-11-01 13:00Z', 'Not so', 2, 1);
    INSERT INTO economy_cell (organisation_id, plan_id, version_id, leaf_id, year, edit_no, until_no, amount_tiyn)
        VALUES (1, 1, 1, 1, 2027, 1, 2147483647, 500), (1, 1, 2, 1, 2027, 1, 2, 1000), (1, 1, 2, 1, 2027, 2, 3, 1500),
               (1, 1, 2, 1, 2027, 3, 2147483647, 1000);
    INSERT INTO economy_model (organisation_id, hash, name, edition, source, confidence, body, written_by)
        SELECT 1, sha256(convert_to(body, 'UTF8')), 'Own', '', '', 'own', body, 1
          FROM unnest(ARRAY['', ' * 2', ' * 2 # twice', ' * 3']) WITH ORDINALITY s(said, no),
               concat(E'input base: KZT\\nmeasure amount: KZT = base', said) body ORDER BY no;
    INSERT INTO economy_scenario (organisation_id, plan_id, version_id, revision, key, model_id, edit_no, uncertainty,
                                  reason, saved_by, saved_at)
        VALUES (1, 1, 2, 1, gen_random_uuid(), 1, NULL, '{}', 'What if', 1, '2026-11-01 09:30Z'),
               (1, 1, 2, 2, gen_random_uuid(), 2, 1, '{}', 'Twice as much', 1, '2026-11-01 10:00Z'),
               (1, 1, 2, 3, gen_random_uuid(), 3, NULL, '{}', 'No figure moves', 1, '2026-11-01 11:00Z'),
               (1, 1, 2, 4, gen_random_uuid(), 4, 2, '{}', 'Thrice as much', 1, '2026-11-01 12:00Z');
    INSERT INTO economy_intake (organisation_id, owner_id, key, plan_id, version_id, name, brought, mended)
        VALUES (1, 1, gen_random_uuid(), 1, 2, 'plan.csv',
                '[[1, "Specific", "2027"], [2, "101201", "many"], [3, "999", "1"]]', '{"B2": "7", "3": null}');
"""


@pytest.fixture
def empty(server: TestServer) -> Iterator[str]:
    url = server.empty_database()
    yield url
    server.drop_database(url)


def test_a_scenario_and_a_file_under_way_are_gone_on_with_after_the_upgrade(empty: str) -> None:
    """Revisions with an edit, without one as once where no figure moved, and with one that was undone."""
    command.upgrade(configuration(empty), "0051")
    with psycopg.connect(empty.replace("postgresql+psycopg://", "postgresql://", 1)) as connection:
        connection.execute(ROWS.encode())
    upgrade(empty)
    here, engine = frozenset({1}), create_engine(empty)
    scope = Scope(Actor(1, "test"), plans=here, edits=here)

    def saved(formulas: str) -> int:
        asked = SaveScenario(key=uuid4(), assumptions={}, formulas=formulas, reason="Saved since")
        seen = uow.read(engine, scope, lambda u: service.scenario(u, 1, 1, 2)).revision.revision
        return uow.run(engine, scope, lambda u: service.save(u, 1, 1, 2, seen, asked)).revision

    def undone(no: int, edits: int) -> None:
        uow.run(engine, scope, lambda u: plans.undo(u, 1, 1, 2, no, "Not so", expected_edits=edits, key=uuid4()))

    def in_force() -> tuple[int, int | None]:
        found = uow.read(engine, scope, lambda u: service.scenario(u, 1, 1, 2))
        assert found.figures(found.saved).cells.same_as(found.own)
        return found.revision.revision, found.own.get(1, 2027)

    assert in_force() == (3, 1000), "saved without an edit, by its time"
    assert saved("input base: KZT\nmeasure amount: KZT = base * 4") == 5
    assert in_force() == (5, 2000)
    undone(4, 4)
    assert in_force() == (3, 1000)
    intake = uow.read(engine, scope, lambda u: pivot.intake(u, 1, 1))
    _, checked = uow.read(engine, scope, lambda u: pivot.check(u, intake))
    assert [line.kind for line in checked.lines] == ["head", "line", "left"]
    assert [each.amount_tiyn for each in checked.changes] == [700]
    engine.dispose()
