"""Commands in: what a program may ask of the packages."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

FileName = Annotated[str, Field(max_length=100, pattern=r"^(package\.toml|[A-Za-z0-9_-]+\.csv)$")]
FileText = Annotated[str, Field(max_length=5_000_000, pattern=r"^[^\x00]*$")]


class OfferPackage(BaseModel):
    """A package to be looked at: the texts of its files by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: dict[FileName, FileText] = Field(min_length=1, max_length=20)

    @property
    def contents(self) -> dict[str, bytes]:
        return {name: text.encode() for name, text in self.files.items()}
