"""Takes the pictures of the documentation: ``python -m docs.screenshots`` (``make screenshots``).

Loads the demonstration into a throw-away database, serves it, and drives headless Chromium through the pages.
"""

import threading
from dataclasses import dataclass
from pathlib import Path

from granian.constants import Interfaces
from playwright.sync_api import Browser, sync_playwright
from rich.progress import Progress

from qazyna import demonstration
from qazyna.browser import BROWSER_FLAGS, find_browser
from qazyna.migrate import upgrade
from qazyna.postgres import EmbeddedPostgres, temporary_data
from qazyna.serve import serve
from qazyna.settings import Settings

PICTURES = Path(__file__).with_name("screenshots")
DESKTOP, PHONE = (1440, 900), (375, 812)
