"""Which rights the program itself has over its database."""

from pathlib import Path

import psycopg
import pytest

from qazyna.database import migrated_database
from qazyna.settings import Settings


def test_the_applications_session_has_no_way_back_to_the_owner(data_folder: Path) -> None:
    with migrated_database(Settings(data=data_folder)) as found, psycopg.connect(found.application) as session:
        for escape in ("SELECT set_config('role', 'none', false)", "RESET ROLE", "RESET SESSION AUTHORIZATION"):
            session.execute(escape)
            assert session.execute("SELECT current_user, session_user").fetchone() == ("qazyna_app", "qazyna_app")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("SET ROLE qazyna")
        session.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("DELETE FROM ledger_posting")
