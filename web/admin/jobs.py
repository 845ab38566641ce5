"""Jobs and letters of the people that an administrator manages: how they stand, not what they are about."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visitor
from erp.base.errors import Conflict
from erp.reference.access.model import Permission
from erp.reference.jobs import service
from erp.reference.mail import service as mail
from web.faults import Refusal, fault_sheet
from web.jobs import STATES, below, kind_name, ordered
from web.pages import Ask, query_of, render, visit_of
from web.session import Sent

_MANAGE = {"policy": Permission.USERS_MANAGE}
_A_PAGE = 50


@get("/admin/jobs", opt=_MANAGE, sync_to_thread=True)
def jobs(request: Ask, visit: Visitor) -> Response[str]:
    return _page(request)


@post("/admin/jobs/{job_id:int}", opt=_MANAGE, sync_to_thread=True)
def order(request: Ask, visit: Visitor, job_id: FromPath[int], data: Sent) -> Response[Any]:
    what = ordered(data)
    try:
        visit.run(lambda u: service.order_any(u, job_id, what))
    except Conflict as refusal:
        return _page(request, refusal)
    return Redirect("/admin/jobs", status_code=303)


@post("/admin/letters/{mail_id:int}", opt=_MANAGE, sync_to_thread=True)
def revive(visit: Visitor, mail_id: FromPath[int]) -> Redirect:
    """Have a letter that was given up tried anew."""
    visit.run(lambda u: mail.revive(u, mail_id))
    return Redirect("/admin/jobs#letters", status_code=303)


def _page(request: Ask, refusal: Refusal | None = None) -> Response[str]:
    visit = visit_of(request)
    after = below(query_of(request).get("below", ""))
    found, outbox, dead = visit.read(
        lambda u: (service.all_jobs(u, below=after, limit=_A_PAGE + 1), mail.outbox(u), mail.dead_letters(u, _A_PAGE))
    )
    shown = found[:_A_PAGE]
    return render(
        request,
        "admin/jobs.html",
        status=status_of(refusal) if refusal else 200,
        here="/admin/jobs",
        section="jobs",
        jobs=shown,
        kind_name=lambda kind: kind_name(kind, visit.language),
        states=STATES,
        next_url=f"/admin/jobs?below={shown[-1].id}" if len(found) > _A_PAGE else "",
        outbox=outbox,
        dead=dead,
        summary=fault_sheet(refusal, visit.language).summary,
    )


routes = [jobs, order, revive]
