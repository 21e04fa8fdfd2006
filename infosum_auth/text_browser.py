"""A browser without a screen: it reads pages as a person does, by labels, buttons and links.

For checks over real HTTP. It keeps cookies, follows redirects and `meta refresh`, runs no script.
"""

from __future__ import annotations

import re
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
from bs4 import BeautifulSoup, Tag

_REFRESH = re.compile(r"^\s*[\d.]+\s*;\s*url=(.+)$", re.IGNORECASE)


class NotOnThePageError(LookupError):
    """A label, button or link that should be on the page is not there."""


class TextBrowser:
    """One person's browser. `page` is what it shows now, `url` where it is."""

    def __init__(self) -> None:
        self.http = requests.Session()
        # Nothing but what the test names is asked: no proxy, no netrc of this machine.
        self.http.trust_env = False
        self.url = ""
        self.page = BeautifulSoup("", "html.parser")

    def open(self, url: str) -> None:
        """Go to an address, absolute or from here."""
        self._show(self.http.get(urljoin(self.url, url), timeout=60))

    def click(self, name: str) -> None:
        """Follow the link, or press the button, that shows this name."""
        link = next((a for a in self.page.find_all("a", href=True) if _shows(a, name)), None)
        if link is not None:
            self.open(str(link["href"]))
            return
        button = next((b for b in self.page.find_all("button") if _shows(b, name)), None)
        form = button.find_parent("form") if button is not None else None
        if button is None or form is None:
            raise NotOnThePageError(f"No link or button '{name}' at {self._place()}: {self.text}")
        self.submit(Form(form), button)

    def click_starting_with(self, words: str) -> None:
        """Press the button that begins with these words: it may say more behind them."""
        for button in self.page.find_all("button"):
            if _words(button).startswith(words):
                self.click(_words(button))
                return
        raise NotOnThePageError(f"No button '{words}...' at {self._place()}: {self.text}")

    def press(self, form: Form, *names: str) -> None:
        """Send a filled form by the first of its buttons that has one of these names."""
        for button in form.tag.find_all("button"):
            if _words(button) in names:
                self.submit(form, button)
                return
        raise NotOnThePageError(f"No button {names} in the form at {self._place()}")

    def must_say(self, words: str) -> None:
        """Raise NotOnThePageError where the page does not say something."""
        if words not in self.text:
            raise NotOnThePageError(f"'{words}' is not at {self._place()}: {self.text}")

    def form_with(self, *buttons: str) -> Form:
        """Return the form that a button of one of these names belongs to, to be filled in."""
        for each in self.page.find_all("button"):
            form = each.find_parent("form")
            if form is not None and _words(each) in buttons:
                return Form(form)
        raise NotOnThePageError(f"No form with a button {buttons} at {self._place()}: {self.text}")

    def submit(self, form: Form, button: Tag | None = None) -> None:
        """Send a filled form."""
        method = str(form.tag.get("method", "get")).lower()
        action = (button.get("formaction") if button is not None else None) or form.tag.get(
            "action"
        )
        address = urljoin(self.url, str(action or self.url))
        fields = form.fields()
        if button is not None and button.get("name"):
            fields.append((str(button["name"]), str(button.get("value", ""))))
        headers = {"Origin": f"{urlsplit(self.url).scheme}://{urlsplit(self.url).netloc}"}
        if method == "get":
            self._show(self.http.get(address, params=fields, timeout=60))
            return
        with ExitStack() as open_files:
            files = {
                name: (path.name, open_files.enter_context(path.open("rb")), "text/csv")
                for name, path in form.files.items()
            }
            answer = self.http.post(
                address, data=fields, files=files or None, headers=headers, timeout=300
            )
        self._show(answer)

    def wait_for(self, words: str, *, seconds: float = 60) -> None:
        """Reload until the page says something; it must within so many seconds."""
        until = time.monotonic() + seconds
        while words not in self.text:
            if time.monotonic() > until:
                raise NotOnThePageError(f"'{words}' did not come at {self._place()}: {self.text}")
            time.sleep(0.2)
            self.open(self.url)

    @property
    def text(self) -> str:
        """Return what the page says, white space folded."""
        return " ".join(self.page.get_text(" ").split())

    def _show(self, response: requests.Response) -> None:
        self.url = response.url
        self.page = BeautifulSoup(response.text, "html.parser")
        if response.status_code >= requests.codes.server_error:
            raise NotOnThePageError(f"{response.status_code} at {self._place()}: {self.text}")
        onward = self.page.find(
            "meta", attrs={"http-equiv": re.compile("^refresh$", re.IGNORECASE)}
        )
        match = _REFRESH.match(str(onward["content"])) if isinstance(onward, Tag) else None
        if match:
            self.open(match.group(1))

    def _place(self) -> str:
        """Return where we are without the query, which may hold what nobody should see."""
        return urlsplit(self.url)._replace(query="").geturl()


class Form:
    """A form of the page; fill it by the labels that a person reads."""

    def __init__(self, tag: Tag) -> None:
        self.tag = tag
        self.files: dict[str, Path] = {}

    def fill(self, label: str, value: str) -> None:
        """Type into the field with this label."""
        control = self._labeled(label)
        if control.name == "textarea":
            control.string = value
        else:
            control["value"] = value

    def choose(self, label: str, option: str) -> str:
        """Choose in the dropdown with this label the option that begins so; return its value."""
        control = self._labeled(label)
        options = control.find_all("option")
        for each in options:
            each.attrs.pop("selected", None)
        for each in options:
            if _words(each).startswith(option) and not each.has_attr("disabled"):
                each["selected"] = ""
                return str(each.get("value", option))
        offered = [_words(each) for each in options]
        raise NotOnThePageError(f"'{label}' does not offer '{option}' but {offered}")

    def choose_one(self, label: str, number: int = 0) -> str:
        """Choose in the dropdown with this label one of the options that stand for something.

        Returns its value. They are counted from 0, and from the beginning again behind the last.
        """
        offered = [
            _words(each)
            for each in self._labeled(label).find_all("option")
            if each.get("value") and not each.has_attr("disabled")
        ]
        if not offered:
            raise NotOnThePageError(f"'{label}' offers nothing that can be chosen")
        return self.choose(label, offered[number % len(offered)])

    def pick(self, words: str) -> None:
        """Choose the radio button or box whose label begins so."""
        control = self._labeled(words)
        name = str(control["name"])
        for other in self.tag.find_all("input", attrs={"name": name, "type": "radio"}):
            other.attrs.pop("checked", None)
        control["checked"] = ""

    def attach(self, label: str, path: Path) -> None:
        """Choose a file in the field with this label."""
        self.files[str(self._labeled(label)["name"])] = path

    def fields(self) -> list[tuple[str, str]]:
        """Return what the form would send."""
        sent: list[tuple[str, str]] = []
        for control in self.tag.find_all(["input", "select", "textarea"]):
            name, kind = str(control.get("name") or ""), str(control.get("type", "text"))
            if not name or control.has_attr("disabled") or kind in {"file", "submit", "button"}:
                continue
            if control.name == "select":
                sent.extend((name, value) for value in _chosen(control))
            elif control.name == "textarea":
                sent.append((name, control.get_text()))
            elif kind not in {"checkbox", "radio"} or control.has_attr("checked"):
                sent.append((name, str(control.get("value", "on" if kind == "checkbox" else ""))))
        return sent

    def _labeled(self, words: str) -> Tag:
        for label in self.tag.find_all("label"):
            if not _words(label).startswith(words):
                continue
            inner = label.find(["input", "select", "textarea"])
            found = inner or self.tag.find(id=str(label.get("for", "")))
            if isinstance(found, Tag):
                return found
        labels = [_words(label) for label in self.tag.find_all("label")]
        raise NotOnThePageError(f"No field '{words}' among {labels}")


def _chosen(select: Tag) -> list[str]:
    options = [each for each in select.find_all("option") if not each.has_attr("disabled")]
    selected = [each for each in options if each.has_attr("selected")] or options[:1]
    return [str(each.get("value", _words(each))) for each in selected]


def _shows(tag: Tag, name: str) -> bool:
    return _words(tag) == name


def _words(tag: Tag) -> str:
    """Return what a person reads: marks that are hidden from readers are left out."""
    hidden = {id(each) for each in tag.select("[aria-hidden=true]")}
    parts = [
        str(text)
        for text in tag.find_all(string=True)
        if not any(id(parent) in hidden for parent in text.parents)
        and text.parent is not None
        and (text.parent.name != "option" or tag.name == "option")
    ]
    return " ".join(" ".join(parts).split())
