"""What a person is told of, and how else they want to be told."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visitor
from erp.base.errors import RuleViolated
from erp.base.i18n import Language
from erp.reference.access.model import Permission
from erp.reference.notifications import service
from erp.reference.notifications.model import Contact, Notification
from web.faults import Refusal, fault_sheet
from web.forms import tidy
from web.i18n import speech
from web.jobs import below
from web.pages import Ask, query_of, render, visit_of
from web.places import page_of
from web.session import Choice, Sent, choice_in, remember

_OWN = {"policy": Permission.IN_PERSON}
_A_PAGE = 50


@get("/notifications", opt=_OWN, sync_to_thread=True)
def notifications(request: Ask, visit: Visitor) -> Response[str]:
    return _page(request)


@get("/notifications/{notification_id:int}", opt=_OWN, sync_to_thread=True)
def follow(visit: Visitor, notification_id: FromPath[int]) -> Redirect:
    """To what it is about; it is read then."""
    found = visit.run(lambda u: service.open_one(u, notification_id))
    return Redirect(page_of(found.subject) or "/notifications", status_code=303)


@post("/notifications/read", opt=_OWN, sync_to_thread=True)
def read_all(visit: Visitor) -> Redirect:
    visit.run(service.read_all)
    return Redirect("/notifications", status_code=303)


@post("/notifications", opt=_OWN, sync_to_thread=True)
def set_contact(request: Ask, visit: Visitor, data: Sent) -> Response[Any]:
    typed = Contact(tidy(data.get("address", "")), data.get("by_mail") == "yes")
    if choice := choice_in(data):
        remember(visit, choice)
        return _page(request, typed=typed, choice=choice)
    try:
        visit.run(lambda u: service.set_contact(u, typed.address, by_mail=typed.by_mail))
    except RuleViolated as refusal:
        return _page(request, typed=typed, refusal=refusal)
    return Redirect("/notifications#contact", status_code=303)


def sentence(told: Notification, language: Language) -> str:
    say = speech(language)
    return say(told.sentence, **{**told.facts, "actor": told.actor or say("The program")})


def _page(
    request: Ask, *, typed: Contact | None = None, refusal: Refusal | None = None, choice: Choice | None = None
) -> Response[str]:
    visit, chosen = visit_of(request), choice or Choice()
    language = chosen.language or visit.language
    after = below(query_of(request).get("below", ""))
    found, contact = visit.read(lambda u: (service.own(u, below=after, limit=_A_PAGE + 1), service.contact(u)))
    shown = found[:_A_PAGE]
    sheet = fault_sheet(refusal, language)
    return render(
        request,
        "notifications/list.html",
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        form_id="contact",
        form_default="set",
        told=[(each, sentence(each, language)) for each in shown],
        next_url=f"/notifications?below={shown[-1].id}" if len(found) > _A_PAGE else "",
        contact=typed or contact,
        faults=sheet.by_field,
        summary=sheet.summary,
    )


routes = [notifications, follow, read_all, set_contact]
