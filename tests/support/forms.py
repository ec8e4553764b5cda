"""What a browser would send of a form as it was shown."""

from html.parser import HTMLParser

from django.http import HttpResponse


def shown_in(answer: HttpResponse, form: str) -> dict[str, str | list[str]]:
    """The values of the form with that ID, changing nothing; a name that comes several times has a list."""
    parser = _FormParser(form)
    parser.feed(answer.content.decode())
    parser.values.pop("take", None)
    return {name: values[0] if len(values) == 1 else values for name, values in parser.values.items()}


class _FormParser(HTMLParser):
    def __init__(self, form: str) -> None:
        super().__init__()
        self.form, self.is_inside, self.name = form, False, ""
        self.values: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.is_inside = given.get("id") == self.form
        elif tag in ("textarea", "select"):
            self.name = given.get("name", "")
            if tag == "textarea":
                self._add(self.name, "")
        elif tag == "option" and "selected" in given:
            self._add(self.name, given["value"])
        elif tag == "input":
            is_box = given.get("type") in ("checkbox", "radio")
            if not is_box or "checked" in given:
                self._add(given.get("name", ""), given.get("value", "on" if is_box else ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.is_inside = False
        elif tag in ("textarea", "select"):
            self.name = ""

    def handle_data(self, data: str) -> None:
        if self.lasttag == "textarea" and self.name and self.is_inside:
            self.values[self.name][-1] += data.removeprefix("\n").replace("\n", "\r\n")

    def _add(self, name: str, value: str) -> None:
        if name and self.is_inside:
            self.values.setdefault(name, []).append(value.replace("\r\n", "\n").replace("\n", "\r\n"))
