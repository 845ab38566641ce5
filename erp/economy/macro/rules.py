from erp.base.errors import Conflict, NotFound


class SeriesUnknown(NotFound):
    code = "series-unknown"
    template = "No such series is loaded. Series come with the data package “macro”."


class SaidToday(Conflict):
    code = "series-said-today"
    template = "This series was said today already, with other values. What was said stays; say it anew tomorrow."
