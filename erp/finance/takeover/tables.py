from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from ledger.tables import metadata


def _own_id() -> tuple[Column[int], Column[int]]:
    return (
        Column("organisation_id", Integer, primary_key=True, autoincrement=False),
        Column("id", Integer, primary_key=True, autoincrement=True),
    )


def _row_of_file() -> tuple[Column[int], Column[int], Column[int]]:
    return (
        Column("organisation_id", Integer, primary_key=True, autoincrement=False),
        Column("file_id", Integer, primary_key=True, autoincrement=False),
        Column("row_no", Integer, primary_key=True, autoincrement=False),
    )


def _of(table: str, *columns: str) -> ForeignKeyConstraint:
    """A key into a table of the slice by its primary key."""
    own = {"finance_takeover": ("id",), "finance_takeover_file": ("id",), "finance_takeover_side": ("id",)}
    there = own.get(table, ("takeover_id", "code"))
    return ForeignKeyConstraint(
        ["organisation_id", *columns], [f"{table}.organisation_id", *(f"{table}.{name}" for name in there)]
    )


def _decided(by: str, at: str) -> tuple[Column[int], Column[int], Column[str], Column[object]]:
    return (
        Column(by, Integer, nullable=False),
        Column("on_behalf_of", Integer),
        Column("origin", Text, nullable=False),
        Column(at, DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    )


takeover = Table(
    "finance_takeover",
    metadata,
    *_own_id(),
    Column("starts_on", Date, nullable=False),
    Column("source_program", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'under-way'")),
    Column("begun_by", Integer, nullable=False),
    Column("origin", Text, nullable=False),
    Column("begun_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Index(
        "finance_takeover_one_under_way",
        "organisation_id",
        unique=True,
        postgresql_where=text("state = 'under-way'"),
    ),
)

file = Table(
    "finance_takeover_file",
    metadata,
    *_own_id(),
    Column("takeover_id", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("first_on", Date),
    Column("last_on", Date),
    Column("head_row", Integer, nullable=False),
    Column("recognised", JSONB, nullable=False),
    Column("row_count", Integer, nullable=False),
    Column("amount_tiyn", Numeric(24), nullable=False),
    Column("taken_by", Integer, nullable=False),
    Column("origin", Text, nullable=False),
    Column("taken_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("set_aside_by", Integer),
    Column("set_aside_at", DateTime(timezone=True)),
    _of("finance_takeover", "takeover_id"),
    Index(
        "finance_takeover_file_once",
        "organisation_id",
        "takeover_id",
        "kind",
        "sha256",
        unique=True,
        postgresql_where=text("set_aside_at IS NULL"),
    ),
)

account = Table(
    "finance_takeover_account",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("takeover_id", Integer, primary_key=True, autoincrement=False),
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("nature", Text, nullable=False),
    Column("off_balance", Boolean, nullable=False),
    Column("subconto", ARRAY(Text), nullable=False),
    _of("finance_takeover", "takeover_id"),
)

side = Table(
    "finance_takeover_side",
    metadata,
    *_own_id(),
    Column("takeover_id", Integer, nullable=False),
    Column("account", Text, nullable=False),
    Column("subconto", ARRAY(Text), nullable=False),
    UniqueConstraint("organisation_id", "takeover_id", "account", "subconto"),
    _of("finance_takeover_account", "takeover_id", "account"),
)

balance = Table(
    "finance_takeover_balance",
    metadata,
    *_row_of_file(),
    Column("side_id", Integer, nullable=False),
    Column("depth", SmallInteger, nullable=False),
    Column("counted", Boolean, nullable=False),
    *(
        Column(name, BigInteger, nullable=False)
        for name in (
            "opening_debit_tiyn",
            "opening_credit_tiyn",
            "debit_tiyn",
            "credit_tiyn",
            "closing_debit_tiyn",
            "closing_credit_tiyn",
        )
    ),
    Column("opening_quantity_milli", BigInteger),
    Column("cells", ARRAY(Text), nullable=False),
    Column("opening_currency_minor", BigInteger),
    _of("finance_takeover_file", "file_id"),
    _of("finance_takeover_side", "side_id"),
    Index("finance_takeover_balance_by_side", "organisation_id", "side_id"),
)

posting = Table(
    "finance_takeover_posting",
    metadata,
    *_row_of_file(),
    Column("document_row", Integer, nullable=False),
    Column("no", SmallInteger, nullable=False),
    Column("effective_on", Date),
    Column("document", Text, nullable=False),
    Column("document_number", Text, nullable=False),
    Column("document_on", Date),
    Column("memo", Text, nullable=False),
    Column("debit_side_id", Integer),
    Column("credit_side_id", Integer),
    Column("amount_tiyn", BigInteger),
    *(
        Column(f"{side}_{measure}", BigInteger)
        for measure in ("quantity_milli", "currency_minor")
        for side in ("debit", "credit")
    ),
    Column("fault", JSONB),
    Column("cells", ARRAY(Text), nullable=False),
    _of("finance_takeover_file", "file_id"),
    _of("finance_takeover_side", "debit_side_id"),
    _of("finance_takeover_side", "credit_side_id"),
    Index("finance_takeover_posting_by_day", "organisation_id", "file_id", "effective_on"),
    Index("finance_takeover_posting_by_debit", "organisation_id", "debit_side_id"),
    Index("finance_takeover_posting_by_credit", "organisation_id", "credit_side_id"),
)

counterparty = Table(
    "finance_takeover_counterparty",
    metadata,
    *_row_of_file(),
    *(Column(name, Text, nullable=False) for name in ("name", "full_name", "code", "iban", "bank")),
    Column("cells", ARRAY(Text), nullable=False),
    _of("finance_takeover_file", "file_id"),
)

mapping = Table(
    "finance_takeover_mapping",
    metadata,
    *_own_id(),
    Column("takeover_id", Integer, nullable=False),
    Column("account", Text, nullable=False),
    Column("ours", Text, nullable=False),
    Column("dimensions", ARRAY(Text), nullable=False),
    Column("fixed", JSONB, nullable=False),
    Column("score", SmallInteger),
    Column("why", Text, nullable=False),
    *_decided("decided_by", "decided_at"),
    _of("finance_takeover_account", "takeover_id", "account"),
    Index("finance_takeover_mapping_latest", "organisation_id", "takeover_id", "account", "id"),
)

value = Table(
    "finance_takeover_value",
    metadata,
    *_own_id(),
    Column("takeover_id", Integer, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("dimension", "said", "code", "why")),
    *_decided("decided_by", "decided_at"),
    _of("finance_takeover", "takeover_id"),
    Index("finance_takeover_value_latest", "organisation_id", "takeover_id", "dimension", "said", "id"),
)

word = Table(
    "finance_takeover_word",
    metadata,
    *_own_id(),
    Column("takeover_id", Integer, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    *_decided("decided_by", "decided_at"),
    _of("finance_takeover", "takeover_id"),
    Index("finance_takeover_word_latest", "organisation_id", "takeover_id", "before", "id"),
)

batch = Table(
    "finance_takeover_batch",
    metadata,
    *_own_id(),
    Column("takeover_id", Integer, nullable=False),
    Column("file_id", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("month", Date, nullable=False),
    Column("key", Uuid, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("postings", Integer, nullable=False),
    Column("amount_tiyn", Numeric(24), nullable=False),
    Column("rows_left", Integer, nullable=False),
    *_decided("actor_id", "posted_at"),
    UniqueConstraint("organisation_id", "key"),
    _of("finance_takeover", "takeover_id"),
    _of("finance_takeover_file", "file_id"),
    Index("finance_takeover_batch_by_takeover", "organisation_id", "takeover_id"),
)

explanation = Table(
    "finance_takeover_explanation",
    metadata,
    *_own_id(),
    Column("takeover_id", Integer, nullable=False),
    Column("file_id", Integer, nullable=False),
    Column("account", Text, nullable=False),
    Column("codes", ARRAY(Text), nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in ("opening_tiyn", "debit_tiyn", "credit_tiyn")),
    Column("reason", Text, nullable=False),
    *_decided("explained_by", "explained_at"),
    _of("finance_takeover", "takeover_id"),
    _of("finance_takeover_file", "file_id"),
    Index("finance_takeover_explanation_by_file", "organisation_id", "file_id"),
)

agreement = Table(
    "finance_takeover_agreement",
    metadata,
    *_own_id(),
    Column("takeover_id", Integer, nullable=False),
    Column("file_id", Integer, nullable=False),
    Column("sides", Integer, nullable=False),
    Column("turnover_tiyn", Numeric(24), nullable=False),
    *_decided("agreed_by", "agreed_at"),
    _of("finance_takeover", "takeover_id"),
    _of("finance_takeover_file", "file_id"),
    Index("finance_takeover_agreement_by_file", "organisation_id", "file_id"),
)
