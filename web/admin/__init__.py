"""The administrator's pages: people, organisations, and how the system stands.

``routes`` gathers those of every module here; each has its link in ``templates/admin/base.html``.
"""

from web.admin import audit, counterparties, health, jobs, organisations, overview, packages, users

routes = [
    *overview.routes,
    *users.routes,
    *organisations.routes,
    *counterparties.routes,
    *audit.routes,
    *jobs.routes,
    *packages.routes,
    *health.routes,
]

__all__ = ["routes"]
