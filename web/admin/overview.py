"""Where an administrator begins: how people, packages, jobs and seals stand."""

from dataclasses import dataclass

from litestar import Response, get

from api.security import Visitor
from erp.base import state
from erp.base.clock import now, today
from erp.base.state import State
from erp.base.uow import UnitOfWork
from erp.reference.access import people
from erp.reference.access.model import PeopleCount, Permission
from erp.reference.jobs import service as jobs
from erp.reference.mail import service as mail
from erp.reference.mail.model import Outbox
from erp.reference.packages import service as packages
from erp.reference.packages.model import LoadedPackage
from web.pages import Ask, render


@dataclass(frozen=True)
class Overview:
    """``organisations`` are those that the administrator manages today."""

    people: PeopleCount
    organisations: int
    packages: list[LoadedPackage]
    failed_jobs: int
    outbox: Outbox
    state: State


@get("/admin", opt={"policy": Permission.USERS_MANAGE}, sync_to_thread=True)
def overview(request: Ask, visit: Visitor) -> Response[str]:
    seen = visit.read(_overview)
    return render(
        request,
        "admin/overview.html",
        section="overview",
        seen=seen,
        rows=sum(each.rows for each in seen.packages),
        not_verified=sum(each.not_verified for each in seen.packages),
        lag=round(seen.state.seal_lag(now())),
    )


def _overview(uow: UnitOfWork) -> Overview:
    return Overview(
        people.counted(uow, today()),
        len(uow.scope.administers),
        packages.packages(uow),
        jobs.failed(uow),
        mail.outbox(uow),
        state.state(uow.connection),
    )


routes = [overview]
