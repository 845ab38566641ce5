"""Data packages: what is loaded, what of it nobody has verified, and a new edition looked at before it is taken."""

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visit, Visitor
from erp.base.clock import today
from erp.base.errors import Conflict, RuleViolated
from erp.base.uow import UnitOfWork
from erp.reference.access.model import Permission
from erp.reference.calendar import service as calendar
from erp.reference.calendar.model import Disagreement
from erp.reference.calendar.rules import CalendarUnknown
from erp.reference.packages import service
from erp.reference.packages.model import Change, Content, LoadedPackage
from erp.reference.packages.rules import PackageInvalid
from web.faults import Refusal, fault_sheet
from web.pages import Ask, render
from web.session import Sent
from web.timeline import History, history

_SEE = {"policy": Permission.SYSTEM_READ}
_LOAD = {"policy": Permission.PACKAGES_MANAGE}
_SHOWN = 500  # rows of a list of differences

Uploaded = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]
Name = FromPath[str]


@get("/admin/packages", opt=_SEE, sync_to_thread=True)
def packages(request: Ask, visit: Visitor) -> Response[str]:
    return _list(request, visit)


@get("/admin/packages/{name:str}", opt=_SEE, sync_to_thread=True)
def package(request: Ask, visit: Visitor, name: Name) -> Response[str]:
    def read(uow: UnitOfWork) -> tuple[list[LoadedPackage], list[Any], list[Disagreement], History]:
        loadings = service.history(uow, name)
        if not loadings:
            raise NotFoundException
        differing = _differing(uow) if Content.HOLIDAYS in loadings[0].contents else []
        past = history(request, uow, f"/admin/packages/{name}", f"package:{name}")
        return loadings, service.unverified(uow, loadings[0]), differing, past

    loadings, unverified, differing, past = visit.read(read)
    return render(
        request, "admin/package.html", section="packages", package=loadings[0], loadings=loadings,
        unverified=unverified, differing=differing, history=past,
    )  # fmt: skip


def _differing(uow: UnitOfWork) -> list[Disagreement]:
    """Days of this year and the next on which the library says otherwise."""
    try:
        return [each for year in (today().year, today().year + 1) for each in calendar.disagreements(uow, year)]
    except CalendarUnknown:
        return []


@post("/admin/packages/offers", opt=_LOAD, sync_to_thread=True)
def offer(request: Ask, visit: Visitor, data: Uploaded) -> Response[Any]:
    """Keep a package that was sent, and show what it would change."""
    sent = data.get("archive")
    archive = sent.file.read() if isinstance(sent, UploadFile) else b""
    try:
        digest = visit.run(lambda uow: service.offer(uow, archive))
    except (RuleViolated, Conflict) as refusal:
        return _list(request, visit, refusal)
    return Redirect(f"/admin/packages/offers/{digest}", status_code=303)


@get("/admin/packages/offers/{digest:str}", opt=_LOAD, sync_to_thread=True)
def offered(request: Ask, visit: Visitor, digest: FromPath[str]) -> Response[str]:
    try:
        preview = visit.read(lambda uow: service.offered(uow, digest))
    except Conflict as refusal:
        return _list(request, visit, refusal)
    return render(
        request,
        "admin/package_offer.html",
        section="packages",
        preview=preview,
        package=preview.package,
        shown=preview.differences[:_SHOWN],
        counts={change.value: preview.count(change) for change in Change},
        address=f"/admin/packages/offers/{digest}",
    )


@post("/admin/packages/offers/{digest:str}", opt=_LOAD, sync_to_thread=True)
def take(request: Ask, visit: Visitor, digest: FromPath[str], data: Sent) -> Response[Any]:
    """Load what was looked at."""
    try:
        loaded = visit.run(lambda uow: service.take(uow, digest))
    except Conflict as refusal:
        return _list(request, visit, refusal)
    return Redirect(f"/admin/packages/{loaded.name}", status_code=303)


def _list(request: Ask, visit: Visit, refusal: Refusal | None = None) -> Response[str]:
    problems = refusal.problems if isinstance(refusal, PackageInvalid) else ()
    return render(
        request,
        "admin/packages.html",
        section="packages",
        status=status_of(refusal) if refusal else 200,
        packages=visit.read(service.packages),
        summary=[] if problems else fault_sheet(refusal, visit.language).summary,
        problems=problems[:50],
    )


routes = [packages, package, offer, offered, take]
