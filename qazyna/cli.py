"""The command line: ``qazyna COMMAND``."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import uuid4

import typer
from alembic.util import CommandError
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from erp.base import uow
from erp.base.clock import LOCAL_TIME, today
from erp.base.dates import parse_day, parse_month
from erp.base.db import APPLICATION_ROLE, make_engine
from erp.base.errors import DomainError
from erp.base.i18n import N_, Language
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.economy.plans import service as plans
from erp.finance.approvals import service as approvals
from erp.finance.closing import service as closing
from erp.finance.journal import service as journal
from erp.finance.journal.imports.errors import ImportRefused
from erp.finance.journal.imports.model import ImportProgress, ImportResult, Phase, Refusals
from erp.finance.journal.imports.service import import_journal as run_import
from erp.finance.recoding import rules as recoding_rules
from erp.finance.recoding import service as recoding
from erp.finance.recoding.schemas import MakeRecoding
from erp.reference.access import identities
from erp.reference.access import service as access
from erp.reference.access.model import Limits, Permission, Role
from erp.reference.access.policy import OrganisationUnknown, authorise, permissions, permissions_at
from erp.reference.organisations import service as organisations
from erp.reference.organisations.model import Organisation
from erp.reference.packages import rules as package_rules
from erp.reference.packages import service as packages
from erp.reference.packages.model import Change, Loaded, Preview
from erp.reference.signatures import service as signatures
from erp.reference.signatures import trust
from erp.reference.signatures.errors import CertificateUnknown
from erp.reference.signatures.model import Outcome
from ledger import anchor as anchors
from ledger import seals
from ledger.errors import LedgerError
from ledger.model import Dimension
from ledger.verify import Fault, Head
from ledger.verify import verify as verify_seals
from qazyna import backup as backups
from qazyna.database import Database, first_line, migrated_database, seal_secrets
from qazyna.errors import StartupError
from qazyna.keys import vault_of
from qazyna.settings import Settings
from web.i18n import Speech, moment, money, speech

if TYPE_CHECKING:
    from qazyna.demonstration import SignIn

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Qazyna: resource planning for public institutions.",
)
imports = typer.Typer(no_args_is_help=True, help="Bring in what was made elsewhere.")
users = typer.Typer(no_args_is_help=True, help="People who sign in.")
trusts = typer.Typer(no_args_is_help=True, help="Certification centres whose signatures are taken.")
recodes = typer.Typer(no_args_is_help=True, help="Old codes into new ones, in everybody's books.")
app.add_typer(imports, name="import")
app.add_typer(recodes, name="recode")
app.add_typer(users, name="user")
app.add_typer(trusts, name="trust")

out, err = (
    Console(highlight=False, markup=False, soft_wrap=True),
    Console(stderr=True, highlight=False, markup=False, soft_wrap=True),
)

OrganisationOption = Annotated[str, typer.Option("--organisation", help="BIN of the institution.")]
LoginOption = Annotated[str, typer.Option("--as", help="Login of the person in whose name it is done.")]
MonthArgument = Annotated[str, typer.Argument(help="Like 2026-10.")]
YearArgument = Annotated[int, typer.Argument(help="Like 2026.", min=1991, max=2199)]
RecodingArgument = Annotated[int, typer.Argument(help="Number of the recoding.", min=1)]
ReasonOption = Annotated[str, typer.Option(help="Why, in a few words; it is kept.")]
T = TypeVar("T")


def main() -> None:
    """Run a command.  Whatever is refused is one sentence and exit code 1."""
    signal.signal(signal.SIGTERM, _leave)  # an orderly way out: the embedded server is stopped on it
    try:
        code = app(standalone_mode=False)  # typer.Exit comes back as its code
    except (StartupError, DomainError, LedgerError) as refusal:
        err.print(_speech().refusal(refusal), style="red")
        sys.exit(1)
    except (DBAPIError, CommandError) as failure:
        sentence = _("The database did not do as asked: {reason}", reason=first_line(failure))
        err.print(sentence, style="red")
        sys.exit(1)
    except (OSError, UnicodeDecodeError, ValidationError) as failure:
        err.print(_("This could not be done: {reason}", reason=_reason(failure)), style="red")
        sys.exit(1)
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(130)
    except typer.TyperException as mistyped:
        err.print(str(mistyped), style="red")
        sys.exit(2)
    sys.exit(code)


def _reason(failure: OSError | UnicodeDecodeError | ValidationError) -> str:
    if isinstance(failure, ValidationError):
        return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in failure.errors())
    if isinstance(failure, OSError) and failure.filename:
        return f"{failure.strerror}, {failure.filename}"
    return str(failure)


def _leave(*signal_and_frame: object) -> None:
    sys.exit(143)


# ------------------------------------------------------------------------------------------------ running
# Pages, API and demonstration take longer to import than all else: only what runs them does.


@app.command()
def demo() -> None:
    """Start with a demonstration oblast loaded; Ctrl-C stops everything."""
    from qazyna import demonstration
    from qazyna.serve import require_free_port

    settings = Settings.read()
    require_free_port(settings)
    with migrated_database(settings) as found:
        if not demonstration.is_loaded(found.owner):
            with _progress() as progress:
                demonstration.load(found.owner, progress, vault_of(settings))
        _serve(found, settings, demonstration.SIGN_INS)


@app.command()
def serve() -> None:
    """Serve pages and API until Ctrl-C."""
    from qazyna.serve import require_free_port

    settings = Settings.read()
    require_free_port(settings)
    with migrated_database(settings) as found:
        _serve(found, settings, ())


@app.command()
def worker() -> None:
    """Take up jobs and letters beside the serving, until Ctrl-C; as many as needed, on any machine."""
    from qazyna.serve import run_worker

    settings = Settings.read()
    with migrated_database(settings) as found:
        out.print(_("The worker waits for jobs. Ctrl-C stops it."))
        run_worker(found, settings)


def _serve(found: Database, settings: Settings, sign_ins: tuple["SignIn", ...]) -> None:
    from qazyna.serve import serve as run

    seal_secrets(found.owner, settings)

    def announce(address: str) -> None:
        out.print(_("Qazyna answers at {address}. Ctrl-C stops everything.", address=address), style="bold")
        if sign_ins:
            table = Table(_("login"), _("password"), _("who"), box=None, padding=(0, 3, 0, 0))
            for s in sign_ins:
                table.add_row(s.login, s.password, _(s.who))
            out.print(table)

    run(found, settings, announce=announce)


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema and load the data packages that come with the program."""
    settings = Settings.read()
    with migrated_database(settings) as found, _owner(found) as connection:
        seal_secrets(found.owner, settings)
        for loaded in packages.load_shipped(connection, system_scope()):
            _tell_loaded(loaded)


@app.command()
def backup(
    folder: Annotated[Path | None, typer.Argument(help="Where backups are kept; needed once, then remembered.")] = None,
    keep: Annotated[int | None, typer.Option(min=1, help="How many copies to leave; all by default.")] = None,
    status: Annotated[bool, typer.Option("--status", help="Only say how the backups stand.")] = False,
) -> None:
    """Copy the database while it serves, and keep its log: any instant since can be restored."""
    settings = Settings.read()
    if settings.database_url is not None:
        _back_up_external(settings.database_url, folder, keep, status=status)
        return
    with backups.books(settings.data) as postgres:
        if status:
            _tell_backups(backups.status(postgres))
            return
        with _phases() as show:
            base = backups.back_up(postgres, folder, keep=keep, show=show)
    out.print(_("Copied and verified: {folder}. What is done from now on is kept beside it.", folder=base.folder))


def _back_up_external(url: str, folder: Path | None, keep: int | None, *, status: bool) -> None:
    if folder is None or status:
        raise StartupError(
            N_("Of an external server, this program makes copies into a folder only: qazyna backup FOLDER.")
        )
    with _phases() as show:
        base, archives = backups.back_up_external(url, folder, keep=keep, show=show)
    out.print(_("Copied and verified: {folder}.", folder=base.folder))
    if archives:
        out.print(_("The server keeps its log by itself: its administrator can restore any instant after the copy."))
    else:
        out.print(
            _(
                "Only this instant can be restored: for later ones, the server's administrator must set"
                " archive_mode and archive_command, as the guide says."
            )
        )


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="Where backups are kept.")],
    to: Annotated[str | None, typer.Option(help="An instant, like 2026-11-22T10:15:00+05:00; the end by default.")] = (
        None
    ),
    into: Annotated[Path | None, typer.Option(help="Data folder to restore into; QAZYNA_DATA by default.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Move what is there aside.")] = False,
) -> None:
    """Bring the database back from backups, as it was at an instant, and check the books."""
    settings = Settings.read()
    if settings.database_url is not None and into is None:
        raise StartupError(
            N_("QAZYNA_DATABASE_URL names an external server: its administrator restores it, as the guide says.")
        )
    data = (into or settings.data).absolute()
    with _phases() as show:
        done = backups.restore(folder, data, to=backups.instant(to), replace=replace, show=show)
    _tell_restored(done, data)


@contextmanager
def _phases() -> Iterator[backups.Show]:
    with err.status("") as line:
        yield lambda phase: line.update(_(phase.value))


def _tell_backups(stand: backups.Status) -> None:
    newest = None if stand.newest is None else stand.newest.at
    if stand.folder is None:
        err.print(_("There are no backups: qazyna backup FOLDER begins them."), style="red")
    elif newest is None:
        err.print(_("There is no whole copy in {folder}: run qazyna backup.", folder=stand.folder), style="red")
    else:
        facts = {"folder": stand.folder, "number": stand.bases, "newest": moment(newest)}
        out.print(_("In {folder}: copies {number}, the newest of {newest}.", **facts))
        if stand.archived_at is not None:
            out.print(_("The log is kept up to {at}.", at=moment(stand.archived_at)))
    if stand.failing_since is not None:
        facts = {"since": moment(stand.failing_since), "mib": stand.waiting_bytes >> 20}
        err.print(
            _(
                "Since {since} the log does not get there, and waits on the database's disk: {mib} MiB."
                " Nothing is lost, but the disk will fill: bring the folder back, or name another.",
                **facts,
            ),
            style="red",
        )
    if not stand.is_good:
        raise typer.Exit(1)


def _tell_restored(done: backups.Restored, data: Path) -> None:
    facts: dict[str, Any] = {"until": done.until.astimezone(LOCAL_TIME).isoformat(), "entries": done.entries}
    if done.entries is None:
        out.print(
            _("Restored up to {until}. The books are of another version: qazyna migrate, then qazyna verify.", **facts)
        )
    elif done.fault is None:
        out.print(_("Restored up to {until}: {entries:entry|entries}, and the books agree.", **facts))
    if done.aside is not None:
        out.print(_("What was there before is kept in {folder}.", folder=done.aside))
    out.print(_("Its backups begin anew with qazyna backup FOLDER."))
    if done.fault is not None:
        err.print(
            _("Restored up to {until}: {entries:entry|entries}, but the books disagree.", **facts),
            _(done.fault.template, **done.fault.fields),
            style="red",
        )
        raise typer.Exit(1)


# ------------------------------------------------------------------------------------------------ bringing in


@imports.command("package")
def import_package(
    folder: Annotated[Path, typer.Argument(help="Folder with package.toml.")],
    only_look: Annotated[bool, typer.Option("--preview", help="Only say what it would change.")] = False,
) -> None:
    """Load a data package, and say what it adds, changes and ends."""
    package = package_rules.parse(folder)
    with migrated_database(Settings.read()) as found, _owner(found) as connection:
        _tell_preview(packages.preview(connection, system_scope(), package))
        if not only_look:
            _tell_loaded(packages.load(connection, system_scope(), package))


_DIFFERENCES_SHOWN = 40


def _tell_preview(preview: Preview) -> None:
    if preview.is_loaded or not preview.differences:
        return
    table = Table(_("code"), _("name"), _("what happens"), box=None, padding=(0, 2, 0, 0))
    words = {Change.ADDED: _("added"), Change.CHANGED: _("changed"), Change.ENDED: _("ended")}
    for each in preview.differences[:_DIFFERENCES_SHOWN]:
        changes = ", ".join(f"{name}: {was or '—'} → {becomes or '—'}" for name, (was, becomes) in each.fields.items())
        word = words[each.change]
        table.add_row(each.code, each.names.name(_speech().language), f"{word} ({changes})" if changes else word)
    out.print(table)
    if len(preview.differences) > _DIFFERENCES_SHOWN:
        facts = {"shown": _DIFFERENCES_SHOWN, "all": len(preview.differences)}
        out.print(_("The first {shown} of {all} are shown.", **facts))
    counts = {change.value: preview.count(change) for change in Change}
    out.print(_("Added: {added}, changed: {changed}, ended: {ended}.", **counts))


@imports.command("journal")
def import_journal(
    file: Annotated[Path, typer.Argument(help="CSV, xlsx, xls or ods.", exists=True, dir_okay=False)],
    organisation: OrganisationOption,
    login: LoginOption,
    refused: Annotated[Path | None, typer.Option(help="Where to write all refused rows, as CSV.")] = None,
    rest: Annotated[Path | None, typer.Option(help="Post what is right; write the entries that are not here.")] = None,
) -> None:
    """Post a journal kept elsewhere: all of it, or nothing; with --rest, all but what is refused."""
    with migrated_database(Settings.read()) as found, _engine(found) as engine:
        scope, where = _acting(engine, login, organisation, Permission.JOURNAL_IMPORT)
        try:
            with _progress() as progress:
                result = run_import(engine, scope, where.id, file, _shown(progress), rest, _speech().refusal)
        except ImportRefused as refusal:
            _tell_refused(refusal.refusals, refused)
            raise
    if result.refusals:
        _tell_refused(result.refusals, refused)
    _tell_imported(result)
    if result.rows_left:
        err.print(_("Not posted, and now in {file}: {rows} rows. Mend them there and import that file.",
                    file=rest, rows=result.rows_left))  # fmt: skip


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


def _tell_refused(refusals: Refusals, report: Path | None) -> None:
    table = Table(_("line"), _("column"), _("found"), _("reason"), box=None, padding=(0, 2, 0, 0))
    for row in refusals.first[:_REFUSALS_SHOWN]:
        table.add_row(str(row.line), row.column, row.found, _speech().refusal(row.error))
    err.print(table)
    if report is not None:
        refusals.write_csv(report, _speech().refusal)
        err.print(_("All of them are in {file}.", file=report))
    elif len(refusals) > _REFUSALS_SHOWN:
        err.print(_("These are the first {shown}; --refused FILE writes them all.", shown=_REFUSALS_SHOWN))


def _tell_imported(result: ImportResult) -> None:
    totals = result.totals
    table = Table(_("account"), *(Column(side, justify="right") for side in (_("debit"), _("credit"))), box=None)
    for turnover in totals.turnovers:
        table.add_row(turnover.account, money(turnover.debit_tiyn), money(turnover.credit_tiyn))
    out.print(table)
    facts = {"entries": totals.entries, "postings": totals.rows, "amount": money(totals.amount_tiyn)}
    out.print(
        _(
            "Posted: {entries:entry|entries}, {postings:posting|postings}, {amount} ₸. The ledger ties to the file.",
            **facts,
        )
    )
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
    _set_period(month, organisation, login, closing.close_month)
    out.print(_("The month {month} is closed.", month=month))


@app.command()
def restrict(month: MonthArgument, organisation: OrganisationOption, login: LoginOption) -> None:
    """Leave a month to the chief accountant: nobody else posts into it."""
    _set_period(month, organisation, login, journal.restrict_month)
    out.print(_("The month {month} is restricted: only the chief accountant posts into it.", month=month))


@app.command()
def reopen(month: MonthArgument, organisation: OrganisationOption, login: LoginOption, reason: ReasonOption) -> None:
    """Open a restricted or closed month again."""
    _set_period(month, organisation, login, lambda u, at, first: journal.reopen_month(u, at, first, reason))
    out.print(_("The month {month} is open.", month=month))


@app.command("close-year")
def close_year(year: YearArgument, organisation: OrganisationOption, login: LoginOption) -> None:
    """Bring a year's revenue and expense to zero against its result, and lock the year."""
    key = uuid4()
    done = _change_year(organisation, login, lambda u, at: closing.close_year(u, at, year, key))
    facts = {"year": year, "result": money(done.result_tiyn), "entries": done.entries, "postings": done.postings}
    out.print(
        _(
            "The year {year} is closed: result {result} ₸, {entries:entry|entries}, {postings:posting|postings}.",
            **facts,
        )
    )


@app.command("reopen-year")
def reopen_year(year: YearArgument, organisation: OrganisationOption, login: LoginOption, reason: ReasonOption) -> None:
    """Cancel the closing entries of a year; its December is left to the chief accountant then."""
    key = uuid4()
    done = _change_year(organisation, login, lambda u, at: journal.reopen_year(u, at, year, key, reason))
    out.print(
        _(
            "The year {year} is open: {entries:closing entry|closing entries} cancelled.",
            year=year,
            entries=done.entries,
        )
    )


def _change_year(organisation: str, login: str, act: Callable[[UnitOfWork, int], T]) -> T:
    with migrated_database(Settings.read()) as found, _engine(found) as engine:
        scope, where = _acting(engine, login, organisation, Permission.YEAR_CLOSE)
        return uow.run(engine, scope, lambda u: act(u, where.id))


def _set_period(month: str, organisation: str, login: str, act: Callable[[UnitOfWork, int, date], None]) -> None:
    first = parse_month(month)
    with migrated_database(Settings.read()) as found, _engine(found) as engine:
        scope, where = _acting(engine, login, organisation, Permission.PERIOD_CLOSE)
        uow.run(engine, scope, lambda u: act(u, where.id, first))


# ------------------------------------------------------------------------------------------------ recoding


@recodes.command("make")
def make_recoding(
    file: Annotated[Path, typer.Argument(help="Lines of what; old; new.", exists=True, dir_okay=False)],
    title: Annotated[str, typer.Option(help="The act or the reason: the text of the entries.")],
    on: Annotated[str, typer.Option(help="First day of the new codes, the first of a month.")],
) -> None:
    """Keep a mapping of old codes to new ones for everybody's books; nothing is moved."""
    lines = [asdict(line) for line in recoding_rules.parse_lines(file.read_text(encoding="utf-8"))]
    said = {"title": title, "effective_on": parse_day(on), "lines": lines}
    with migrated_database(Settings.read()) as found, _owner(found) as connection:
        work = UnitOfWork(connection.engine, system_scope(), lambda: connection)
        made = recoding.make(work, None, MakeRecoding.model_validate(said))
    out.print(_("Recoding {number} is kept. See it with qazyna recode show {number}.", number=made))


@recodes.command("show")
def show_recoding(number: RecodingArgument) -> None:
    """List every institution, account and balance that a recoding for everybody would move, and what is wrong."""
    with migrated_database(Settings.read()) as found, _engine(found) as engine:
        for organisation, name in _concerned(engine, number):
            scope = system_scope(organisation)
            plan = uow.read(engine, scope, partial(recoding.preview, recoding_id=number, organisation_id=organisation))
            table = Table(_("old account"), Column(_("balance, ₸"), justify="right"), _("new account"), _("dimensions"),
                          _("what is wrong"), title=name, title_justify="left", box=None)  # fmt: skip
            for move in plan.moves:
                faults = "; ".join(_speech().refusal(fault) for fault in move.faults)
                account = move.account.code if move.account else "—"
                dimensions = " ".join(code for code in move.standing.codes if code)
                amount = money(move.standing.balance_tiyn)
                table.add_row(move.standing.account.code, amount, account, dimensions, faults)
            out.print(table)
            for fault in plan.faults:
                err.print(_speech().refusal(fault), style="red")


@recodes.command("apply")
def apply_recoding(number: RecodingArgument) -> None:
    """Move the balances of every institution, one transaction each; started again, it goes on where it stopped."""
    refused = 0
    with migrated_database(Settings.read()) as found, _engine(found) as engine:
        for organisation, name in _concerned(engine, number):
            scope = replace(system_scope(organisation), adjusts=frozenset({organisation}))
            try:
                act = partial(recoding.apply, recoding_id=number, organisation_id=organisation)
                done = uow.run(engine, scope, act)
            except (DomainError, LedgerError) as refusal:
                refused += 1
                err.print(f"{name}: {_speech().refusal(refusal)}", style="red")
            else:
                out.print(_("{name}: {postings} balances moved", name=name, postings=done.postings))
    if refused:
        raise typer.Exit(1)


@recodes.command("end")
def end_codes(number: RecodingArgument) -> None:
    """End the old codes of a recoding for everybody on its day."""
    with migrated_database(Settings.read()) as found, _owner(found) as connection:
        ended = recoding.end_codes(UnitOfWork(connection.engine, system_scope(), lambda: connection), number)
    out.print(_("Old codes ended: {number}.", number=ended))


def _concerned(engine: Engine, number: int) -> list[tuple[int, str]]:
    """Institutions that a recoding for everybody concerns, by id and name."""

    def find(u: UnitOfWork) -> list[tuple[int, str]]:
        recoding.recoding(u, number)
        ids = [each.organisation_id for each in recoding.progress(u, number)]
        named = organisations.by_ids(u, ids, today())
        return [(id_, named[id_].name(_speech().language) if id_ in named else str(id_)) for id_ in ids]

    return uow.read(engine, system_scope(), find)


# ------------------------------------------------------------------------------------------------ seals


@app.command()
def seal(
    anchor: Annotated[Path | None, typer.Option(help="File, kept outside, that the new blocks are added to.")] = None,
) -> None:
    """Seal all that was recorded since the last block, and say the head."""
    with migrated_database(Settings.read()) as found:
        made = 0
        for block in seals.seal_due(lambda: _owner(found)):
            made += 1
            facts = {"no": block.no, "entries": block.entries, "events": block.events, "at": moment(block.sealed_at)}
            out.print(
                _("Block {no} is sealed: {entries:entry|entries}, {events:event|events} of the trail, {at}.", **facts)
            )
        with _owner(found) as connection:
            newest = seals.newest(connection)
        added = anchors.append(found.owner, anchor) if anchor else None
    if newest is None:
        out.print(_("Nothing is posted yet."))
        return
    if not made:
        at = moment(newest.sealed_at)
        out.print(_("Nothing new to seal. The last block is {no}, of {at}.", no=newest.no, at=at))
    out.print(f"{newest.no}:{newest.head.hex()}")
    if added is not None:
        out.print(_("{added:block was|blocks were} added to {file}.", added=added, file=anchor))


@app.command()
def verify(
    anchor: Annotated[
        Path | None, typer.Option(help="File that qazyna seal wrote.", exists=True, dir_okay=False)
    ] = None,
    head: Annotated[str | None, typer.Option(help="A head kept outside: NUMBER:HASH, or the hash alone.")] = None,
    seals_only: Annotated[
        bool, typer.Option("--seals-only", help="Leave balances, numbers, approvals, signatures and plans out.")
    ] = False,
) -> None:
    """Recompute every seal from the rows, compare balances, numbers and approvals with the postings, verify every
    signature again, and compare every frozen plan with its hash.
    """
    kept = _head(head)
    with migrated_database(Settings.read()) as found, _progress() as progress:
        bar = progress.add_task(_("verifying"), total=None)

        def show(done: int, total: int) -> None:
            progress.update(bar, completed=done, total=total)

        report = verify_seals(found.owner, anchor=anchor, head=kept, seals_only=seals_only, progress=show)
        signed, held = Signed(), Held()
        if report.first is None and not seals_only:
            with _engine(found, owner=True) as engine:
                uow.read(engine, system_scope(), approvals.require_all_approved)
                signed = uow.read(engine, system_scope(), _signatures)
                held = uow.read(engine, system_scope(), _frozen_plans)
    if report.first is not None:
        _tell_fault(report.first)
        raise typer.Exit(1)
    if signed.broken or held.broken:
        raise typer.Exit(1)
    facts = {"entries": report.entries, "events": report.events, "blocks": report.blocks, "unsealed": report.unsealed}
    out.print(_("Verified: {entries:entry|entries} and {events:event|events} in {blocks:block|blocks}.", **facts))
    out.print(_("Not sealed yet: {unsealed}.", **facts))
    if not seals_only:
        facts = {"signed": signed.verified, "doubtful": signed.doubtful}
        out.print(_("Signatures that hold: {signed}; of them not wholly verifiable: {doubtful}.", **facts))
        out.print(_("Frozen versions of plans that hold what their hashes say: {n}.", n=held.verified))
    if anchor is not None:
        out.print(_("{blocks:block is|blocks are} as in the anchor.", blocks=report.anchored))
    elif kept is None:
        out.print(_("Nothing was compared with outside: give --anchor or --head to prove that no block was made anew."))
    if report.head is not None:
        out.print(f"{report.blocks}:{report.head.hex()}")


@dataclass
class Signed:
    """Signatures that were verified again."""

    verified: int = 0
    doubtful: int = 0
    """Of the verified: no list of revoked certificates at hand, or a stamp that cannot be read."""
    broken: int = 0


def _signatures(u: UnitOfWork) -> Signed:
    signed = Signed()
    for signature, verdict in signatures.verify_all(u):
        if verdict.is_valid:
            signed.verified += 1
            signed.doubtful += verdict.is_doubtful
            continue
        signed.broken += 1
        reasons = [check.reason for check in verdict.then if check.outcome is Outcome.FAILS and check.reason]
        why = " ".join(_(reason.template, **reason.fields) for reason in reasons)
        facts = {"code": signature.check_code, "subject": signature.subject, "signer": signature.signer}
        err.print(_("Signature {code} of {signer} under {subject} does not hold.", **facts), why, style="red")
    return signed


@dataclass
class Held:
    """Frozen versions of plans that were hashed again."""

    verified: int = 0
    broken: int = 0


def _frozen_plans(u: UnitOfWork) -> Held:
    held = Held()
    for version, holds in plans.verify_all(u):
        if holds:
            held.verified += 1
            continue
        held.broken += 1
        told = _("The frozen version “{name}” ({subject}) no longer holds what its hash says.", **asdict(version))
        err.print(told, style="red")
    return held


def _tell_fault(fault: Fault) -> None:
    fields = dict(fault.fields)
    if "dimension" in fields:
        fields["dimension"] = _speech().dimension(Dimension.of(fields["dimension"]))
    err.print(_(fault.template, **fields), style="red")


def _head(said: str | None) -> Head | None:
    try:
        return Head.parse(said) if said else None
    except ValueError:
        raise StartupError(N_("{found} is no head: one like 12:9f86d081… is expected."), found=said) from None


@app.command()
def proof(
    file: Annotated[Path, typer.Argument(help="Where to write the proof.", dir_okay=False)],
    organisation: OrganisationOption,
    journal_code: Annotated[str, typer.Option("--journal", help="Like MO-01.")],
    year: Annotated[int, typer.Option(help="Like 2026.")],
    number: Annotated[int, typer.Option(help="The entry's number.")],
) -> None:
    """Write a proof that an entry is in a sealed block; it can be checked without this program."""

    with migrated_database(Settings.read()) as found, _engine(found, owner=True) as engine:
        where = uow.read(engine, system_scope(), lambda u: _organisation(u, organisation)).id

        def prove(u: UnitOfWork) -> seals.Proof:
            entry = seals.find_entry(u.connection, where, year, journal_code, number)
            return seals.proof(u.connection, where, year, entry)

        proved = uow.read(engine, system_scope(where), prove)
    file.write_text(proved.to_json(), encoding="utf-8")
    facts = {"no": proved.block.no, "at": moment(proved.block.sealed_at), "file": file}
    out.print(_("The proof is in {file}: the entry was sealed in block {no}, {at}.", **facts))


@app.command("proof-event")
def proof_event(
    event: Annotated[str, typer.Argument(help="Its number in the trail, like event/17 or month/3.")],
    file: Annotated[Path, typer.Argument(help="Where to write the proof.", dir_okay=False)],
) -> None:
    """Write a proof that an event of the trail is in a sealed block; it can be checked without this program."""
    source, number = _event(event)
    with migrated_database(Settings.read()) as found, _owner(found) as connection:
        proved = seals.event_proof(connection, source, number)
    file.write_text(proved.to_json(), encoding="utf-8")
    facts = {"no": proved.block.no, "at": moment(proved.block.sealed_at), "file": file}
    out.print(_("The proof is in {file}: the event was sealed in block {no}, {at}.", **facts))


def _event(said: str) -> tuple[str, int]:
    source, _slash, number = said.partition("/")
    if source not in ("event", "month", "year") or not (number.isdecimal() and len(number) < 19):
        raise StartupError(N_("{found} is no event of the trail: one like event/17 is expected."), found=said)
    return source, int(number)


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
def issue_token(
    login: str,
    permission: Annotated[list[Permission] | None, typer.Option(help="What it may do; all the person may.")] = None,
    organisation: Annotated[str | None, typer.Option(help="BIN of the one institution it is for.")] = None,
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
    days: Annotated[int, typer.Option(help="How long it is good.", min=1)] = access.API_TOKEN.days,
) -> None:
    """Print a bearer token for programs that act as the person, never with more rights than theirs."""

    def issue(u: UnitOfWork) -> str:
        where = _organisation(u, organisation).id if organisation else None
        limits = None
        if permission or where is not None:
            own = access.person(u, login, today())
            limits = Limits(
                frozenset(permission or permissions(own) if where is None else permissions_at(own, where)), where
            )
        return access.issue_token(u, login, today(), name=name, limits=limits, life=timedelta(days=days))

    with migrated_database(Settings.read()) as found, _engine(found) as engine:
        out.print(uow.run(engine, system_scope(), issue), soft_wrap=True)


IssuerOption = Annotated[
    str | None, typer.Option(help="iin, or a provider's address; the provider of the settings by default.")
]


@users.command("link")
def link_user(login: str, subject: str, issuer: IssuerOption = None) -> None:
    """Let a person be known by the IIN of their certificates, or sign in by an account at a provider."""
    settings = Settings.read()
    known_to = _issuer(issuer, settings)

    def link(u: UnitOfWork) -> bool:
        return identities.link(u, access.person(u, login, today()).user.id, known_to, subject)

    with migrated_database(settings) as found, _engine(found) as engine:
        if not uow.run(engine, system_scope(), link):
            err.print(_("It is linked to somebody already, or the person to another one there."), style="red")
            raise typer.Exit(1)
    out.print(_("{login} is linked.", login=login))


@users.command("unlink")
def unlink_user(login: str, issuer: IssuerOption = None) -> None:
    """End what link made; signatures stay as they are."""
    settings = Settings.read()
    known_to = _issuer(issuer, settings)
    with migrated_database(settings) as found, _engine(found) as engine:
        uow.run(
            engine,
            system_scope(),
            lambda u: identities.unlink(u, access.person(u, login, today()).user.id, known_to),
        )
    out.print(_("{login} is linked no more.", login=login))


def _issuer(given: str | None, settings: Settings) -> str:
    known_to = given or settings.oidc_issuer
    if known_to is None:
        raise StartupError(N_("Say --issuer: no provider is set in QAZYNA_OIDC_ISSUER."))
    return known_to


# ------------------------------------------------------------------------------------------------ trust


@trusts.command("load")
def load_trust(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Certificates and lists (CRL), or folders of them.", exists=True)
    ] = None,
) -> None:
    """Take in certificates of certification centres and their lists of revoked ones; by default the trust store's."""
    settings = Settings.read()
    places = files or ([settings.trust_store] if settings.trust_store else [])
    if not places:
        raise StartupError(N_("Name the files, or set QAZYNA_TRUST_STORE to their folder."))
    found_files = sorted(
        file
        for place in places
        for file in (place.iterdir() if place.is_dir() else [place])
        if file.is_file() and (not place.is_dir() or file.suffix.lower() in trust.ENDINGS)
    )
    given = [trust.File(file.name, file.read_bytes()) for file in found_files]
    with migrated_database(settings) as found, _engine(found, owner=True) as engine:
        loaded = uow.run(engine, system_scope(), lambda u: trust.load(u, given))
    for name in loaded.certificates:
        out.print(_("Trusted from now on: {name}", name=name))
    for name in loaded.lists:
        out.print(_("List of revoked certificates taken in: {name}", name=name))
    if not (loaded.certificates or loaded.lists):
        out.print(_("Nothing new."))


@trusts.command("show")
def show_trust() -> None:
    """Which centres are trusted, and how old their lists are."""
    with migrated_database(Settings.read()) as found, _engine(found) as engine:
        centres, newest = uow.read(engine, system_scope(), lambda u: (trust.trusted(u), trust.newest_lists(u)))
    table = Table(Column("SHA-256"), Column(_("Centre")), Column(_("Until")), Column(_("Trust")))
    for each in centres:
        withdrawn = _("withdrawn {when}", when=moment(each.withdrawn_at)) if each.withdrawn_at else ""
        kind = _("root") if each.is_root else _("under a root")
        table.add_row(each.sha256.hex()[:16], each.name, moment(each.valid_until), withdrawn or kind)
    out.print(table)
    lists = Table(Column(_("List of revoked certificates")), Column(_("Made")), Column(_("Next due")))
    for of in newest:
        due = moment(of.next_update) if of.next_update else "—"
        lists.add_row(f"{of.name} (delta)" if of.is_delta else of.name, moment(of.this_update), due)
    out.print(lists)


CentreArgument = Annotated[str, typer.Argument(help="Beginning of the SHA-256 that qazyna trust show prints.")]


@trusts.command("withdraw")
def withdraw_trust(sha256: CentreArgument, reason: ReasonOption) -> None:
    """Trust a centre no more; what was signed before stays as it was."""
    out.print(_("Trusted no more: {name}", name=_set_trust(sha256, reason, trust.withdraw)))


@trusts.command("restore")
def restore_trust(sha256: CentreArgument, reason: ReasonOption) -> None:
    """Take a withdrawal back."""
    out.print(_("Trusted from now on: {name}", name=_set_trust(sha256, reason, trust.restore)))


def _set_trust(sha256: str, reason: str, change: Callable[[UnitOfWork, bytes, str], str]) -> str:
    def act(u: UnitOfWork) -> str:
        met = [each.sha256 for each in trust.trusted(u) if each.sha256.hex().startswith(sha256.lower())]
        if len(met) != 1:
            raise CertificateUnknown()
        return change(u, met[0], reason)

    with migrated_database(Settings.read()) as found, _engine(found, owner=True) as engine:
        return uow.run(engine, system_scope(), act)


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
