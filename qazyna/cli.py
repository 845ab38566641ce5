"""The command line: ``qazyna COMMAND``."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from alembic.util import CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from erp.base import uow
from erp.base.clock import today
from erp.base.dates import parse_month
from erp.base.db import APPLICATION_ROLE, make_engine
from erp.base.errors import DomainError
from erp.base.i18n import N_, Language
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.finance.journal import service as journal
from erp.finance.journal.imports.errors import ImportRefused
from erp.finance.journal.imports.model import ImportProgress, ImportResult, Phase
from erp.finance.journal.imports.service import import_journal as run_import
from erp.reference.access import service as access
from erp.reference.access.model import Permission, Role
from erp.reference.access.policy import OrganisationUnknown, authorise
from erp.reference.organisations import service as organisations
from erp.reference.organisations.model import Organisation
from erp.reference.packages import rules as package_rules
from erp.reference.packages import service as packages
from erp.reference.packages.model import Loaded
from ledger.errors import LedgerError
from qazyna import demonstration
from qazyna.database import Database, first_line, migrated_database
from qazyna.errors import StartupError
from qazyna.serve import require_free_port
from qazyna.serve import serve as run_server
from qazyna.settings import Settings
from web.i18n import Speech, money, speech

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Qazyna: resource planning for public institutions.",
)
imports = typer.Typer(no_args_is_help=True, help="Bring in what was made elsewhere.")
users = typer.Typer(no_args_is_help=True, help="People who sign in.")
app.add_typer(imports, name="import")
app.add_typer(users, name="user")

out, err = (
    Console(highlight=False, markup=False, soft_wrap=True),
    Console(stderr=True, highlight=False, markup=False, soft_wrap=True),
)

OrganisationOption = Annotated[str, typer.Option("--organisation", help="BIN of the institution.")]
LoginOption = Annotated[str, typer.Option("--as", help="Login of the person in whose name it is done.")]
MonthArgument = Annotated[str, typer.Argument(help="Like 2026-10.")]


def main() -> None:
    """Run a command.  Whatever is refused is one sentence and exit code 1."""
    signal.signal(signal.SIGTERM, _leave)  # an orderly way out: the embedded server is stopped on it
    try:
        app(standalone_mode=False)
    except (StartupError, DomainError, LedgerError) as refusal:
        err.print(_speech().refusal(refusal), style="red")
        sys.exit(1)
    except (DBAPIError, CommandError) as failure:
        sentence = _("The database did not do as asked: {reason}", reason=first_line(failure))
        err.print(sentence, style="red")
        sys.exit(1)
    except typer.Exit as leaving:
        sys.exit(leaving.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(130)
    except typer.TyperException as mistyped:
        err.print(str(mistyped), style="red")
        sys.exit(2)


def _leave(*signal_and_frame: object) -> None:
    sys.exit(143)


# ------------------------------------------------------------------------------------------------ running


@app.command()
def demo() -> None:
    """Start with a demonstration oblast loaded; Ctrl-C stops everything."""
    settings = Settings.read()
    require_free_port(settings)
    with migrated_database(settings) as found:
        if not demonstration.is_loaded(found.owner):
            with _progress() as progress:
                demonstration.load(found.owner, progress)
        _serve(found, settings, demonstration.SIGN_INS)


@app.command()
def serve() -> None:
    """Serve pages and API until Ctrl-C."""
    settings = Settings.read()
    require_free_port(settings)
    with migrated_database(settings) as found:
        _serve(found, settings, ())


def _serve(found: Database, settings: Settings, sign_ins: tuple[demonstration.SignIn, ...]) -> None:
    def announce(address: str) -> None:
        out.print(_("Qazyna answers at {address}. Ctrl-C stops everything.", address=address), style="bold")
        if sign_ins:
            table = Table(_("login"), _("password"), _("who"), box=None, padding=(0, 3, 0, 0))
            for s in sign_ins:
                table.add_row(s.login, s.password, _(s.who))
            out.print(table)

    run_server(found, settings, announce=announce)


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema and load the data packages that come with the program."""
    with migrated_database(Settings.read()) as found, _owner(found) as connection:
        for loaded in packages.load_shipped(connection, system_scope()):
            _tell_loaded(loaded)


# ------------------------------------------------------------------------------------------------ bringing in


@imports.command("package")
def import_package(folder: Annotated[Path, typer.Argument(help="Folder with package.toml.")]) -> None:
    """Load a data package: chart of accounts, classification, journals, currencies."""
    package = package_rules.parse(folder)
    with migrated_database(Settings.read()) as found, _owner(found) as connection:
        _tell_loaded(packages.load(connection, system_scope(), package))


@imports.command("journal")
def import_journal(
    file: Annotated[Path, typer.Argument(help="CSV, xlsx, xls or ods.", exists=True, dir_okay=False)],
    organisation: OrganisationOption,
    login: LoginOption,
    refused: Annotated[Path | None, typer.Option(help="Where to write all refused rows, as CSV.")] = None,
) -> None:
    """Post a journal kept elsewhere: all of it, or nothing."""
    with migrated_database(Settings.read()) as found, _engine(found) as engine:
        scope, where = _acting(engine, login, organisation, Permission.JOURNAL_IMPORT)
        try:
            with _progress() as progress:
                result = run_import(engine, scope, where.id, file, _shown(progress))
        except ImportRefused as refusal:
            _tell_refused(refusal, refused)
            raise
    _tell_imported(result)


def _shown(progress: Progress) -> Callable[[ImportProgress], None]:
    """A bar for each phase of an import."""
    bars: dict[Phase, TaskID] = {}

    def show(at: ImportProgress) -> None:
        if at.phase not in bars:
            bars[at.phase] = progress.add_task(_(_PHASES[at.phase]))
        progress.update(bars[at.phase], completed=at.done, total=at.total)

    return show


_PHASES = {
    Phase.CHECKING: N_("checking"),
    Phase.POSTING: N_("sending"),
    Phase.BOOKING: N_("posting"),
    Phase.TYING: N_("comparing totals"),
}
_REFUSALS_SHOWN = 20


def _tell_refused(refusal: ImportRefused, report: Path | None) -> None:
    table = Table(_("line"), _("column"), _("found"), _("reason"), box=None, padding=(0, 2, 0, 0))
    for row in refusal.refused[:_REFUSALS_SHOWN]:
        table.add_row(str(row.line), row.column, row.found, _speech().refusal(row.error))
    err.print(table)
    if report is not None:
        refusal.refusals.write_csv(report, _speech().refusal)
        err.print(_("All of them are in {file}.", file=report))
    elif len(refusal.refusals) > _REFUSALS_SHOWN:
        err.print(_("These are the first {shown}; --refused FILE writes them all.", shown=_REFUSALS_SHOWN))


def _tell_imported(result: ImportResult) -> None:
    totals = result.totals
    table = Table(_("account"), *(Column(side, justify="right") for side in (_("debit"), _("credit"))), box=None)
    for turnover in totals.turnovers:
        table.add_row(turnover.account, money(turnover.debit_tiyn), money(turnover.credit_tiyn))
    out.print(table)
    facts = {"entries": totals.entries, "postings": totals.rows, "amount": money(totals.amount_tiyn)}
    out.print(_("Posted: {entries} entries, {postings} postings, {amount} ₸. The ledger ties to the file.", **facts))
    if result.columns_ignored:
        out.print(_("Columns not used: {columns}.", columns=", ".join(result.columns_ignored)))
    if result.rows_skipped:
        out.print(_("Rows passed over (totals, repeated headings): {rows}.", rows=result.rows_skipped))
    for dimension, rows in result.values_left_out.items():
        name = _speech().dimension(dimension)
        out.print(
            _("{dimension}: left out in {rows} rows, whose accounts are not kept by it.", dimension=name, rows=rows)
        )


def _tell_loaded(loaded: Loaded) -> None:
    facts = {"name": loaded.name, "edition": loaded.edition, "rows": loaded.rows, "not_verified": loaded.not_verified}
    if loaded.is_new:
        out.print(_("{name} {edition}: loaded, {rows} rows, {not_verified} of them not verified", **facts))
    else:
        out.print(_("{name} {edition}: already there, {rows} rows, {not_verified} of them not verified", **facts))


# ------------------------------------------------------------------------------------------------ periods


@app.command()
def close(month: MonthArgument, organisation: OrganisationOption, login: LoginOption) -> None:
    """Close a month: nothing more is posted into it."""
    _set_period(month, organisation, login, journal.close_month)
    out.print(_("The month {month} is closed.", month=month))


@app.command()
def reopen(month: MonthArgument, organisation: OrganisationOption, login: LoginOption) -> None:
    """Open a closed month again."""
    _set_period(month, organisation, login, journal.reopen_month)
    out.print(_("The month {month} is open.", month=month))


def _set_period(month: str, organisation: str, login: str, act: Callable[[UnitOfWork, int, date], None]) -> None:
    first = parse_month(month)
    with migrated_database(Settings.read()) as found, _engine(found) as engine:
        scope, where = _acting(engine, login, organisation, Permission.PERIOD_CLOSE)
        uow.run(engine, scope, lambda u: act(u, where.id, first))


# ------------------------------------------------------------------------------------------------ people


@users.command("add")
def add_user(
    login: str,
    name: Annotated[str, typer.Option(help="Full name.")],
    language: Annotated[Language, typer.Option(help="Language of the pages.")] = Language.KK,
) -> None:
    """Register a person; the password is asked for, or read from standard input."""
    password = typer.prompt(_("password"), hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    with migrated_database(Settings.read()) as found, _engine(found, owner=True) as engine:
        uow.run(engine, system_scope(), lambda u: access.create_user(u, login, name, password, language))
    out.print(_("{login} may sign in once a role is granted.", login=login))


@users.command("grant")
def grant_role(login: str, role: Role, organisation: OrganisationOption) -> None:
    """Give a person a role at an organisation, from today."""

    def grant(u: UnitOfWork) -> None:
        person = access.person(u, login, today())
        access.grant_role(u, person.user.id, role, _organisation(u, organisation).id, today())

    with migrated_database(Settings.read()) as found, _engine(found, owner=True) as engine:
        uow.run(engine, system_scope(), grant)
    out.print(_("{login} is now {role}.", login=login, role=role.value))


@users.command("token")
def issue_token(login: str) -> None:
    """Print a bearer token for programs that act as the person."""
    with migrated_database(Settings.read()) as found, _engine(found) as engine:
        out.print(uow.run(engine, system_scope(), lambda u: access.issue_token(u, login, today())), soft_wrap=True)


# ------------------------------------------------------------------------------------------------ common


def _(message: str, **fields: Any) -> str:
    return _speech()(message, **fields)


def _speech() -> Speech:
    """The command line's language, also where the settings are themselves at fault."""
    chosen = os.environ.get("QAZYNA_LANGUAGE", "")
    return speech(Language(chosen) if chosen in {language.value for language in Language} else Language.EN)


@contextmanager
def _engine(found: Database, *, owner: bool = False) -> Iterator[Engine]:
    address, role = (found.owner, None) if owner else (found.application, APPLICATION_ROLE)
    engine = make_engine(address, role=role, pool=2, timeouts=False)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _owner(found: Database) -> Iterator[Connection]:
    """One transaction as the owner of the tables."""
    with _engine(found, owner=True) as engine, engine.begin() as connection:
        yield connection


def _organisation(u: UnitOfWork, code: str) -> Organisation:
    found = organisations.find_by_code(u, code)
    if found is None:
        raise OrganisationUnknown()
    return found


def _acting(engine: Engine, login: str, organisation: str, permission: Permission) -> tuple[Scope, Organisation]:
    """The scope that the one policy grants a person, as for a page."""

    def find(u: UnitOfWork) -> tuple[Scope, Organisation]:
        where = _organisation(u, organisation)
        return authorise(access.person(u, login, today()), permission, where.id), where

    return uow.read(engine, system_scope(), find)


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=False) as progress:
        yield progress
