from erp.base.uow import UnitOfWork
from erp.reference.organisations import queries
from erp.reference.organisations.model import OrganisationDraft


def register_organisations(uow: UnitOfWork, drafts: list[OrganisationDraft]) -> None:
    """Register organisations with their place in the tree; repeating it changes nothing."""
    queries.insert_organisations(uow.connection, uow.scope, drafts)
