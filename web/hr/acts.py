"""What pages of the record share: the day and the instant asked for, the fields of an act, acts in words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import uuid4

from api.security import Visit
from erp.base.clock import today
from erp.base.dates import DateInterval, day_string
from erp.base.errors import RuleViolated
from erp.base.i18n import N_
from erp.hr.staffing.model import About, ActKind, RecordedAct, StaffGroup
from erp.hr.staffing.schemas import Command, RescindAct
from ledger.errors import LedgerError
from web import forms
from web.faults import Refusal, fault_sheet
from web.finance.books import known_at
from web.forms import Place, kept_day, key_typed
from web.i18n import moment
from web.sheets import Field, Sheet, Typed, day_field

C = TypeVar("C", bound=Command)
_SHARE = re.compile(r"\d{1,5}([.,]\d{1,2})?", re.ASCII)

KINDS = {ActKind.CHANGE: N_("change"), ActKind.CORRECT: N_("correction"), ActKind.RESCIND: N_("rescinding")}
ABOUT = {
    About.HIRE: N_("Hiring"),
    About.NAME: N_("Name of the person"),
    About.FACTS: N_("Personal data"),
    About.APPOINTMENT: N_("Appointment"),
    About.SCHEDULE: N_("Work schedule"),
    About.UNIT: N_("Structural unit"),
    About.POST: N_("Staff unit"),
}
GROUPS = {
    StaffGroup.CIVIL_SERVANT: N_("civil servant"),
    StaffGroup.CIVIL_EMPLOYEE: N_("civil employee"),
    StaffGroup.WORKER: N_("employee under the Labour Code"),
}


class ShareMalformed(RuleViolated):
    code = "share-malformed"
    template = "“{text}” is not a share of a post. Write it like 1 or 0,5."


@dataclass(frozen=True)
class Asked:
    """The day and the instant a page is asked for; ``fault`` is why it shows today instead."""

    day: date
    known: datetime | None
    typed: Mapping[str, str]
    fault: Refusal | None

    @classmethod
    def of(cls, visit: Visit, query: Mapping[str, str]) -> "Asked":
        known, fault = known_at(visit, query.get("known", ""))
        try:
            day = kept_day(query["day"]) if query.get("day") else today()
        except (RuleViolated, LedgerError) as misread:
            day, fault = today(), misread
        return cls(day, known, {name: query.get(name, "") for name in ("day", "known")}, fault)

    @property
    def is_now(self) -> bool:
        return self.known is None and self.day == today()

    def query(self, **more: str) -> str:
        """The same question for another page, with ``more``."""
        asked = {name: value for name, value in {**self.typed, **more}.items() if value}
        return f"?{urlencode(asked)}" if asked else ""

    def told(self, visit: Visit) -> dict[str, Any]:
        """What every template of the record knows."""
        sheet = fault_sheet(self.fault, visit.language)
        return {
            "asked": self,
            "status": 422 if self.fault else 200,
            "summary": sheet.summary,
            "share": share,
            "moment": moment,
            "kinds": KINDS,
            "abouts": ABOUT,
            "groups": GROUPS,
        }


def share(percent: int) -> str:
    """Of full posts, as people write it: 1, 0,5, 18,25."""
    whole, rest = divmod(percent, 100)
    return f"{whole},{rest:02d}".rstrip("0") if rest else str(whole)


def share_typed(typed: Typed, name: str) -> int:
    """Hundredths of a full post; what is no number is refused with the others by ``check``."""
    text = typed.text(name)
    hundredths = int(Decimal(text.replace(",", ".")) * 100) if _SHARE.fullmatch(text) else 0
    if 0 < hundredths <= 1_000_000:
        return hundredths
    typed.refuse(name, ShareMalformed(text=text))
    return 0


def act_fields(since: date | None, last: date | None = None, *, ends: bool = True) -> tuple[Field, ...]:
    """From which day through which, on what ground; and the key of the act."""
    through = (day_field("last", N_("Last day"), last, required=False, hint=N_("Leave empty where no end is known.")),)
    return (
        day_field("since", N_("First day"), since),
        *(through if ends else ()),
        Field("reason", N_("Ground"), hint=N_("Order, application, or what was mistaken: it stays in the record.")),
        Field("key", "", "hidden", str(uuid4())),
    )


def fields_for(valid: DateInterval | None) -> tuple[Field, ...]:
    """``act_fields`` of a change from today on, or of the correction of a fact on its own days."""
    if valid is None:
        return act_fields(today())
    return act_fields(valid.start, valid.end - timedelta(days=1) if valid.end else None)


def made(kind: type[C], typed: Typed, places: Mapping[str, str] | None = None, **content: Any) -> C:
    """The command that a sheet makes, with its act; ``places`` tell under which field a part of it is typed.

    Raises: Invalid.
    """
    since, last = typed.day("since"), typed.day_or_none("last")
    content |= {"reason": typed.text("reason"), "since": since, "until": last + timedelta(days=1) if last else None}
    typed.check()
    return command(kind, typed, places, **content)


def command(kind: type[C], typed: Typed, places: Mapping[str, str] | None = None, **content: Any) -> C:
    """Raises: Invalid, with the place of each field that the command does not take."""

    def field(place: Place) -> str:
        at = ".".join(map(str, place))
        return (places or {}).get(at, at.rpartition(".")[2] or "last")

    return forms.made(kind, {"key": key_typed(typed.raw("key")), **content}, at=field)


def rescind_sheet(act: RecordedAct, back: str, section: str) -> Sheet:
    return Sheet(
        N_("Rescind an act"),
        N_("Rescind"),
        back,
        (
            Field("reason", N_("Ground"), hint=N_("Order, application, or what was mistaken: it stays in the record.")),
            Field("key", "", "hidden", str(uuid4())),
        ),
        lead=N_("What the act recorded no longer holds, and what it superseded holds again. Both stay in the record."),
        about=f"№ {act.id}, {day_string(act.at.date())}",
        danger=True,
        layout="base.html",
        section=section,
    )


def rescinding(typed: Typed) -> RescindAct:
    """Raises: Invalid."""
    reason = typed.text("reason")
    typed.check()
    return command(RescindAct, typed, reason=reason)


def chosen(numbers: Sequence[int], text: str) -> int | None:
    """A number of an address, where it is one of those there are."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 and int(text) in numbers else None
