"""Refusals laid out on a form: a sentence beside each field, and a list on top that leads to them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from erp.base.errors import DomainError, Invalid
from erp.base.i18n import N_, Language
from ledger.errors import LedgerError
from ledger.model import Dimension
from web.i18n import Speech, speech

Refusal = DomainError | LedgerError

_LABELS = {
    "journal": N_("Journal"),
    "effective_on": N_("Date"),
    "document_number": N_("Document №"),
    "document_on": N_("Document date"),
    "memo": N_("Text"),
    "reason": N_("Reason"),
    "why": N_("Why it is withdrawn"),
    "purpose": N_("Purpose"),
    "advance": N_("Advance, ₸"),
    "ground": N_("Ground for the length"),
    "kind": N_("How to correct"),
    "amount": N_("Amount, ₸"),
    "debit": N_("Debit"),
    "credit": N_("Credit"),
    "quantity": N_("Quantity"),
    "currency_amount": N_("Amount in the currency"),
    "from": N_("From"),
    "to": N_("To"),
    "day": N_("As of the day"),
    "known": N_("As known at"),
    "since": N_("From which day"),
    "last": N_("Through which day"),
    "user": N_("Who"),
    "name": N_("Name"),
    "first": N_("First plan year"),
    "consent_on": N_("Day of the consent"),
    "document": N_("Paper of the consent"),
    "correction": N_("Correction"),
    "legs": N_("Ways"),
    "lines": N_("Costs"),
    "from_place": N_("From where"),
    "to_place": N_("To where"),
    "departs_on": N_("Departure"),
    "arrives_on": N_("Arrival"),
    "fare": N_("Ticket, ₸"),
    "night": N_("One night there, ₸"),
    "on": N_("Day"),
    "what": N_("Role and organisation"),
    "lines.what": N_("What was paid for"),
    "belated": N_("Why it is recorded only now"),
    "paper": N_("Paper"),
}
_FIELD_OF_REFUSAL = {
    "settlement-reason-missing": "reason",
    "period-closed": "effective_on",
    "period-not-opened": "effective_on",
    "period-restricted": "effective_on",
    "year-out-of-range": "effective_on",
    "account-not-in-force": "effective_on",
    "storno-before-entry": "effective_on",
    "unknown-journal": "journal",
    "interval-reversed": "from",
    "identity-invalid": "identity",
    "identity-taken": "identity",
    "identity-number-of-another": "identity",
    "account-taken": "login",
    "post-taken": "post",
    "appointment-ends": "since",
    "appointment-not-held": "since",
    "instant-malformed": "known",
    "instant-to-come": "known",
    "day-malformed": "day",
    "month-malformed": "from",
    "login-taken": "login",
    "login-malformed": "login",
    "user-unknown": "login",
    "delegate-is-self": "login",
    "delegate-unknown": "login",
    "delegated-already": "login",
    "name-not-given": "name",
    "password-too-short": "password",
    "password-unchanged": "password",
    "password-wrong": "old",
    "code-wrong": "code",
    "code-refused": "code",
    "token-beyond-rights": "organisation",
    "token-life-out-of-range": "days",
    "day-passed": "since",
    "days-reversed": "last",
    "delegation-too-long": "last",
    "role-held-already": "role",
    "role-not-held": "what",
    "bin-invalid": "code",
    "organisation-there": "code",
    "organisation-name-missing": "name_kk",
    "kind-out-of-place": "kind",
    "changed-later": "since",
    "organisation-closed": "since",
    "stands-above-itself": "parent",
    "serves-itself": "office",
    "not-served": "since",
    "approval-not-asked": "journal",
    "journal-not-kept": "journal",
    "policy-not-tomorrow": "since",
    "journal-not-separable": "journal",
    "separated-already": "journal",
    "begins-in-the-past": "since",
    "steps-missing": "steps",
    "ends-too-early": "last",
    "not-a-bookkeeper": "user",
    "exception-already": "user",
    "exception-for-oneself": "user",
    "recall-outside": "since",
    "recall-day-over": "correction",
    "recall-consent-missing": "consent_on",
    "recall-consent-to-come": "consent_on",
    "recall-consent-unnamed": "document",
    "reason-missing": "reason",
    "request-reason-missing": "reason",
    "edit-reason-missing": "reason",
    "plan-name-missing": "name",
    "plan-year-malformed": "first",
    "plan-years-wrong": "first",
    "layout-unnamed": "name",
    "layout-twice": "name",
    "layout-too-long": "name",
}
_IN_LINE = re.compile(r"postings\.(\d+)\.(.+)")
_IN_ROW = re.compile(r"(legs|lines)\.(\d+)\.(.+)")
_ROWS = {"legs": N_("Way {number}"), "lines": N_("Cost {number}")}


@dataclass(frozen=True)
class Fault:
    """One line of the list on top: the field it leads to, where that stands, and what is wrong."""

    field: str
    place: str
    text: str


@dataclass(frozen=True)
class FaultSheet:
    by_field: dict[str, str] = field(default_factory=dict)
    summary: list[Fault] = field(default_factory=list)


def fault_sheet(refusal: Refusal | None, language: Language, labels: Mapping[str, str] | None = None) -> FaultSheet:
    """What a form shows of a refusal; nothing where there is none.  ``labels`` are the form's own names of fields."""
    if refusal is None:
        return FaultSheet()
    say = speech(language)
    if isinstance(refusal, Invalid):
        texts = {name: say.refusal(fault) for name, fault in refusal.faults.items()}
    else:
        texts = {_FIELD_OF_REFUSAL.get(refusal.code, ""): say.refusal(refusal)}
    own = {name: say(label) for name, label in (labels or {}).items()}
    return FaultSheet(texts, [Fault(name, own.get(name) or _place(name, say), text) for name, text in texts.items()])


def _place(name: str, say: Speech) -> str:
    if match := _IN_LINE.fullmatch(name):
        number, rest = int(match[1]) + 1, match[2]
        inside = [_part(part, say) for part in rest.split(".") if part not in ("account", "dimensions")]
        return ", ".join([say("Line {number}", number=number), *inside])
    if match := _IN_ROW.fullmatch(name):
        own = f"{match[1]}.{match[3]}"
        return f"{say(_ROWS[match[1]], number=int(match[2]) + 1)}, {_part(own if own in _LABELS else match[3], say)}"
    return _part(name, say) if name else ""


def _part(name: str, say: Speech) -> str:
    if name.upper() in Dimension.__members__:
        return say.dimension(Dimension.of(name))
    return say(_LABELS[name]) if name in _LABELS else name
