"""Where an administrator begins."""

from litestar import Response, get

from api.security import Visitor
from erp.reference.access.model import Permission
from web.pages import Ask, render


@get("/admin", opt={"policy": Permission.SYSTEM_READ}, sync_to_thread=True)
def overview(request: Ask, visit: Visitor) -> Response[str]:
    return render(request, "admin/overview.html", section="overview")


routes = [overview]
