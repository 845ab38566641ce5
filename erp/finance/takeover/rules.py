"""What may be asked of a takeover."""

from erp.base.errors import Conflict, NotFound, RuleViolated
from erp.base.i18n import N_

SOURCE = "takeover"


class TakeoverUnknown(NotFound):
    code = "takeover-unknown"
    template = N_("There is no such takeover in these books.")


class TakeoverUnderWay(Conflict):
    code = "takeover-under-way"
    template = N_("A takeover from {program} is under way already. Finish it, or give it up first.")


class TakeoverEnded(Conflict):
    code = "takeover-ended"
    template = N_("This takeover is over: nothing is added to it any more.")


class NotFirstOfMonth(RuleViolated):
    code = "takeover-not-first-of-month"
    template = N_("Books are taken over on the first day of a month; {day} is none.")


class FileUnknown(NotFound):
    code = "takeover-file-unknown"
    template = N_("There is no such file in this takeover.")
