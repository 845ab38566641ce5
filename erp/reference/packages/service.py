from pathlib import Path

from sqlalchemy import Connection

from erp.base.audit import record
from erp.base.errors import Conflict
from erp.base.i18n import N_
from erp.base.scope import Scope
from erp.reference.packages import queries, rules
from erp.reference.packages.model import Content, Loaded, Package
from erp.reference.packages.queries import Changes


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


def shipped() -> list[Path]:
    """Folders of the packages that come with the program."""
    return sorted(p.parent for p in (Path(__file__).parent / "kz").glob(f"*/{rules.MANIFEST}"))


def load_shipped(connection: Connection, scope: Scope) -> list[Loaded]:
    """Load every package that comes with the program.  Raises: as ``load``, and PackageInvalid."""
    return [load(connection, scope, rules.parse(directory)) for directory in shipped()]


def load(connection: Connection, scope: Scope, package: Package) -> Loaded:
    """Make the registers what the package says, in the caller's transaction; repeating it changes nothing.

    What a new edition no longer holds is closed on its first day, never deleted.  The connection acts as the
    owner of the tables: loading is the administrator's act.

    Raises: EditionOutdated, ContentTaken, AccountRecast.
    """
    queries.lock_packages(connection, scope)
    in_use = queries.package_in_use(connection, scope, package.name)
    if in_use and in_use.sha256 == package.sha256:
        return Loaded(package.name, package.edition, package.rows, package.not_verified, is_new=False)
    first = package.in_force.start
    if in_use and in_use.first and first and first < in_use.first:
        raise EditionOutdated(package=package.name, in_use=in_use.first, offered=first)
    if owner := queries.other_owner(connection, scope, package):
        raise ContentTaken(package=package.name, owner=owner[0], content=owner[1])

    done = [_apply(connection, scope, package, content) for content in package.contents]
    queries.insert_package(connection, scope, package)
    loaded = Loaded(
        package.name,
        package.edition,
        package.rows,
        package.not_verified,
        is_new=True,
        added=sum(c.added for c in done),
        changed=sum(c.changed for c in done),
        closed=sum(c.closed for c in done),
    )
    record(
        connection, scope, "package-loaded", package.name, edition=package.edition, sha256=package.sha256,
        rows=loaded.rows, added=loaded.added, changed=loaded.changed, closed=loaded.closed,
    )  # fmt: skip
    return loaded


def _apply(connection: Connection, scope: Scope, package: Package, content: Content) -> Changes:
    match content:
        case Content.ACCOUNTS:
            if recast := queries.recast_accounts(connection, scope, package):
                raise AccountRecast(package=package.name, accounts=", ".join(recast))
            return queries.apply_accounts(connection, scope, package)
        case Content.JOURNALS:
            return queries.apply_journals(connection, scope, package)
        case Content.CURRENCIES:
            return queries.apply_currencies(connection, scope, package)
        case Content.FUNCTIONAL | Content.ECONOMIC | Content.REVENUE:
            return queries.apply_classification(connection, scope, package, content)
