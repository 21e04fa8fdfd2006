"""From nothing to a signed connection, through the platform's own consent pages."""

from providers.app import App
from providers.connection import Connection
from providers.platform import Platform
from providers.secret import Secret
from providers.values import Callback, ConsentStart, Grant, Tokens
from tests.consent_pages import Browser


class Walk:
    """One platform's app in the sandbox. Every secret that comes up is remembered."""

    def __init__(self, platform: Platform, app: App, secrets: set[str]) -> None:
        self.platform = platform
        self.app = app
        self.redirect_uri = f"http://127.0.0.1:8000/authorizations/callback/{platform.key}/"
        self.secrets = secrets
        self._remember(app.client_secret)
        self.options = {
            field.name: field.initial or (field.choices[0][0] if field.choices else "")
            for field in platform.authorization_fields
        }
        self._states = 0

    def begin(self) -> ConsentStart:
        self._states += 1
        state = f"state-{self._states}-of-this-walk-0123456789"
        start = self.platform.begin_consent(self.app, self.redirect_uri, state, self.options)
        self._remember(start.lookup, start.secret)
        return start

    def answer(self, start: ConsentStart, person: str, button: str) -> Callback:
        browser = Browser(self.redirect_uri)
        browser.open(start.url)
        browser.press(person)
        browser.press(button)
        assert browser.came_back is not None, browser.page and browser.page.text
        callback = self.platform.read_callback(browser.came_back)
        self._remember(callback.code)
        return callback

    def exchange(self, start: ConsentStart, callback: Callback, app: App | None = None) -> Grant:
        secret = start.secret.reveal() if start.secret else ""
        grant = self.platform.finish_consent(
            app or self.app, self.redirect_uri, callback, secret, self.options
        )
        self.remember(grant.tokens)
        return grant

    def grant(self, person: str) -> Grant:
        start = self.begin()
        return self.exchange(start, self.answer(start, person, "Allow"))

    def refresh(self, tokens: Tokens) -> Grant:
        grant = self.platform.refresh(self.app, tokens, self.options)
        self.remember(grant.tokens)
        return grant

    def connect(self, tokens: Tokens) -> Connection:
        return self.platform.connect(self.app, tokens, self.options)

    def remember(self, tokens: Tokens) -> None:
        self._remember(tokens.access, tokens.refresh, tokens.secret)

    def _remember(self, *secrets: Secret | None) -> None:
        self.secrets |= {secret.reveal() for secret in secrets if secret}
