"""The browser and the system that a program names itself by (User-Agent), in words that its person knows."""

import re

_BROWSERS = (
    ("YaBrowser/", "Yandex Browser"),
    ("OPR/", "Opera"),
    ("Edg", "Edge"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""By what each says of itself; those that also call themselves what others are stand before these."""
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_PROGRAM = re.compile(r"[\w.-]{1,40}(?=/|$)")


def in_words(agent: str) -> str:
    """``Chrome, Windows``; of what is no browser its first name, and nothing where it has none.

    >>> in_words("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
    'Firefox, Linux'
    >>> in_words("curl/8.5.0")
    'curl'
    """
    known = [next((name for mark, name in marks if mark in agent), "") for marks in (_BROWSERS, _SYSTEMS)]
    if known[0]:
        return ", ".join(filter(None, known))
    program = _PROGRAM.match(agent)
    return program[0] if program and program[0] != "Mozilla" else known[1]
