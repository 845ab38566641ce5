"""Commands in: what a page or a program may ask of the close."""

from pydantic import Field

from erp.base.commands import Code, Command, Text


class TickStep(Command):
    """Say that a step is done; the program computes its proof and keeps it."""

    step: Code
    reason: Text = Field("", description="Why it is done though its proof fails; only the chief accountant says so.")
