"""The trail in words: what was done, to what, and what it was before."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from api.security import Visit
from erp.base.dates import day_string, parse_month
from erp.base.i18n import N_, Language
from erp.base.uow import UnitOfWork
from erp.economy.plans.model import VersionKind
from erp.economy.scenarios.rules import shipped
from erp.finance.approvals.model import Step
from erp.finance.closing.rules import STEPS as CLOSE_STEPS
from erp.hr.staffing.model import StaffGroup
from erp.reference.access.model import PERMISSION_NAMES, ROLE_NAMES, Permission, Role
from erp.reference.trail import service as trail
from erp.reference.trail.model import Sighting, TrailEvent
from ledger.model import Dimension
from web.hr.acts import GROUPS
from web.i18n import MINUS, Speech, moment, money, speech
from web.pages import Ask, visit_of
from web.places import page_of
from web.signing import METHODS, PURPOSES

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
    "policy-begun": N_("Policy begun"),
    "policy-written": N_("Policy written"),
    "policy-proposed": N_("Policy proposed"),
    "policy-returned": N_("Policy returned"),
    "policy-signed": N_("Policy signed"),
    "policy-discarded": N_("Policy discarded"),
    "policy-published": N_("Policy offered to institutions below"),
    "policy-unpublished": N_("Policy no longer offered"),
    "closing-ticked": N_("Step of the close ticked"),
    "entry-prepared": N_("Entry prepared"),
    "entry-reinstated": N_("Withdrawn entry taken back into work"),
    "entry-checked": N_("Entry checked"),
    "entry-first-signed": N_("First signature given"),
    "entry-approved": N_("Entry approved"),
    "table-brought": N_("Table brought"),
    "table-accepted": N_("Table accepted"),
    "table-thrown-away": N_("Table thrown away"),
    "mapping-remembered": N_("Meaning of columns remembered"),
    "mapping-forgotten": N_("Meaning of columns forgotten"),
    "trip-report-submitted": N_("Advance report handed in"),
    "trip-report-returned": N_("Advance report returned"),
    "trip-report-approved": N_("Advance report approved"),
    "settlement-drafted": N_("Entry of a trip drafted"),
    "settlement-taken": N_("Entry of a trip taken"),
    "settlement-put-back": N_("Entry of a trip left to another"),
    "settlement-declined": N_("Entry of a trip declined"),
    "settlement-withdrawn": N_("Entry of a trip taken back"),
    "draft-begun": N_("Draft begun"),
    "draft-discarded": N_("Draft thrown away"),
    "draft-restored": N_("Draft taken back"),
    "draft-sent": N_("Draft posted or sent for approval"),
    "template-made": N_("Template kept"),
    "template-changed": N_("Template changed"),
    "template-retired": N_("Template removed"),
    "template-recurs": N_("Template falls due again and again"),
    "recurrence-ended": N_("Template falls due no more"),
    "recurrence-drafted": N_("Draft made for a due day"),
    "recurrence-left-out": N_("Due day left out"),
    "entry-returned": N_("Entry returned for correction"),
    "entry-withdrawn": N_("Entry withdrawn"),
    "approval-required": N_("Approval by a second person required"),
    "approval-released": N_("Approval by a second person no longer required"),
    "bulk-begun": N_("Many documents acted on at once"),
    "exception-allowed": N_("Posting alone allowed"),
    "exception-ended": N_("Posting alone no longer allowed"),
    "signed": N_("Signed"),
    "certificate-registered": N_("Certificate registered"),
    "certificate-withdrawn": N_("Certificate withdrawn"),
    "identity-linked": N_("Account elsewhere linked"),
    "identity-unlinked": N_("Account elsewhere no longer linked"),
    "trust-loaded": N_("Certification centres taken in"),
    "trust-withdrawn": N_("Certification centre trusted no more"),
    "trust-restored": N_("Certification centre trusted again"),
    "file-attached": N_("File attached"),
    "file-removed": N_("File removed"),
    "comment-written": N_("Comment written"),
    "counterparties-registered": N_("Counterparties registered"),
    "counterparty-renamed": N_("Counterparty renamed"),
    "bank-account-kept": N_("Bank account entered"),
    "recoding-made": N_("Mapping of codes made"),
    "recoding-ended": N_("Old codes ended"),
    "recoded": N_("Accounts recoded"),
    "takeover-begun": N_("Moving over begun"),
    "takeover-finished": N_("Moving over finished"),
    "takeover-given-up": N_("Moving over given up"),
    "takeover-file-taken": N_("File of the other program taken in"),
    "takeover-file-set-aside": N_("File of the other program set aside"),
    "takeover-words-decided": N_("Words of old fonts decided"),
    "takeover-accounts-decided": N_("Accounts of the other program mapped"),
    "takeover-values-decided": N_("Values of the other program mapped"),
    "takeover-counterparties-linked": N_("Counterparties of the other program registered"),
    "takeover-opening-posted": N_("Opening balances taken over"),
    "takeover-opening-taken-back": N_("Opening balances taken back"),
    "takeover-month-posted": N_("Entries of the other program posted"),
    "takeover-month-agreed": N_("Trial balances agreed"),
    "takeover-difference-explained": N_("Difference explained"),
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
    "plan-made": N_("Plan begun"),
    "version-branched": N_("Version of a plan branched"),
    "version-edited": N_("Version of a plan edited"),
    "version-undone": N_("Edit of a version undone"),
    "version-frozen": N_("Version of a plan frozen"),
    "version-put-away": N_("Version of a plan put away"),
    "version-brought-back": N_("Version of a plan brought back"),
    "plan-file-brought": N_("File of figures brought"),
    "plan-file-accepted": N_("File of figures accepted"),
    "plan-file-thrown-away": N_("File of figures thrown away"),
    "layout-saved": N_("View of plans kept"),
    "layout-changed": N_("View of plans changed"),
    "layout-deleted": N_("View of plans forgotten"),
    "person-hired": N_("Person hired"),
    "people-hired": N_("People hired"),
    "person-appointed": N_("Person appointed to another post"),
    "people-appointed": N_("People appointed to further posts"),
    "staffing-laid-out": N_("Units and posts created from a file"),
    "people-file-brought": N_("List of people brought"),
    "people-file-accepted": N_("List of people accepted"),
    "people-file-thrown-away": N_("List of people thrown away"),
    "people-files-put-away": N_("Lists of people that nobody touched were thrown away"),
    "person-left": N_("Appointment ended"),
    "person-appointment-change": N_("Person moved"),
    "person-appointment-correct": N_("Appointment corrected"),
    "person-schedule-change": N_("Work schedule changed"),
    "person-schedule-correct": N_("Work schedule corrected"),
    "person-name-change": N_("Name changed"),
    "person-name-correct": N_("Name corrected"),
    "person-facts-change": N_("Personal data changed"),
    "people-numbered": N_("Identity numbers added from a file"),
    "person-facts-correct": N_("Personal data corrected"),
    "person-account-linked": N_("Account linked to a person"),
    "identity-opened": N_("Identity number opened"),
    "act-rescinded": N_("Act rescinded"),
    "unit-change": N_("Unit changed"),
    "unit-correct": N_("Unit corrected"),
    "unit-end": N_("Unit closed"),
    "post-change": N_("Post changed"),
    "post-correct": N_("Post corrected"),
    "post-end": N_("Post closed"),
    "demonstration-loaded": N_("Demonstration loaded"),
    "series-expected": N_("Forecast of a series said"),
    "scenario-begun": N_("Scenario begun"),
    "scenario-saved": N_("Scenario saved"),
    "request-submitted": N_("Request sent"),
    "request-returned": N_("Request returned"),
    "request-withdrawn": N_("Request withdrawn"),
    "request-approved": N_("Request approved"),
    "request-recalled": N_("Recalled early"),
    "request-cancelled": N_("Absence cancelled"),
    "leave-years-granted": N_("Days of working years given"),
    "trip-advance-sent": N_("Advance sent to the accountant anew"),
    "leave-years-taken-back": N_("Days of working years taken back"),
    "leave-carried": N_("Days of leave carried in"),
    "leave-holidays-returned": N_("Days given back for a new holiday"),
    "feed-made": N_("Calendar address made"),
    "feed-revoked": N_("Calendar address revoked"),
}
"""What was done, in words; an action that is not here is shown by its own name."""

KINDS: dict[str, str] = {
    "entry": N_("Entry"),
    "prepared": N_("Prepared entry"),
    "draft": N_("Draft"),
    "settlement": N_("Entry of a trip"),
    "trip": N_("Business trip"),
    "template": N_("Template"),
    "intake": N_("Table"),
    "intake-mapping": N_("Meaning of columns"),
    "bulk": N_("Act on many documents"),
    "month": N_("Month"),
    "year": N_("Year"),
    "policy": N_("Accounting policy"),
    "closing": N_("Month close"),
    "user": N_("User"),
    "organisation": N_("Organisation"),
    "counterparty": N_("Counterparty"),
    "attachment": N_("File"),
    "package": N_("Data package"),
    "job": N_("Job"),
    "view": N_("View of a report"),
    "mail": N_("Letter"),
    "recoding": N_("Recoding"),
    "takeover": N_("Moving over"),
    "person": N_("Personal file"),
    "unit": N_("Structural unit"),
    "post": N_("Staff unit"),
    "plan": N_("Plan"),
    "version": N_("Version of a plan"),
    "plan-file": N_("File of figures"),
    "people-file": N_("List of people"),
    "plan-view": N_("View of plans"),
    "request": N_("Request of an employee"),
    "scenario": N_("Scenario"),
    "series": N_("Series"),
}

FIELDS: dict[str, str] = {
    "columns": N_("Columns"),
    "grouping": N_("One entry is"),
    "state": N_("State"),
    "reason": N_("Reason"),
    "number": N_("Number"),
    "entries": N_("Entries"),
    "postings": N_("Postings"),
    "result_tiyn": N_("Result of the year, ₸"),
    "step": N_("Step"),
    "verdict": N_("Proof"),
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
    "people": N_("Number of people"),
    "appointments": N_("Appointments"),
    "units": N_("Structural units"),
    "posts": N_("Posts"),
    "left": N_("Rows left out"),
    "identities": N_("Identity numbers added"),
    "codes": N_("Codes"),
    "code": N_("Code"),
    "iban": N_("Account number"),
    "bank": N_("Bank"),
    "permissions": N_("Permissions"),
    "days": N_("Days of validity"),
    "leave_days": N_("Days of leave"),
    "movements": N_("Rows of the days of leave"),
    "sessions": N_("Sessions"),
    "delegations_ended": N_("Ended delegations"),
    "by_mail": N_("By mail"),
    "has_address": N_("Address given"),
    "parent": N_("Stands under"),
    "upon": N_("Begun from"),
    "office": N_("Serving office"),
    "lender": N_("Who delegates"),
    "delegate": N_("To whom"),
    "kind": N_("Kind"),
    "entry": N_("Entry"),
    "exception": N_("Exception №"),
    "steps": N_("Steps"),
    "cms": N_("Steps with a digital signature"),
    "documents": N_("Documents"),
    "title": N_("Title"),
    "title_kk": N_("Title in Kazakh"),
    "title_ru": N_("Title in Russian"),
    "title_en": N_("Title in English"),
    "parent_id": N_("Stands under unit №"),
    "head_id": N_("Headed by the holder of post №"),
    "unit_id": N_("Structural unit №"),
    "category": N_("Category"),
    "staff_group": N_("Serves as"),
    "percent": N_("Units, % of one"),
    "lines": N_("Mapping"),
    "what": N_("What"),
    "old": N_("Old code"),
    "new": N_("New code"),
    "round": N_("Round"),
    "act": N_("Act"),
    "act_no": N_("Act on the record №"),
    "rescinds": N_("Undoes act №"),
    "joins": N_("BIN of the other institution"),
    "joined_by": N_("BIN of the other institution"),
    "in_use": N_("in use"),
    "program": N_("Program the books come from"),
    "month": N_("Month"),
    "linked": N_("Already in the register"),
    "accounts": N_("Bank accounts"),
    "purpose": N_("Purpose"),
    "method": N_("How"),
    "certificate": N_("Certificate №"),
    "certificates": N_("Certificates"),
    "lists": N_("Lists of revoked certificates"),
    "issuer": N_("By whom known"),
    "cells": N_("Cells"),
    "revision": N_("Revision №"),
    "formulas": N_("Formulas"),
    "shared": N_("Shared"),
    "vintage": N_("As of"),
    "basis": N_("Where the figures come from"),
    "edit": N_("Edit №"),
    "undoes": N_("Undoes edit №"),
}
"""Names of fields; dimensions have theirs in ``web.i18n``."""

STEPS: dict[Step, str] = {
    Step.CHECK: N_("Checking"),
    Step.FIRST_SIGNATURE: N_("First signature"),
    Step.SECOND_SIGNATURE: N_("Second signature"),
}
POLICY_SECTIONS = {
    "journals": N_("Journals"),
    "amounts": N_("Rounding of computed amounts"),
    "reports": N_("Unit of reports"),
    "depreciation": N_("Depreciation"),
    "closing": N_("Month close"),
    "thresholds": N_("Limits"),
}
POLICY_FIELDS = {
    "kept": N_("is kept"),
    "prefix": N_("Before the number"),
    "width": N_("Digits"),
    "year": N_("Year"),
    "steps": N_("Who signs"),
    "cms": N_("By digital signature"),
    "unit": N_("Unit"),
    "mode": N_("Rounding"),
    "reports": N_("Unit"),
    "method": N_("Method"),
    "life_months": N_("Useful life, months"),
    "owner": N_("Owner"),
    "person": N_("Person"),
    "due": N_("Working day"),
    "blocking": N_("The month waits for it"),
    "value": N_("Value"),
}
"""Parts and settings of an accounting policy; the trail writes a setting as ``journals.MO-06.width``."""

VERSION_KINDS = {
    VersionKind.BASE: N_("base"),
    VersionKind.DRAFT: N_("working"),
    VersionKind.SCENARIO: N_("scenario"),
    VersionKind.SANDBOX: N_("trial"),
}
_STATES = {
    "open": N_("open"),
    "restricted": N_("restricted"),
    "closed": N_("closed"),
}
_VERDICTS = {"holds": N_("the proof holds"), "fails": N_("the proof fails")}
_UNTOLD = {"key", "sha256", "attachment", "signature", "content_sha256", "container_sha256", "query"}
_ASSUMED = re.compile(r"(?:([a-z][a-z0-9_]*) )?([0-9]{4})")
"""A value of a driver in a year, as scenarios are saved; of the one series that is the subject, the year alone."""
_OF_ONE = {"job", "request", "trip"}
"""Kinds whose page only one person opens, and that is seldom who reads the trail."""
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
    seen_by: Sequence[Sighting] = ()
    """Who opened the page of a document."""


def history(
    request: Ask, uow: UnitOfWork, address: str, *subjects: str, language: Language | None = None, latest: int = 50
) -> History:
    """The trail of the subjects, for the page at ``address``: the ``latest``, the rest by fifty.

    Raises: CursorMalformed.
    """
    cursor = request.query_params.get("history")
    page = trail.timeline(uow, *subjects, cursor=cursor, limit=50 if cursor else latest)
    following = urlencode({"history": page.next_cursor}) if page.next_cursor else ""
    next_url = f"{address}?{following}#history" if following else ""
    return History(told(page.events, language or visit_of(request).language), next_url)


def history_of_document(
    request: Ask, uow: UnitOfWork, organisation_id: int, address: str, *subjects: str, language: Language | None = None
) -> History:
    """``history`` of what the page shows, the first of the subjects, with who saw it.  Raises: CursorMalformed."""
    past = history(request, uow, address, *subjects, language=language)
    return replace(past, seen_by=trail.sightings(uow, organisation_id, *subjects))


def note_sighting(visit: Visit, organisation_id: int, subject: str, past: History) -> None:
    """Keep that the visitor sees a document, once a day; ``past`` says who did already."""
    if not any(each.user_id == visit.scope.actor.id and each.is_today for each in past.seen_by):
        visit.run(lambda uow: trail.saw(uow, organisation_id, subject))


def told(events: Iterable[TrailEvent], language: Language) -> list[Told]:
    say = speech(language)
    return [
        Told(
            event,
            moment(event.at),
            event.actor or say(N_("The program")),
            action_name(event.action, say),
            _subject(event, say),
            None if event.subject.partition(":")[0] in _OF_ONE else page_of(event.subject),
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
    section, dot, rest = field.partition(".")
    if dot and section in POLICY_SECTIONS:
        item, _, setting = rest.rpartition(".")
        name = say(POLICY_FIELDS[setting]) if setting in POLICY_FIELDS else setting
        return ", ".join(filter(None, [say(POLICY_SECTIONS[section]), item, name]))
    if assumed := _ASSUMED.fullmatch(field):
        titles = {each.name: each.title(say.language.value) for each in shipped().drivers}
        return ", ".join(filter(None, [titles.get(assumed[1], assumed[1]), assumed[2]]))
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
    if field == "formulas":
        return say(N_("written anew"))
    if _ASSUMED.fullmatch(field):
        return f"{Decimal(value):f}".replace(".", ",").replace("-", MINUS)
    if field == "role" and value in set(Role):
        return say(ROLE_NAMES[Role(value)])
    if field == "permissions" and value in set(PERMISSION_NAMES):
        return say(PERMISSION_NAMES[Permission(value)])
    if field == "kind" and value in set(VersionKind):
        return say(VERSION_KINDS[VersionKind(value)])
    if field == "step" and value in CLOSE_STEPS:
        return say(CLOSE_STEPS[value].name)
    if field == "verdict" and value in _VERDICTS:
        return say(_VERDICTS[value])
    if field == "purpose" and value in PURPOSES:
        return say(PURPOSES[value])
    if field == "staff_group" and value in set(StaffGroup):
        return say(GROUPS[StaffGroup(value)])
    if field == "method" and value in METHODS:
        return say(METHODS[value])
    if field == "state" and value in _STATES:
        return say(_STATES[value])
    if field in ("steps", "cms") and value in set(Step):
        return say(STEPS[Step(value)])
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
