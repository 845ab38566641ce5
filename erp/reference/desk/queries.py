"""Of the scope's actor alone: row-level security is the second witness."""

from collections.abc import Collection

from sqlalchemy import Connection, text

from erp.base.scope import Scope
from erp.reference.desk.model import Density, DeskSettings


def settings(connection: Connection, scope: Scope) -> DeskSettings:
    row = connection.execute(
        text("SELECT density, single_keys, tour_shown FROM base_desk WHERE user_id = :user"), {"user": scope.actor.id}
    ).one_or_none()
    return DeskSettings(Density(row.density), row.single_keys, row.tour_shown) if row else DeskSettings()


def keep(connection: Connection, scope: Scope, chosen: DeskSettings) -> None:
    connection.execute(
        text("""
            INSERT INTO base_desk (user_id, density, single_keys, tour_shown)
            VALUES (:user, :density, :single_keys, :tour_shown)
            ON CONFLICT (user_id) DO UPDATE
               SET density = excluded.density, single_keys = excluded.single_keys, tour_shown = excluded.tour_shown
        """),
        {
            "user": scope.actor.id,
            "density": chosen.density.value,
            "single_keys": chosen.single_keys,
            "tour_shown": chosen.tour_shown,
        },
    )


def steps_taken(connection: Connection, scope: Scope) -> frozenset[str]:
    rows = connection.execute(text("SELECT step FROM base_tour_step WHERE user_id = :user"), {"user": scope.actor.id})
    return frozenset(rows.scalars())


def take_steps(connection: Connection, scope: Scope, steps: Collection[str]) -> None:
    connection.execute(
        text("""
            INSERT INTO base_tour_step (user_id, step) SELECT :user, unnest(CAST(:steps AS text[]))
            ON CONFLICT DO NOTHING
        """),
        {"user": scope.actor.id, "steps": sorted(steps)},
    )


def untake_step(connection: Connection, scope: Scope, step: str) -> None:
    connection.execute(
        text("DELETE FROM base_tour_step WHERE user_id = :user AND step = :step"),
        {"user": scope.actor.id, "step": step},
    )
