"""A row's cells, read by what their columns mean."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TypeVar

from erp.base.dates import DateInterval, IntervalReversed, day_string
from erp.base.errors import DomainError, RuleViolated
from erp.base.sheets.heads import fold
from erp.base.sheets.values import has_failed
from erp.hr.intake import rules
from erp.hr.intake.fields import GROUPS, SCHEDULES
from erp.hr.intake.model import Intake, Said
from erp.hr.personnel.model import Claim, Name, ScheduleKind
from erp.hr.personnel.rules import BornTooLate, minutes_of
from erp.hr.staffing.model import StaffGroup
from erp.hr.staffing.rules import ShareMalformed, share_of

T = TypeVar("T")

_WHOLE = 100  # hundredths of a post
_MOST_OF_A_POST = 1000  # hundredths that one appointment may hold


class Cells:
    """A row's cells read by what their columns mean; faults are gathered by column."""

    def __init__(self, texts: tuple[str, ...], places: Mapping[str, int], intake: Intake) -> None:
        self._texts, self._places, self._settings = texts, places, intake.settings
        self.faults: dict[int, DomainError] = {
            at: rules.CellFailed(text=texts[at]) for at in places.values() if has_failed(texts[at])
        }

    def text(self, name: str) -> str:
        at = self._places.get(name)
        return self._texts[at] if at is not None else ""

    def needed(self, name: str) -> str:
        """Raises: CellNeeded."""
        text = self.text(name)
        if not text:
            raise rules.CellNeeded()
        return text

    def refuse(self, fault: DomainError, *names: str) -> None:
        """Put a fault at the first of the columns that there is, else at the row."""
        self.faults.setdefault(next((self._places[name] for name in names if name in self._places), -1), fault)

    def read(self, read: Callable[[], T], *names: str) -> T | None:
        try:
            return read()
        except RuleViolated as fault:
            self.refuse(fault, *names)
            return None

    def said(self) -> Said | None:
        name = self.read(self._name, "family", "name")
        since = self.read(self._since, "since")
        last = self.read(lambda: rules.day_said(self.text("last")), "last") if self.text("last") else None
        birth_on = (
            self.read(lambda: rules.day_said(self.text("birth_on")), "birth_on") if self.text("birth_on") else None
        )
        identity = self.read(lambda: rules.identity_said(self.text("identity")), "identity")
        percent = self.read(self._percent, "share")
        group = self.read(self._group, "staff_group")
        schedule = self.read(self._schedule, "schedule")
        minutes = self.read(lambda: self._minutes(schedule), "hours", "schedule")
        category = self.read(lambda: rules.text_said(self.text("category"), rules.CODE), "category")
        number = self.read(lambda: rules.text_said(self.text("number"), rules.CODE), "number")
        if since and last and last < since:
            self.refuse(IntervalReversed(first=day_string(since), last=day_string(last)), "last")
        if since and birth_on and birth_on >= since:
            self.refuse(BornTooLate(born=birth_on), "birth_on")
        if self.faults:
            return None
        assert name
        assert since
        assert percent
        assert group
        assert schedule
        return Said(
            name,
            birth_on,
            identity or "",
            self.text("unit"),
            self.text("above"),
            self.text("post"),
            category or "",
            group,
            percent,
            DateInterval(since, last + timedelta(days=1) if last else None),
            schedule,
            minutes or (),
            number or "",
        )

    def claim(self) -> Claim | None:
        """The row's identity number and name; none where one of them is missing or malformed."""
        try:
            identity = rules.identity_said(self.text("identity"))
            return (identity, str(self._name())) if identity else None
        except RuleViolated:
            return None

    def _name(self) -> Name:
        if self.text("family"):
            return rules.name_of(self.text("family"), self.text("given"), self.text("patronymic"))
        return rules.name_said(self.needed("name"))

    def _since(self) -> date:
        text = self.text("since")
        if not text and self._settings.since is not None:
            return self._settings.since
        return rules.day_said(self.needed("since"))

    def _percent(self) -> int:
        text = self.text("share")
        percent = share_of(text) if text else _WHOLE
        if percent > _MOST_OF_A_POST:
            raise ShareMalformed(text=rules.masked(text))
        return percent

    def _group(self) -> StaffGroup:
        text = self.text("staff_group")
        if not text:
            return self._settings.staff_group
        if (group := GROUPS.get(fold(text))) is None:
            raise rules.GroupUnknown(text=rules.masked(text))
        return group

    def _schedule(self) -> ScheduleKind:
        text = self.text("schedule")
        if not text:
            return ScheduleKind.FIVE_DAY
        if (kind := SCHEDULES.get(fold(text))) is None:
            raise rules.ScheduleUnknown(text=rules.masked(text))
        return kind

    def _minutes(self, schedule: ScheduleKind | None) -> tuple[int, ...]:
        text = self.text("hours")
        if schedule is None or (not text and schedule is ScheduleKind.FIVE_DAY):
            return ()
        if not text:
            raise rules.HoursNeeded()
        return minutes_of(text, schedule)
