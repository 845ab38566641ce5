"""Text for files that a spreadsheet opens."""

_RUN = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell begins with that a spreadsheet takes for a formula."""


def inert(text: str) -> str:
    """The text with an apostrophe, which is seen, before what a spreadsheet would run; any other as it is."""
    return f"'{text}" if text.lstrip(" ").startswith(_RUN) else text
