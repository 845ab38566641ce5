"""Pure rules of the policy: what it may say, what is signed, how two editions differ."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from erp.base.errors import Conflict, Invalid, NotFound, NotPermitted, RuleViolated
from erp.finance.journal.rules import PROGRAM_JOURNALS, JournalUnknown
from erp.finance.policy.content import SCHEMA_VERSION, CloseStep, Content, DepreciationRule, JournalRule
from erp.finance.policy.model import Default, Difference, Edition, Note, Sourced, State
from erp.reference.signatures.model import Document
from erp.reference.signatures.rules import canonical
from ledger.errors import PolicyChanged

_DEFAULT = Path(__file__).parent / "kz" / "policy.toml"


class PolicyUnknown(NotFound):
    code = "policy-unknown"
    template = "There is no such edition of the accounting policy here."


class PolicyNotOffered(NotFound):
    code = "policy-not-offered"
    template = "No body above publishes this edition of its accounting policy."


class PolicyNotTomorrow(RuleViolated):
    code = "policy-not-tomorrow"
    template = (
        "An accounting policy begins tomorrow or later: what counts today stays as it is. Only the first one may begin"
        " earlier, on a day from which on nothing is posted."
    )


class HeadNeeded(NotPermitted):
    code = "head-needed"
    template = "The head of the institution signs the accounting policy."


class SettingUnknown(RuleViolated):
    code = "setting-unknown"
    template = "“{code}” is not among what a policy may set here."


class NoJournalKept(RuleViolated):
    code = "no-journal-kept"
    template = "Keep one journal at least."


class ProgramJournalKept(RuleViolated):
    code = "program-journal-kept"
    template = "The journal {journal} is the program's own: it is always kept, and nobody signs its entries."


class NotSigned(Conflict):
    code = "policy-not-signed"
    template = "Only an edition that is signed is published."


@cache
def default() -> Default:
    """The policy that an institution begins from, as the shipped file has it."""
    told: dict[str, Any] = tomllib.loads(_DEFAULT.read_text(encoding="utf-8"))
    groups, thresholds = told["groups"], told["thresholds"]
    content = Content(
        journals=tuple(JournalRule(code=f"MO-{number:02d}") for number in range(1, 17)),
        amounts={name: told["amounts"][name] for name in ("unit", "mode")},
        reports=told["reports"]["unit"],
        depreciation=tuple(DepreciationRule(group=each["code"], method=each["method"]) for each in groups),
        closing=tuple(CloseStep(step=each.pop("code"), **each) for each in map(dict, told["steps"])),
        thresholds=tuple({"code": each["code"], "value": each["value"]} for each in thresholds),
    )
    notes = {part: Note(told[part]["confidence"], told[part]["source"]) for part in ("journals", "amounts", "reports")}
    return Default(
        told["act"], told["edition"], content, tuple(map(_sourced, groups)), tuple(map(_sourced, thresholds)), notes
    )


def _sourced(row: Mapping[str, Any]) -> Sourced:
    return Sourced(row["confidence"], row["source"], row["code"], row["kk"], row["ru"], row["en"])


def check(content: Content, journals: set[str]) -> None:
    """Raises: Invalid, with every fault under the place where it stands."""
    known = default().content
    faults: dict[str, Exception] = {}
    for at, rule in enumerate(content.journals):
        if rule.code in PROGRAM_JOURNALS:
            faults[f"content.journals.{at}.code"] = ProgramJournalKept(journal=rule.code)
        elif rule.code not in journals:
            faults[f"content.journals.{at}.code"] = JournalUnknown(journal=rule.code)
    for part, field, told, may in (
        ("depreciation", "group", content.depreciation, {each.group for each in known.depreciation}),
        ("closing", "step", content.closing, {each.step for each in known.closing}),
        ("thresholds", "code", content.thresholds, {each.code for each in known.thresholds}),
    ):
        for at, each in enumerate(told):
            if (code := getattr(each, field)) not in may:
                faults[f"content.{part}.{at}.{field}"] = SettingUnknown(code=code)
    if faults:
        raise Invalid(faults)


def content_of(schema_version: int, document: Mapping[str, Any]) -> Content:
    """A content as it was kept."""
    assert schema_version == SCHEMA_VERSION
    return Content.model_validate(document)


def signed_bytes(edition: Edition, purpose: str) -> bytes:
    """Exactly what a signature of an edition is over."""
    return canonical(
        edition.subject,
        purpose,
        Document("policy", str(edition.id), edition.since),
        revision=edition.version,
        since=edition.since.isoformat(),
        adopts=f"policy:{edition.adopts.organisation_id}/{edition.adopts.id}" if edition.adopts else None,
        schema_version=SCHEMA_VERSION,
        content=edition.content.model_dump(mode="json"),
    )


def require_version(edition: Edition, version: int, *states: State) -> None:
    """Raises: PolicyChanged, where it is not what the actor saw, or no such act is left to do."""
    if edition.version != version or edition.state not in states:
        raise PolicyChanged()


_LISTS = {"journals": "code", "depreciation": "group", "closing": "step", "thresholds": "code"}


def differences(before: Content | None, after: Content | None) -> tuple[Difference, ...]:
    """What two editions set differently, line by line, in the order of the document; of what is gone, only that."""
    one, other = (dict(_settings(each)) if each else {} for each in (before, after))
    gone = {place[:2] for place in one if place[2] == "kept" and place not in other}
    places = dict.fromkeys(p for p in (*other, *one) if p[2] == "kept" or p[:2] not in gone)
    return tuple(
        Difference(*place, one.get(place), other.get(place))
        for place in sorted(places, key=lambda place: (list(Content.model_fields).index(place[0]), place[1]))
        if one.get(place) != other.get(place)
    )


def _settings(content: Content) -> Iterator[tuple[tuple[str, str, str], object]]:
    """Every setting under its section, item and field.  That an item is there at all is the field ``kept``."""
    for section, told in content.model_dump(mode="json").items():
        if section in _LISTS:
            for item in told:
                code = item.pop(_LISTS[section])
                yield (section, code, "kept"), True
                yield from (((section, code, field), value) for field, value in item.items())
        elif isinstance(told, dict):
            yield from (((section, "", field), value) for field, value in told.items())
        else:
            yield (section, "", section), told
