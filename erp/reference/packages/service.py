import io
import zipfile
import zlib
from collections.abc import Mapping
from lzma import LZMAError
from pathlib import Path

from sqlalchemy import Connection

from erp.base.audit import record
from erp.base.clock import today
from erp.base.errors import Conflict, NotFound, RuleViolated
from erp.base.i18n import N_
from erp.base.scope import Scope
from erp.base.uow import UnitOfWork
from erp.reference.packages import queries, rules
from erp.reference.packages.model import (
    Content,
    Difference,
    Loaded,
    LoadedPackage,
    Package,
    Preview,
    TypicalEntryRow,
    UnverifiedRow,
)


class EditionOutdated(Conflict):
    code = "edition-outdated"
    template = N_(
        "The package {package} is in use in an edition valid from {in_use}; an edition valid from {offered}"
        " is older. Load editions in the order of their days."
    )


class ContentTaken(Conflict):
    code = "content-taken"
    template = N_("The package {package} fills {content}, which the package {owner} fills already. Load one of them.")


class AccountRecast(Conflict):
    code = "account-recast"
    template = N_(
        "The package {package} changes the kind, the side or the postability of accounts that hold entries:"
        " {accounts}. Give the new meaning a code of its own."
    )


class AccountsUnfit(Conflict):
    code = "package-accounts-unfit"
    template = N_(
        "The package {package} names accounts that the chart in force does not have, or that are headings: {accounts}."
        " Load the chart first, or mend the package."
    )


class ArchiveUnfit(RuleViolated):
    code = "archive-unfit"
    template = N_("This is no package. Send a ZIP archive that holds package.toml and the CSV files it lists.")


class OfferGone(NotFound):
    code = "package-offer-gone"
    template = N_("This package is no longer kept for looking at. Send the file again.")


_ARCHIVE_LIMIT = 20 * 1024 * 1024  # bytes unpacked: a chart with its classification is half a megabyte


def shipped() -> list[Path]:
    """Folders of the packages that come with the program."""
    return sorted(p.parent for p in (Path(__file__).parent / "kz").glob(f"*/{rules.MANIFEST}"))


def load_shipped(connection: Connection, scope: Scope) -> list[Loaded]:
    """Load every package that comes with the program.  Raises: as ``load``, and PackageInvalid."""
    return [load(connection, scope, rules.parse(directory)) for directory in shipped()]


def preview(connection: Connection, scope: Scope, package: Package) -> Preview:
    """What loading the package would add, change and end.  Raises: EditionOutdated, ContentTaken, AccountRecast,
    AccountsUnfit."""
    in_use = queries.package_in_use(connection, scope, package.name)
    _require_fit(connection, scope, package, in_use)
    found: list[Difference] = []
    first = package.in_force.start
    assert first is not None
    for content in package.contents:
        present = queries.present_rows(connection, scope, content, first)
        found += rules.differences(content, present, queries.offered_rows(package, content), first)
    return Preview(package, in_use, tuple(found))


def load(connection: Connection, scope: Scope, package: Package) -> Loaded:
    """Make the registers what the package says, in the caller's transaction; repeating it changes nothing.

    What a new edition no longer holds is closed on its first day, never deleted.  Loading is the act of an
    administrator, or of the owner of the tables.

    Raises: EditionOutdated, ContentTaken, AccountRecast, AccountsUnfit.
    """
    queries.lock_packages(connection, scope)
    in_use = queries.package_in_use(connection, scope, package.name)
    if in_use and in_use.sha256 == package.sha256:
        return Loaded(package.name, package.edition, package.rows, package.not_verified, is_new=False)
    _require_fit(connection, scope, package, in_use)
    done = queries.load(connection, scope, package)
    loaded = Loaded(
        package.name,
        package.edition,
        package.rows,
        package.not_verified,
        is_new=True,
        added=sum(len(c.added) for c in done),
        changed=sum(len(c.changed) for c in done),
        closed=sum(len(c.closed) for c in done),
    )
    before = {"edition": in_use.edition, "sha256": in_use.sha256} if in_use else None
    record(
        connection, scope, "package-loaded", f"package:{package.name}", before=before,
        after={"edition": package.edition, "sha256": package.sha256},
        rows=loaded.rows, added=loaded.added, changed=loaded.changed, closed=loaded.closed,
    )  # fmt: skip
    return loaded


def _require_fit(connection: Connection, scope: Scope, package: Package, in_use: LoadedPackage | None) -> None:
    first = package.in_force.start
    assert first is not None
    if in_use and in_use.first and first < in_use.first:
        raise EditionOutdated(package=package.name, in_use=in_use.first, offered=first)
    if owner := queries.other_owner(connection, scope, package):
        raise ContentTaken(package=package.name, owner=owner[0], content=owner[1])
    if Content.ACCOUNTS in package.contents and (recast := queries.recast_accounts(connection, scope, package)):
        raise AccountRecast(package=package.name, accounts=", ".join(recast))
    entries = package.contents.get(Content.TYPICAL_ENTRIES, ())
    codes = {code for row in entries if isinstance(row, TypicalEntryRow) for code in (*row.debit, *row.credit)}
    if unfit := queries.accounts_unfit(connection, scope, sorted(codes), first):
        raise AccountsUnfit(package=package.name, accounts=", ".join(unfit))


# ------------------------------------------------------------------------------------------------ pages


def packages(uow: UnitOfWork) -> list[LoadedPackage]:
    """The packages in use."""
    return queries.loaded_packages(uow.connection, uow.scope)


def history(uow: UnitOfWork, name: str) -> list[LoadedPackage]:
    """Every loading of a package, the latest first."""
    return queries.loading_history(uow.connection, uow.scope, name)


def unverified(uow: UnitOfWork, package: LoadedPackage) -> list[UnverifiedRow]:
    """The rows of a package that nobody has compared with the act yet."""
    return queries.unverified_rows(uow.connection, uow.scope, package.contents, today())


def offer(uow: UnitOfWork, archive: bytes) -> str:
    """Keep a package for looking at; returns its digest.  Raises: ArchiveUnfit, PackageInvalid."""
    return offer_files(uow, _unpacked(archive))


def offer_files(uow: UnitOfWork, files: Mapping[str, bytes]) -> str:
    """Keep the files of a package for looking at; returns its digest.  Raises: PackageInvalid."""
    package = _parsed(files)
    texts = {name: content.decode() for name, content in files.items()}
    queries.keep_offer(uow.connection, uow.scope, package.sha256, texts)
    record(
        uow.connection, uow.scope, "package-offered", f"package:{package.name}", edition=package.edition,
        sha256=package.sha256,
    )  # fmt: skip
    return package.sha256


def offered(uow: UnitOfWork, sha256: str) -> Preview:
    """What an offer would change.  Raises: OfferGone, and as ``preview``."""
    return preview(uow.connection, uow.scope, _offered(uow, sha256))


def take(uow: UnitOfWork, sha256: str) -> Loaded:
    """Load an offer.  Raises: OfferGone, and as ``load``."""
    loaded = load(uow.connection, uow.scope, _offered(uow, sha256))
    queries.forget_offer(uow.connection, uow.scope, sha256)
    return loaded


def _offered(uow: UnitOfWork, sha256: str) -> Package:
    files = queries.offer(uow.connection, uow.scope, sha256)
    if files is None:
        raise OfferGone()
    return _parsed(files)


def _parsed(files: Mapping[str, bytes]) -> Package:
    return rules.parse_files(rules.named_in(files) or "package", files)


def _unpacked(archive: bytes) -> dict[str, bytes]:
    """Files of a package in a ZIP archive, whatever folder they lie in there.  Raises: ArchiveUnfit."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            wanted = [i for i in opened.infolist() if Path(i.filename).suffix == ".csv" or _is_manifest(i.filename)]
            if not any(_is_manifest(i.filename) for i in wanted) or sum(i.file_size for i in wanted) > _ARCHIVE_LIMIT:
                raise ArchiveUnfit()
            return {Path(i.filename).name: opened.read(i) for i in wanted}
    except (zipfile.BadZipFile, RuntimeError, zlib.error, LZMAError, EOFError, OSError, ValueError) as error:
        raise ArchiveUnfit() from error


def _is_manifest(name: str) -> bool:
    return Path(name).name == rules.MANIFEST
