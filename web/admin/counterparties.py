"""A counterparty that several institutions use gets another name: what is everybody's, who stands on top changes."""

from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from api.security import Visit, Visitor
from erp.base.errors import Invalid, NotFound
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.reference.access.model import Permission
from erp.reference.counterparties import service
from erp.reference.counterparties.rules import CodeInvalid
from erp.reference.counterparties.schemas import RenameCounterparty
from web.pages import Ask, query_of
from web.session import Sent
from web.sheets import Field, Sheet, Typed, done, send, show

_MANAGE = {"policy": Permission.ORGANISATIONS_MANAGE}
_HOME = "/admin/counterparties"


@get(_HOME, opt=_MANAGE, sync_to_thread=True)
def rename_page(request: Ask, visit: Visitor) -> Response[str]:
    return show(request, _sheet(query_of(request).get("code", "")[:20]))


@post(_HOME, opt=_MANAGE, sync_to_thread=True)
def rename_counterparty(request: Ask, visit: Visitor, data: Sent) -> Response[Any]:
    def rename(visit: Visit, typed: Typed) -> Redirect:
        code, ru, kk = typed.text("code"), typed.text("name_ru"), typed.text("name_kk")
        typed.check()

        def act(uow: UnitOfWork) -> None:
            try:
                known = service.body(uow, code)
            except (CodeInvalid, NotFound) as fault:
                raise Invalid({"code": fault}) from fault
            names = RenameCounterparty(
                version=known.version, name_ru=ru[:300], name_kk=kk[:300], name_en=data.get("name_en", "")[:300]
            )
            service.rename(uow, None, known.code, names)

        visit.run(act)
        return done(_HOME)

    return send(request, data, lambda _: _sheet(), rename)


def _sheet(code: str = "") -> Sheet:
    return Sheet(
        N_("Name of a counterparty"),
        N_("Save"),
        "/admin",
        (
            Field("code", N_("BIN"), value=code),
            Field("name_ru", N_("Name in Russian")),
            Field("name_kk", N_("Name in Kazakh")),
            Field("name_en", N_("Name in English"), required=False),
        ),
        lead=N_(
            "An institution renames what it alone uses. What several use is renamed here; each finds it in its trail."
        ),
        section="counterparties",
    )


routes = [rename_page, rename_counterparty]
