"""Whether the program answers, and whether it reaches its database."""

from litestar import get
from sqlalchemy import text

from api.security import Visitor
from erp.reference.access.model import Permission


@get("/healthz", opt={"policy": Permission.PUBLIC}, sync_to_thread=True, include_in_schema=False)
def health(visit: Visitor) -> dict[str, str]:
    visit.read(lambda uow: uow.execute(text("SELECT 1")))
    return {"status": "ok"}
