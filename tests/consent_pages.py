"""A person at a platform's real consent pages: reads the HTML, presses buttons."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._button: tuple[str, str] | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
        elif tag == "button" and self.forms:
            self._button, self._text = (given.get("name", ""), given.get("value", "")), ""
        elif tag == "input" and self.forms and given.get("type") == "submit":
            name, value = given.get("name", ""), given.get("value", "")
            self.forms[-1].buttons.append((value, name, value))
        elif tag == "input" and self.forms:
            is_choice = given.get("type") in {"radio", "checkbox"}
            if not is_choice or "checked" in given:
                self.forms[-1].fields[given.get("name", "")] = given.get("value", "on")

    def handle_data(self, data: str) -> None:
        if self._button is not None:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "button" and self._button is not None:
            self.forms[-1].buttons.append((" ".join(self._text.split()), *self._button))
            self._button = None


class Browser:
    """Walks through pages until the platform sends the person back to us."""

    def __init__(self, redirect_uri: str) -> None:
        self.redirect_uri = redirect_uri
        self.session = requests.Session()
        self.session.trust_env = False
        self.page: requests.Response | None = None
        self.came_back: dict[str, str] | None = None

    def open(self, url: str) -> None:
        self._go("get", url)

    def press(self, text: str) -> None:
        """Press the button with this text, or whose text contains it."""
        assert self.page is not None
        parser = _Forms()
        parser.feed(self.page.text)
        for form in parser.forms:
            for label, name, value in form.buttons:
                if text in label:
                    fields = {**form.fields, **({name: value} if name else {})}
                    self._go(form.method, urljoin(self.page.url, form.action), fields)
                    return
        labels = [button[0] for form in parser.forms for button in form.buttons]
        raise AssertionError(f"No button {text!r} at {self.page.url}: {labels} {self.page.text}")

    def _go(self, method: str, url: str, fields: dict[str, str] | None = None) -> None:
        how = {"params" if method == "get" else "data": fields}
        response = self.session.request(method, url, allow_redirects=False, timeout=10, **how)
        while response.is_redirect:
            url = urljoin(response.url, response.headers["Location"])
            if url.partition("?")[0] == self.redirect_uri:
                self.came_back = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
                return
            response = self.session.get(url, allow_redirects=False, timeout=10)
        assert response.status_code == 200, (response.status_code, response.url, response.text)
        self.page = response
