"""Commands in: what a page or a program may ask of the register."""

from typing import Annotated

from pydantic import Field

from erp.base.commands import NO_NUL, Command

Name = Annotated[str, Field(max_length=300, pattern=NO_NUL)]


class AddCounterparty(Command):
    """A body by BIN or a person by IIN; names left empty repeat the Russian one."""

    code: Annotated[str, Field(max_length=20, pattern=NO_NUL, description="BIN or IIN.", examples=["940140000385"])]
    name_ru: Name
    name_kk: Name = ""
    name_en: Name = ""


class RenameCounterparty(Command):
    """Other names for a counterparty, of the version that was read."""

    version: Annotated[int, Field(ge=1, le=2_147_483_647)]
    name_ru: Name
    name_kk: Name = ""
    name_en: Name = ""


class KeepBankAccount(Command):
    """A bank account that the institution pays to, or no longer does."""

    iban: Annotated[str, Field(max_length=60, pattern=NO_NUL, examples=["KZ86125KZT5004100100"])]
    bank: Name = ""
    in_use: bool = True
