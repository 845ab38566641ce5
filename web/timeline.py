"""The trail in words: what was done, to what, and what it was before."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from erp.base.dates import day_string, parse_month
from erp.base.i18n import N_, Language
from erp.base.uow import UnitOfWork
from erp.reference.access.model import ROLE_NAMES, Role
from erp.reference.trail import service as trail
from erp.reference.trail.model import EntrySubject, TrailEvent
from ledger.model import Dimension
from web.i18n import MINUS, Speech, moment, money, speech
from web.pages import Ask, visit_of

ACTIONS: dict[str, str] = {
    "posted-ordinary": N_("Entry posted"),
    "posted-opening": N_("Opening entry posted"),
    "posted-closing": N_("Closing entry posted"),
    "posted-storno": N_("Storno posted"),
    "posted-reversal": N_("Reversal posted"),
    "posted-batch": N_("Entries posted together"),
    "cancelled-storno": N_("Cancelled by storno"),
    "cancelled-reversal": N_("Cancelled by reversal"),
    "month-closed": N_("Month closed"),
    "month-restricted": N_("Month restricted"),
    "month-reopened": N_("Month opened again"),
    "year-closed": N_("Year closed"),
    "year-reopened": N_("Year opened again"),
    "entry-prepared": N_("Entry prepared"),
    "entry-approved": N_("Entry approved"),
    "entry-returned": N_("Entry returned for correction"),
    "entry-withdrawn": N_("Entry withdrawn"),
    "approval-required": N_("Approval by a second person required"),
    "approval-released": N_("Approval by a second person no longer required"),
    "exception-allowed": N_("Posting alone allowed"),
    "exception-ended": N_("Posting alone no longer allowed"),
    "file-attached": N_("File attached"),
    "file-removed": N_("File removed"),
    "comment-written": N_("Comment written"),
    "counterparties-registered": N_("Counterparties registered"),
    "counterparty-renamed": N_("Counterparty renamed"),
    "bank-account-kept": N_("Bank account entered"),
    "recoding-made": N_("Mapping of codes made"),
    "recoding-ended": N_("Old codes ended"),
    "recoded": N_("Accounts recoded"),
    "institution-left": N_("Balances left for another institution"),
    "institution-joined": N_("Balances of another institution taken in"),
    "signed-in": N_("Signed in"),
    "sign-in-refused": N_("Sign-in refused"),
    "code-refused": N_("One-time code refused"),
    "signed-out-elsewhere": N_("Signed out on other devices"),
    "token-issued": N_("Token issued"),
    "token-revoked": N_("Token revoked"),
    "password-changed": N_("Password changed"),
    "password-given": N_("New password given"),
    "second-factor-on": N_("Second factor switched on"),
    "second-factor-off": N_("Second factor switched off"),
    "second-factor-reset": N_("Second factor reset"),
    "user-created": N_("Person registered"),
    "user-renamed": N_("Person renamed"),
    "user-blocked": N_("Person blocked"),
    "user-unblocked": N_("Person unblocked"),
    "role-granted": N_("Role granted"),
    "role-ended": N_("Role ended"),
    "role-delegated": N_("Role delegated"),
    "delegation-ended": N_("Delegation ended"),
    "contact-set": N_("Notifications by mail set"),
    "books-opened": N_("Books opened"),
    "organisation-added": N_("Organisation registered"),
    "organisation-renamed": N_("Organisation renamed"),
    "organisation-moved": N_("Organisation moved in the tree"),
    "organisation-closed": N_("Organisation closed"),
    "organisation-reopened": N_("Organisation opened again"),
    "office-set": N_("Serving office appointed"),
    "package-offered": N_("Data package sent for looking at"),
    "package-loaded": N_("Data package loaded"),
    "view-saved": N_("View of a report saved"),
    "view-deleted": N_("View of a report deleted"),
    "start-page-set": N_("Start page chosen"),
    "start-page-unset": N_("Start page no longer chosen"),
    "job-asked": N_("Job started"),
    "job-cancelled": N_("Job cancelled"),
    "job-repeated": N_("Job repeated"),
    "letter-revived": N_("Letter sent again"),
    "demonstration-loaded": N_("Demonstration loaded"),
}
"""What was done, in words; an action that is not here is shown by its own name."""

KINDS: dict[str, str] = {
    "entry": N_("Entry"),
    "prepared": N_("Prepared entry"),
    "month": N_("Month"),
    "year": N_("Year"),
    "user": N_("User"),
    "organisation": N_("Organisation"),
    "counterparty": N_("Counterparty"),
    "attachment": N_("File"),
    "package": N_("Data package"),
    "job": N_("Job"),
    "view": N_("View of a report"),
    "mail": N_("Letter"),
    "recoding": N_("Recoding"),
}

FIELDS: dict[str, str] = {
    "state": N_("State"),
    "reason": N_("Reason"),
    "number": N_("Number"),
    "entries": N_("Entries"),
    "postings": N_("Postings"),
    "result_tiyn": N_("Result of the year, ₸"),
    "name": N_("Name"),
    "name_kk": N_("Name in Kazakh"),
    "name_ru": N_("Name in Russian"),
    "name_en": N_("Name in English"),
    "login": N_("Login"),
    "role": N_("Role"),
    "since": N_("In force from"),
    "until": N_("Until, not including"),
    "last": N_("Through"),
    "first": N_("Beginning with"),
    "journal": N_("Journal"),
    "effective_on": N_("Day"),
    "memo": N_("Text"),
    "document_number": N_("Number of the document"),
    "document_on": N_("Day of the document"),
    "amount": N_("Amount, ₸"),
    "debit": N_("Debit"),
    "credit": N_("Credit"),
    "account": N_("Account"),
    "dimensions": N_("Dimensions"),
    "quantity": N_("Quantity"),
    "edition": N_("Edition"),
    "rows": N_("Rows"),
    "added": N_("Added"),
    "changed": N_("Changed"),
    "closed": N_("No longer in force"),
    "count": N_("Count"),
    "codes": N_("Codes"),
    "code": N_("Code"),
    "iban": N_("Account number"),
    "bank": N_("Bank"),
    "permissions": N_("Permissions"),
    "days": N_("Days of validity"),
    "sessions": N_("Sessions"),
    "delegations_ended": N_("Ended delegations"),
    "by_mail": N_("By mail"),
    "has_address": N_("Address given"),
    "parent": N_("Stands under"),
    "office": N_("Serving office"),
    "lender": N_("Who delegates"),
    "delegate": N_("To whom"),
    "kind": N_("Kind"),
    "entry": N_("Entry"),
    "exception": N_("Exception №"),
    "title": N_("Title"),
    "lines": N_("Mapping"),
    "what": N_("What"),
    "old": N_("Old code"),
    "new": N_("New code"),
    "round": N_("Round"),
    "act": N_("Act"),
    "joins": N_("BIN of the other institution"),
    "joined_by": N_("BIN of the other institution"),
    "in_use": N_("in use"),
}
"""Names of fields; dimensions have theirs in ``web.i18n``."""

_STATES = {
    "open": N_("open"),
    "restricted": N_("restricted"),
    "closed": N_("closed"),
}
_UNTOLD = {"key", "sha256", "attachment"}
_NOTHING = "—"
_AMOUNT = re.compile(r"-?\d+\.\d\d")


@dataclass(frozen=True, slots=True)
class Change:
    """One field: what it was and what it is since; ``before`` is ``None`` for what came with the act."""

    field: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Told:
    """An event as people read it."""

    event: TrailEvent
    when: str
    who: str
    what: str
    subject: str
    address: str | None
    changes: tuple[Change, ...]

    @property
    def in_one_line(self) -> str:
        """The changes as a cell of a table says them."""
        return "; ".join(
            f"{c.field}: {c.after}" if c.before is None else f"{c.field}: {c.before} → {c.after}" for c in self.changes
        )


@dataclass(frozen=True, slots=True)
class History:
    """What happened to the subject of a page, the latest first; empty for who may read none of it."""

    events: list[Told]
    next_url: str


def history(request: Ask, uow: UnitOfWork, address: str, *subjects: str, language: Language | None = None) -> History:
    """The trail of the subjects, for the page at ``address``.  Raises: CursorMalformed."""
    page = trail.timeline(uow, *subjects, cursor=request.query_params.get("history"))
    following = urlencode({"history": page.next_cursor}) if page.next_cursor else ""
    next_url = f"{address}?{following}#history" if following else ""
    return History(told(page.events, language or visit_of(request).language), next_url)


def told(events: Iterable[TrailEvent], language: Language) -> list[Told]:
    say = speech(language)
    return [
        Told(
            event,
            moment(event.at),
            event.actor or say(N_("The program")),
            action_name(event.action, say),
            _subject(event, say),
            _address(event.subject),
            tuple(_changes(event, say)),
        )
        for event in events
    ]


def action_name(action: str, say: Speech) -> str:
    return say(ACTIONS[action]) if action in ACTIONS else action


def _subject(event: TrailEvent, say: Speech) -> str:
    kind, _, key = event.subject.partition(":")
    if kind not in KINDS:
        return event.subject
    name = event.subject_name or key.rpartition("/")[2]
    if kind == "month":
        return say.month(parse_month(name))
    return f"{say(KINDS[kind])} {key if kind == 'package' else name}"


def _address(subject: str) -> str | None:
    """Where the subject is shown."""
    if entry := EntrySubject.parse(subject):
        return f"/o/{entry.organisation_id}/journal/{entry.entry_id}"
    kind, _, key = subject.partition(":")
    organisation, _, what = key.partition("/")
    if kind in ("month", "year") and organisation.isdecimal():
        return f"/o/{organisation}/months#p-{what}"
    return None


def _changes(event: TrailEvent, say: Speech) -> Iterator[Change]:
    before, after = event.before or {}, event.after or {}
    for field in dict.fromkeys((*before, *after)):
        if field not in _UNTOLD:
            was = _said(field, before.get(field), say) if event.before is not None else None
            yield Change(_field(field, say), was, _said(field, after.get(field), say))
    for field, value in event.facts.items():
        if field not in _UNTOLD and value not in (None, ""):
            yield Change(_field(field, say), None, _said(field, value, say))


def _field(field: str, say: Speech) -> str:
    if field.upper() in Dimension.__members__:
        return say.dimension(Dimension.of(field))
    return say(FIELDS[field]) if field in FIELDS else field


def _said(field: str, value: Any, say: Speech) -> str:
    match value:
        case None | "":
            return _NOTHING
        case bool():
            return say(N_("yes")) if value else say(N_("no"))
        case int() if field.endswith("_tiyn"):
            return money(value)
        case int():
            return str(value).replace("-", MINUS)
        case str():
            return _text(field, value, say)
        case Mapping():
            filled = {name: each for name, each in value.items() if each not in (None, "", {})}
            return ", ".join(f"{_field(name, say)} {_said(name, each, say)}" for name, each in filled.items())
        case _:
            return "; ".join(_said(field, each, say) for each in value)


def _text(field: str, value: str, say: Speech) -> str:
    if field == "role" and value in set(Role):
        return say(ROLE_NAMES[Role(value)])
    if field == "state" and value in _STATES:
        return say(_STATES[value])
    if field == "amount" and _AMOUNT.fullmatch(value):
        return money(int(value.replace(".", "")))
    return _day(value) or value


def _day(value: str) -> str | None:
    """``2026-11-22`` and ``2026-11-22T14:05:00+05:00`` as a reader writes them."""
    try:
        if len(value) == 10:
            return day_string(date.fromisoformat(value))
        return moment(datetime.fromisoformat(value)) if len(value) > 18 and value[10] == "T" else None
    except ValueError:
        return None
