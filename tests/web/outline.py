"""A page as a test reads it: its elements, words and forms."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "input", "br", "hr", "img", "path", "circle"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    inside: list["Element"] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name, "")

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


class Outline(HTMLParser):
    """Every element of a page, outermost first; each knows all the words and elements inside it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        for outer in self._open:
            outer.inside.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.words.append(data)

    def all(self, tag: str, **attributes: str) -> list[Element]:
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [e for e in self.elements if e.tag == tag and all(e[n] == v for n, v in wanted.items())]

    def one(self, tag: str, **attributes: str) -> Element:
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} of {tag} {attributes}"
        return found[0]

    def fields(self, form_id: str) -> dict[str, str]:
        """What a browser without script would send of a form, its buttons left alone."""
        form = self.one("form", id=form_id)
        blank = {id(e) for template in form.inside if template.tag == "template" for e in template.inside}
        inside = [e for e in form.inside if id(e) not in blank]
        sent = {
            e["name"]: e["value"]
            for e in inside
            if e.tag == "input" and e["name"] and (e["type"] not in ("checkbox", "radio") or "checked" in e.attributes)
        }
        for select in (e for e in inside if e.tag == "select"):
            options = [e for e in select.inside if e.tag == "option"]
            chosen = next((e for e in options if "selected" in e.attributes), options[0])
            sent[select["name"]] = chosen["value"]
        return sent
