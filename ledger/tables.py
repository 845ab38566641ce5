"""Tables of the kernel, as the migrations leave them; the shared ``metadata`` of the one schema."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE
from sqlalchemy.types import UserDefinedType

metadata = MetaData()


class Xid8(UserDefinedType[int]):
    """A transaction id that does not wrap around."""

    cache_ok = True

    def get_col_spec(self, **kw: object) -> str:
        return "xid8"


account = Table(
    "ledger_account",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("code", Text, nullable=False),
    Column("parent_id", Integer, ForeignKey("ledger_account.id")),
    Column("name_kk", Text, nullable=False),
    Column("name_ru", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("normal_side", Text, nullable=False),
    Column("postable", Boolean, nullable=False),
    Column("mandatory", Integer, nullable=False, server_default=text("0")),
    Column("permitted", Integer, nullable=False, server_default=text("0")),
    Column("keeps_quantity", Boolean, nullable=False, server_default=text("false")),
    Column("in_force", DATERANGE, nullable=False, server_default=text("'(,)'")),
    Column("source", Text, nullable=False, server_default=text("''")),
    Column("confidence", Text, nullable=False),
    Column("role", Text, nullable=False, server_default=text("''")),
)

journal = Table(
    "ledger_journal",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=True),
    Column("code", Text, nullable=False, unique=True),
    Column("name_kk", Text, nullable=False),
    Column("name_ru", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("confidence", Text, nullable=False),
)

classification = Table(
    "ledger_classification",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("programme", Text, nullable=False),
    Column("specific", Text, nullable=False),
    Column("source", Text, nullable=False),
    UniqueConstraint("programme", "specific", "source"),
)

_FINE_DIMENSIONS = ("counterparty", "contract", "item", "project", "person", "currency")

subaccount = Table(
    "ledger_subaccount",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("account_id", Integer, ForeignKey("ledger_account.id"), nullable=False),
    Column("classification_id", Integer, ForeignKey("ledger_classification.id"), nullable=False),
    *(Column(name, Text, nullable=False) for name in _FINE_DIMENSIONS),
    Column("filled", Integer, nullable=False),
    Column("usable", DATERANGE, nullable=False),
    Column("off_balance", Boolean, nullable=False),
    UniqueConstraint("organisation_id", "account_id", "classification_id", *_FINE_DIMENSIONS),
    Index("ledger_subaccount_by_counterparty", "counterparty", postgresql_where=text("counterparty <> ''")),
)

side = Table(  # a view: subaccounts with all their dimensions in one row
    "ledger_side",
    metadata,
    Column("organisation_id", Integer),
    Column("id", Integer),
    Column("account_id", Integer),
    Column("classification_id", Integer),
    *(Column(name, Text) for name in ("programme", "specific", "source", *_FINE_DIMENSIONS)),
    info={"is_view": True},
)

book = Table(
    "ledger_book",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False),
)

group_balance = Table(
    "ledger_group_balance",
    metadata,
    Column("group_id", Integer, primary_key=True, autoincrement=False),
    Column("account_id", Integer, primary_key=True, autoincrement=False),
    Column("classification_id", Integer, primary_key=True, autoincrement=False),
    Column("month", Date, primary_key=True),
    Column("kind", SmallInteger, primary_key=True, autoincrement=False),
    Column("debit_tiyn", Numeric(24), nullable=False),
    Column("credit_tiyn", Numeric(24), nullable=False),
)

epoch = Table(
    "ledger_epoch",
    metadata,
    Column("no", Integer, primary_key=True, autoincrement=False),
    Column("since", Xid8, nullable=False),
    Column("until", Xid8, nullable=False),
    Column("postings", BigInteger, nullable=False),
)

group_history = Table(
    "ledger_group_history",
    metadata,
    Column("group_id", Integer, primary_key=True, autoincrement=False),
    Column("epoch_no", Integer, primary_key=True, autoincrement=False),
    Column("account_id", Integer, primary_key=True, autoincrement=False),
    Column("classification_id", Integer, primary_key=True, autoincrement=False),
    Column("month", Date, primary_key=True),
    Column("kind", SmallInteger, primary_key=True, autoincrement=False),
    Column("debit_tiyn", Numeric(24), nullable=False),
    Column("credit_tiyn", Numeric(24), nullable=False),
)

edition = Table(
    "ledger_edition",
    metadata,
    Column("single", Boolean, primary_key=True, server_default=text("true")),
    Column("edition", BigInteger, nullable=False),
)

period = Table(
    "ledger_period",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("month", Date, primary_key=True),
    Column("state", Text, nullable=False, server_default=text("'open'")),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("changed_by", Integer, nullable=False),
)

period_change = Table(
    "ledger_period_change",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("month", Date, nullable=False),
    Column("was", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor_id", Integer, nullable=False),
    Column("origin", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("on_behalf_of", Integer, server_default=text("ledger_on_behalf_of()")),
    Column("recorded_xid", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
    Index("ledger_period_change_by_xid", "recorded_xid"),
    ForeignKeyConstraint(["organisation_id", "month"], ["ledger_period.organisation_id", "ledger_period.month"]),
)

year = Table(
    "ledger_year",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("fiscal_year", Integer, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("result_tiyn", BigInteger),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("changed_by", Integer, nullable=False),
)

year_change = Table(
    "ledger_year_change",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("fiscal_year", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("key", Uuid, nullable=False),
    Column("content_hash", LargeBinary, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("postings", Integer, nullable=False),
    Column("result_tiyn", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor_id", Integer, nullable=False),
    Column("origin", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("on_behalf_of", Integer, server_default=text("ledger_on_behalf_of()")),
    Column("recorded_xid", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
    Index("ledger_year_change_by_xid", "recorded_xid"),
    UniqueConstraint("organisation_id", "key"),
    ForeignKeyConstraint(
        ["organisation_id", "fiscal_year"], ["ledger_year.organisation_id", "ledger_year.fiscal_year"]
    ),
)

number = Table(
    "ledger_number",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("journal_id", SmallInteger, ForeignKey("ledger_journal.id"), primary_key=True, autoincrement=False),
    Column("fiscal_year", Integer, primary_key=True, autoincrement=False),
    Column("last_number", BigInteger, nullable=False),
    Column("guarded", Boolean, nullable=False, server_default=text("false")),
    Column("policed", Boolean, nullable=False, server_default=text("false")),
)

command = Table(
    "ledger_command",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("key", Uuid, primary_key=True),
    Column("content_hash", LargeBinary, nullable=False),
    Column("entry_id", BigInteger, nullable=False),
    Column("fiscal_year", Integer, nullable=False),
    Column("action", Text, nullable=False),
    Column("actor_id", Integer, nullable=False),
    Column("origin", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("on_behalf_of", Integer, server_default=text("ledger_on_behalf_of()")),
    Index("ledger_command_by_entry", "entry_id"),
    Index("ledger_command_by_instant", "organisation_id", "at"),
)

entry = Table(
    "ledger_entry",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("fiscal_year", Integer, primary_key=True, autoincrement=False),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("journal_id", SmallInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("balance_kind", SmallInteger, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_xid", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
    Column("actor_id", Integer, nullable=False),
    Column("memo", Text, nullable=False),
    Column("document_number", Text, nullable=False, server_default=text("''")),
    Column("document_on", Date),
    Column("source_kind", Text, nullable=False),
    Column("source_id", BigInteger),
    Column("source_line", Integer),
    UniqueConstraint("organisation_id", "fiscal_year", "journal_id", "number"),
    Index("ledger_entry_by_day", "organisation_id", "effective_on", "id"),
    Index("ledger_entry_by_xid", "recorded_xid"),
)

posting = Table(
    "ledger_posting",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("fiscal_year", Integer, primary_key=True, autoincrement=False),
    Column("entry_id", BigInteger, primary_key=True, autoincrement=False),
    Column("no", SmallInteger, primary_key=True, autoincrement=False),
    Column("effective_on", Date, nullable=False),
    Column("debit_id", Integer, nullable=False),
    Column("credit_id", Integer, nullable=False),
    Column("amount_tiyn", BigInteger, nullable=False),
    Column("memo", Text),
    Column("debit_quantity_milli", BigInteger),
    Column("credit_quantity_milli", BigInteger),
    Column("debit_currency_minor", BigInteger),
    Column("credit_currency_minor", BigInteger),
    CheckConstraint("amount_tiyn <> 0"),
    CheckConstraint("debit_id <> credit_id"),
    Index("ledger_posting_by_debit", "organisation_id", "debit_id", "effective_on"),
    Index("ledger_posting_by_credit", "organisation_id", "credit_id", "effective_on"),
)

correction = Table(
    "ledger_correction",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("entry_id", BigInteger, primary_key=True, autoincrement=False),
    Column("fiscal_year", Integer, nullable=False),
    Column("by_entry_id", BigInteger, nullable=False),
    Column("by_fiscal_year", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("through_earlier_years", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("organisation_id", "by_entry_id"),
    ForeignKeyConstraint(
        ["organisation_id", "fiscal_year", "entry_id"],
        ["ledger_entry.organisation_id", "ledger_entry.fiscal_year", "ledger_entry.id"],
    ),
    ForeignKeyConstraint(
        ["organisation_id", "by_fiscal_year", "by_entry_id"],
        ["ledger_entry.organisation_id", "ledger_entry.fiscal_year", "ledger_entry.id"],
    ),
)

balance = Table(
    "ledger_balance",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("subaccount_id", Integer, primary_key=True, autoincrement=False),
    Column("month", Date, primary_key=True),
    Column("kind", SmallInteger, primary_key=True, autoincrement=False),
    Column("debit_tiyn", BigInteger, nullable=False),
    Column("credit_tiyn", BigInteger, nullable=False),
    *(
        Column(name, BigInteger, nullable=False, server_default=text("0"))
        for name in (
            "debit_quantity_milli",
            "credit_quantity_milli",
            "debit_currency_minor",
            "credit_currency_minor",
        )
    ),
)

account_balance = Table(
    "ledger_account_balance",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("account_id", Integer, primary_key=True, autoincrement=False),
    Column("classification_id", Integer, primary_key=True, autoincrement=False),
    Column("month", Date, primary_key=True),
    Column("kind", SmallInteger, primary_key=True, autoincrement=False),
    Column("debit_tiyn", BigInteger, nullable=False),
    Column("credit_tiyn", BigInteger, nullable=False),
)

block = Table(
    "ledger_block",
    metadata,
    Column("no", BigInteger, primary_key=True, autoincrement=False),
    Column("watermark", Xid8, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("sealed_at", DateTime(timezone=True), nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("codes", LargeBinary, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("events", Integer),
    Column("trail", LargeBinary),
    Index("ledger_block_by_instant", "sealed_at"),
    Index("ledger_block_without_trail", "watermark", postgresql_where=text("trail IS NULL")),
)

leaf = Table(
    "ledger_leaf",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("fiscal_year", Integer, primary_key=True, autoincrement=False),
    Column("entry_id", BigInteger, primary_key=True, autoincrement=False),
    Column("block_no", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("leaf_no", Integer, nullable=False),
    Column("journal_id", SmallInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("ledger_leaf_by_block", "block_no", postgresql_using="brin"),
)

trail_leaf = Table(
    "ledger_trail_leaf",
    metadata,
    Column("source", Text, primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("block_no", BigInteger, nullable=False),
    Column("leaf_no", Integer, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("ledger_trail_leaf_by_block", "block_no", postgresql_using="brin"),
)

known_through = Table(
    "ledger_known_through",
    metadata,
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    Column("instant", DateTime(timezone=True), nullable=False, server_default=text("'-infinity'")),
)

sealed_code = Table(
    "ledger_sealed_code",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("block_no", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Index("ledger_sealed_code_by_block", "block_no", postgresql_using="brin"),
)

stage = Table(
    "ledger_stage",
    metadata,
    Column("batch", Uuid, primary_key=True),
    Column("row_no", Integer, primary_key=True, autoincrement=False),
    Column("entry_no", Integer, nullable=False),
    Column("no", SmallInteger, nullable=False),
    Column("journal_id", SmallInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("memo", Text, nullable=False),
    Column("document_number", Text, nullable=False),
    Column("document_on", Date),
    Column("source_line", Integer),
    Column("debit_id", Integer, nullable=False),
    Column("credit_id", Integer, nullable=False),
    Column("amount_tiyn", BigInteger, nullable=False),
    Column("line_memo", Text),
    Column("debit_quantity_milli", BigInteger),
    Column("credit_quantity_milli", BigInteger),
    Column("debit_currency_minor", BigInteger),
    Column("credit_currency_minor", BigInteger),
    prefixes=["UNLOGGED"],
)
