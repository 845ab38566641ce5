"""Data packages under ``/api/v1``: what is loaded, what of it is not verified, a new edition beside it."""

from datetime import date, datetime
from typing import Annotated

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath
from pydantic import Field

from api.conventions import API, Page, View
from api.security import Visitor
from erp.base.uow import UnitOfWork
from erp.reference.access.model import Permission
from erp.reference.packages import model, service
from erp.reference.packages.schemas import OfferPackage

_SEE = {"policy": Permission.SYSTEM_READ}
_LOAD = {"policy": Permission.PACKAGES_MANAGE}
_PACKAGES = API + "/packages"

OfferBody = Annotated[
    OfferPackage,
    Body(examples=[Example(summary="A package", value={"files": {"package.toml": "name = …", "rows.csv": "code,…"}})]),
]


class PackageView(View):
    name: str = Field(examples=["chart_of_accounts"])
    edition: str = Field(examples=["2026-11"])
    title_kk: str
    title_ru: str
    title_en: str
    act: str = Field(description="The act that sets the rows.")
    valid_from: date | None
    valid_to: date | None = Field(description="The first day the edition no longer counts; null while it does.")
    contents: list[str] = Field(examples=[["accounts"]])
    sha256: str
    rows: int
    not_verified: int = Field(description="Rows that nobody has compared with the act.")
    loaded_at: datetime
    loaded_by: str | None = Field(description="Null where the program loaded it itself.")

    @classmethod
    def of(cls, p: model.LoadedPackage) -> "PackageView":
        return cls(
            name=p.name,
            edition=p.edition,
            title_kk=p.title_kk,
            title_ru=p.title_ru,
            title_en=p.title_en,
            act=p.act,
            valid_from=p.first,
            valid_to=p.last,
            contents=p.contents,
            sha256=p.sha256,
            rows=p.rows,
            not_verified=p.not_verified,
            loaded_at=p.loaded_at,
            loaded_by=p.loaded_by,
        )


class UnverifiedView(View):
    content: str = Field(examples=["accounts"])
    code: str
    name_kk: str
    name_ru: str
    name_en: str
    confidence: str = Field(description="`medium`: recalled; `low`: unsure.")
    source: str


class DifferenceView(View):
    content: str
    code: str
    change: str = Field(description="`added`, `changed` or `ended`.")
    fields: dict[str, tuple[str, str]] = Field(description="What changes: as it is, and as it would be.")


class OfferView(View):
    sha256: str = Field(description="Names the offer: take it under this.")
    name: str
    edition: str
    is_loaded: bool
    differences: list[DifferenceView]


class LoadedView(View):
    name: str
    edition: str
    rows: int
    not_verified: int
    is_new: bool = Field(description="False where this very package was in use already.")
    added: int
    changed: int
    ended: int


@get(_PACKAGES, opt=_SEE, sync_to_thread=True)
def list_packages(visit: Visitor) -> Page[PackageView]:
    """The packages in use, with their act, validity, and how much of them is not verified."""
    return Page(items=[PackageView.of(p) for p in visit.read(service.packages)], next=None)


@get(_PACKAGES + "/{name:str}/unverified", opt=_SEE, sync_to_thread=True)
def list_unverified(visit: Visitor, name: FromPath[str]) -> Page[UnverifiedView]:
    """Rows of a package that nobody has compared with the act."""

    def rows(uow: UnitOfWork) -> list[model.UnverifiedRow]:
        found = service.history(uow, name)
        if not found:
            raise NotFoundException
        return service.unverified(uow, found[0])

    return Page(
        items=[
            UnverifiedView(
                content=r.content, code=r.code, name_kk=r.name_kk, name_ru=r.name_ru, name_en=r.name_en,
                confidence=r.confidence, source=r.source,
            )
            for r in visit.read(rows)
        ],
        next=None,
    )  # fmt: skip


@post(_PACKAGES + "/offers", opt=_LOAD, sync_to_thread=True, status_code=201)
def offer_package(visit: Visitor, data: OfferBody) -> OfferView:
    """Keep a package for a day, and say what loading it would change.  Nothing is loaded."""

    def offer(uow: UnitOfWork) -> model.Preview:
        return service.offered(uow, service.offer_files(uow, data.contents))

    found = visit.run(offer)
    return OfferView(
        sha256=found.package.sha256,
        name=found.package.name,
        edition=found.package.edition,
        is_loaded=found.is_loaded,
        differences=[
            DifferenceView(content=d.content.value, code=d.code, change=d.change.value, fields=dict(d.fields))
            for d in found.differences
        ],
    )


@post(_PACKAGES + "/offers/{sha256:str}/take", opt=_LOAD, sync_to_thread=True, status_code=200)
def take_package(visit: Visitor, sha256: FromPath[str]) -> LoadedView:
    """Load what was offered: the registers become what it says, from its first day on."""
    done = visit.run(lambda u: service.take(u, sha256))
    return LoadedView(
        name=done.name,
        edition=done.edition,
        rows=done.rows,
        not_verified=done.not_verified,
        is_new=done.is_new,
        added=done.added,
        changed=done.changed,
        ended=done.closed,
    )


routes = [list_packages, list_unverified, offer_package, take_package]
