from erp.base.uow import UnitOfWork
from erp.reference.organisations import queries
from erp.reference.organisations.model import Organisation, OrganisationDraft


def organisations_of(uow: UnitOfWork) -> list[Organisation]:
    """The organisations in scope, in the order of their codes."""
    return queries.organisations_of(uow.connection, uow.scope)


def find_by_code(uow: UnitOfWork, code: str) -> Organisation | None:
    """An organisation by its BIN, whatever the scope."""
    return queries.find_by_code(uow.connection, uow.scope, code)


def register_organisations(uow: UnitOfWork, drafts: list[OrganisationDraft]) -> None:
    """Register organisations with their place in the tree; repeating it changes nothing."""
    queries.insert_organisations(uow.connection, uow.scope, drafts)
