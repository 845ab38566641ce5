"""Waiting for what will come: long, which costs nothing where nothing hangs, because a busy machine may be slow."""

import time
from collections.abc import Callable

PATIENCE = 300.0  # seconds until a test that waits for something fails


def until(holds: Callable[[], object], what: object = "what the test waits for does not come") -> None:
    """Look every few milliseconds whether it is so; ``what`` is said, or asked for, where it never is."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, what() if callable(what) else what
        time.sleep(0.01)
