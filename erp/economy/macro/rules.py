from erp.base.errors import NotFound


class SeriesUnknown(NotFound):
    code = "series-unknown"
    template = "No such series is loaded. Series come with the data package “macro”."
