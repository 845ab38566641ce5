"""What the catalogues must hold: every sentence of the templates, the code and the refusals.

``python -m web.catalogue`` enters new messages for translation and drops those no longer used.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment
from jinja2.ext import extract_from_ast

from erp.base.i18n import Language
from web.i18n import catalogue_path

ROOT = Path(__file__).parent.parent
_PROGRAMS = ("ledger", "erp", "api", "web", "qazyna")
_MARKERS = frozenset({"_", "N_", "say"})
_HEAD = r"""msgid ""
msgstr ""
"Language: {language}\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Content-Transfer-Encoding: 8bit\n"

"""
_PLACEHOLDER = re.compile(r"{(\w*)[^}]*}")


def messages() -> dict[str, list[str]]:
    """Every message with the files it stands in, in the order of files."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "web" / "templates").rglob("*.html")):
        _gather(found, path, _of_template(path))
    for program in _PROGRAMS:
        for path in sorted((ROOT / program).rglob("*.py")):
            _gather(found, path, _of_module(path))
    return found


def _gather(found: dict[str, list[str]], path: Path, messages: Iterator[str]) -> None:
    place = path.relative_to(ROOT).as_posix()
    for message in messages:
        places = found.setdefault(message, [])
        if place not in places:
            places.append(place)


def _of_template(path: Path) -> Iterator[str]:
    tree = Environment(autoescape=True).parse(path.read_text("utf-8"))
    for _, _, message in extract_from_ast(tree, ("_",)):
        text = message[0] if isinstance(message, tuple) else message
        if text:
            yield text


def _of_module(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and _called(node) in _MARKERS and node.args:
            yield from _text(node.args[0])
        elif isinstance(node, ast.ClassDef):
            yield from _template_of_class(node)


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _template_of_class(node: ast.ClassDef) -> Iterator[str]:
    for statement in node.body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "template" for target in statement.targets
        ):
            yield from _text(statement.value)


def _text(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def read(language: Language) -> Catalog:
    path = catalogue_path(language)
    if not path.exists():
        return Catalog(locale=language.value, fuzzy=False)
    with path.open("rb") as source:
        return read_po(source, locale=language.value)


def placeholders(message: str) -> set[str]:
    return set(_PLACEHOLDER.findall(message))


def faults(language: Language) -> list[str]:
    """What is wrong with a catalogue, one sentence each; an empty list when nothing is."""
    catalogue = read(language)
    wanted = messages()
    wrong = []
    for message in wanted:
        entry = catalogue.get(message)
        if entry is None or not entry.string:
            wrong.append(f"missing: {message}")
        elif entry.fuzzy:
            wrong.append(f"fuzzy: {message}")
        elif placeholders(message) != placeholders(str(entry.string)):
            wrong.append(f"placeholders differ: {message}")
    wrong += [f"no longer used: {entry.id}" for entry in catalogue if entry.id and entry.id not in wanted]
    return wrong


def write(language: Language, catalogue: Catalog) -> None:
    """Write the messages in alphabetical order under a head that says nothing which changes by itself."""
    path = catalogue_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as target:
        target.write(_HEAD.format(language=language.value).encode())
        write_po(target, catalogue, width=0, include_lineno=False, omit_header=True, sort_output=True)


def update() -> None:
    """Bring the catalogues up to date: new messages enter empty, unused ones leave."""
    wanted = messages()
    for language in (Language.KK, Language.RU):
        old = read(language)
        fresh = Catalog(locale=language.value)
        for message, places in wanted.items():
            known = old.get(message)
            fresh.add(message, known.string if known else "", locations=[(place, 0) for place in places])
        write(language, fresh)


if __name__ == "__main__":
    update()
