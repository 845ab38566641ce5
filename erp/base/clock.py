"""What time it is: the one zone of the country, and its calendar day."""

from datetime import date, datetime, timedelta, timezone

LOCAL_TIME = timezone(timedelta(hours=5))  # the whole country, since 1 March 2024


def now() -> datetime:
    """This instant, in the country's time."""
    return datetime.now(LOCAL_TIME)


def today() -> date:
    """The calendar day in Kazakhstan."""
    return now().date()
