"""How the system stands: versions, the database, seals, backups, workers, settings."""

from dataclasses import dataclass
from typing import Any

from litestar import Response, get

from api.health import Copies, program_of
from api.security import Visitor
from erp.base import state
from erp.base.clock import now
from erp.base.state import Queue, State, Worker
from erp.base.uow import UnitOfWork
from erp.reference.access.model import Permission
from web.pages import Ask, render

_LATE = 60
"""Seconds after which a seal, or a word of a worker, is late."""


@dataclass(frozen=True)
class Standing:
    state: State
    queues: list[Queue]
    workers: list[Worker]


@get("/admin/health", opt={"policy": Permission.SYSTEM_READ}, sync_to_thread=True)
def health(request: Ask, visit: Visitor) -> Response[str]:
    program = program_of(request)
    standing = visit.read(_standing)
    copies: Copies | None = program.copies() if program.copies else None
    return render(request, "admin/health.html", section="health", program=program, copies=copies, **_shown(standing))


def _standing(uow: UnitOfWork) -> Standing:
    return Standing(state.state(uow.connection), state.queues(uow.connection), state.workers(uow.connection))


def _shown(standing: Standing) -> dict[str, Any]:
    at = now()
    lag = round(standing.state.seal_lag(at))
    return {
        "state": standing.state,
        "queues": standing.queues,
        "workers": [(each, (at - each.last_heartbeat).total_seconds() > _LATE) for each in standing.workers],
        "lag": lag,
        "seals_are_late": lag > _LATE,
    }


routes = [health]
