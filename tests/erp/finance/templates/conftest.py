"""The desk of drafts: templates are filled in there."""

from tests.erp.finance.drafts.conftest import desk, new_desk  # noqa: F401
