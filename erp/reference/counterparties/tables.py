from sqlalchemy import Boolean, CheckConstraint, Column, Computed, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import DATERANGE

from ledger.tables import metadata

_ALWAYS = text("'(,)'")
_SEARCH_TEXT = "base_search_fold(code || ' ' || name_kk || ' ' || name_ru || ' ' || name_en)"

counterparty = Table(
    "reference_counterparty",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name_kk", Text, nullable=False),
    Column("name_ru", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("in_force", DATERANGE, nullable=False, server_default=_ALWAYS),
    Column("search_text", Text, Computed(_SEARCH_TEXT, persisted=True), nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    CheckConstraint("reference_check_digit_holds(code)"),
    Index(
        "reference_counterparty_by_text",
        "search_text",
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
    ),
    Index("reference_counterparty_by_start_of_code", "code", postgresql_ops={"code": "text_pattern_ops"}),
    *(
        Index(
            f"reference_counterparty_by_name_{language}",
            text(f"base_kazakh_sort_key(name_{language})"),
            "code",
        )
        for language in ("kk", "ru", "en")
    ),
)

individual = Table(
    "reference_individual",
    metadata,
    Column("organisation_id", Integer, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("name_kk", Text, nullable=False),
    Column("name_ru", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("in_force", DATERANGE, nullable=False, server_default=_ALWAYS),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("search_text", Text, Computed(_SEARCH_TEXT, persisted=True), nullable=False),
)

bank_account = Table(
    "reference_bank_account",
    metadata,
    Column("organisation_id", Integer, primary_key=True),
    Column("counterparty", Text, primary_key=True),
    Column("iban", Text, primary_key=True),
    Column("bank", Text, nullable=False, server_default=text("''")),
    Column("in_use", Boolean, nullable=False, server_default=text("true")),
)
