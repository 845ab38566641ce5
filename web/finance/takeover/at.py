"""Any page of a takeover: whose it is, how it is read, and what follows where an act is refused."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, TypeVar

from litestar import Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import PathParameter
from litestar.response import Redirect
from pydantic import BaseModel

from api.problems import status_of
from api.security import Visit
from erp.base.clock import now
from erp.base.errors import Conflict, Invalid, NotFound, RuleViolated
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.finance.takeover import service
from erp.finance.takeover.mapping.model import Why
from erp.reference.access.model import Permission
from ledger.errors import LedgerError
from web.faults import Refusal, fault_sheet
from web.forms import made
from web.i18n import Speech, speech
from web.pages import Ask, Id, organisation_at, query_of, render, visit_of
from web.tables.download import download
from web.tables.model import About, Table

IMPORT = {"policy": Permission.JOURNAL_IMPORT}
AGREE = {"policy": Permission.JOURNAL_APPROVE}
ALL = "/o/{organisation_id:int}/takeover"
ONE = ALL + "/{takeover_id:int}"
REFUSALS = (RuleViolated, Conflict, NotFound, LedgerError)
MOST_SHOWN = 300

TakeoverId = Annotated[int, PathParameter(ge=1, le=2_147_483_647)]
FileId = Annotated[int, PathParameter(ge=1, le=2_147_483_647)]
C = TypeVar("C", bound=BaseModel)
Told = tuple[Table, str, Sequence[tuple[str, str]]]
"""A table to download, its file's name, and facts told above it."""

WHY: dict[str, str] = {
    Why.SAME_CODE: N_("the same code"),
    Why.SAME_DIGITS: N_("the same digits"),
    Why.ABOVE: N_("the code begins with it"),
    Why.CORRESPONDENCE: N_("a recoding for everybody"),
    Why.NAME: N_("a similar name"),
    Why.EARLIER: N_("so in another takeover"),
    Why.CHOSEN: N_("chosen by hand"),
    "as-it-is": N_("as it is written"),
    "code-in-name": N_("the code in the name"),
    "number-in-name": N_("the number in the name"),
    "same-name": N_("the same name in their list"),
}


@dataclass(frozen=True)
class At:
    """A takeover whose page is asked for."""

    request: Ask
    organisation_id: int
    takeover_id: int

    @property
    def query(self) -> dict[str, str]:
        return query_of(self.request)

    @property
    def visit(self) -> Visit:
        return visit_of(self.request)

    @property
    def say(self) -> Speech:
        return speech(self.visit.language)

    @property
    def ids(self) -> tuple[int, int]:
        return self.organisation_id, self.takeover_id

    @property
    def home(self) -> str:
        return f"/o/{self.organisation_id}/takeover/{self.takeover_id}"

    def page(
        self,
        template: str,
        read: Callable[[UnitOfWork], Mapping[str, Any]],
        refusal: Refusal | None = None,
        **more: Any,
    ) -> Response[Any]:
        """A page of what one transaction reads, with the refusal that brought it back."""

        def whole(u: UnitOfWork) -> dict[str, Any]:
            found = service.takeover(u, *self.ids)
            return {"organisation": organisation_at(u), "takeover": found, **read(u)}

        sheet = fault_sheet(refusal, self.visit.language)
        return render(
            self.request,
            f"takeover/{template}.html",
            **self.visit.read(whole),
            **more,
            address=self.home,
            section="takeover",
            help_of="takeover",
            status=status_of(refusal) if refusal else 200,
            faults=sheet.by_field,
            summary=sheet.summary,
        )

    def act(
        self,
        command: Callable[[UnitOfWork], Any],
        to: str,
        again: Callable[["At", Refusal], Response[Any]],
        field: str = "",
    ) -> Response[Any]:
        """Do it and go on; where it is refused, the page ``again``, with the refusal told at ``field``."""
        try:
            self.visit.run(command)
        except REFUSALS as refusal:
            return again(self, _placed(refusal, field))
        return Redirect(f"{self.home}{to}", status_code=303)

    def table(self, form: str, make: Callable[[UnitOfWork], Told]) -> Response[Any]:
        """A table as a file."""

        def told(u: UnitOfWork) -> tuple[Table, About]:
            table, name, facts = make(u)
            organisation = organisation_at(u)
            whose = [("", organisation.name(self.say.language.value)), (self.say("BIN"), organisation.code)]
            return table, About([*whose, *facts], now(), name)

        return download(self.visit, form, told)


def _placed(refusal: Refusal, field: str) -> Refusal:
    """A refusal of what was typed stands beside its field.  Raises: NotFound, where a field is named."""
    if not field or isinstance(refusal, Invalid | Conflict):
        return refusal
    if isinstance(refusal, NotFound):
        raise refusal
    return Invalid({field: refusal})


def command_of(kind: type[C], field: str, **said: Any) -> C:
    """A command of what was typed.  Raises: Invalid, told at ``field``."""
    return made(kind, said, at=lambda _: field)


def _at(request: Ask, organisation_id: Id, takeover_id: TakeoverId) -> At:
    return At(request, organisation_id, takeover_id)


Here = NamedDependency[At]
"""The takeover whose page a handler answers, or whose form it takes."""
_HERE = {"at": Provide(_at, sync_to_thread=False)}
page = partial(get, opt=IMPORT, dependencies=_HERE, sync_to_thread=True)
form = partial(post, opt=IMPORT, dependencies=_HERE, sync_to_thread=True)
