from sqlalchemy import CheckConstraint, Column, Computed, Index, Table, Text, text
from sqlalchemy.dialects.postgresql import DATERANGE

from ledger.tables import metadata

counterparty = Table(
    "reference_counterparty",
    metadata,
    Column("code", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name_kk", Text, nullable=False),
    Column("name_ru", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("in_force", DATERANGE, nullable=False, server_default=text("'(,)'")),
    Column(
        "search_text",
        Text,
        Computed("base_search_fold(code || ' ' || name_kk || ' ' || name_ru || ' ' || name_en)", persisted=True),
        nullable=False,
    ),
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
