"""Why the program cannot start, or cannot go on: always one plain sentence for whoever typed the command."""

from __future__ import annotations


class StartupError(Exception):
    """The surroundings are not as they must be: a setting, the disk, a port, the database.

    ``template`` is the English sentence with ``{fields}``, so that the command
    line can say it in the reader's language.
    """

    def __init__(self, template: str, **fields: object) -> None:
        super().__init__(template.format(**fields))
        self.template = template
        self.fields = fields
