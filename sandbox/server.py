"""Put the platforms behind one server: `/<key>/<vendor host>/<path>`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask, Response, render_template

from sandbox import platforms as package
from sandbox.clock import Clock
from sandbox.consent import screen
from sandbox.control import control
from sandbox.emulator import Emulator, Route
from sandbox.files import files


def discover(directories: Sequence[Path] = ()) -> list[type[Emulator]]:
    """Return the emulators found in the package, and in further directories."""
    for directory in directories:
        if str(directory) not in package.__path__:
            package.__path__.append(str(directory))
    found = []
    for module_info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{module_info.name}")
        found += [
            each
            for _, each in inspect.getmembers(module, inspect.isclass)
            if issubclass(each, Emulator)
            and f"{each.__module__}.".startswith(f"{module.__name__}.")
            and not inspect.isabstract(each)
        ]
    return sorted(found, key=lambda each: each.label)


def create_app(directories: Sequence[Path] = (), redirect_uris: Sequence[str] = ()) -> Flask:
    """Return the WSGI application with every platform that is found."""
    app = Flask(__name__)
    clock = Clock()
    platforms: dict[str, Emulator] = {}
    for each in discover(directories):
        if each.key in platforms:
            raise TypeError(f"Two emulators have the key {each.key!r}.")
        platforms[each.key] = each(clock, redirect_uris)
    app.extensions["platforms"] = platforms
    app.extensions["clock"] = clock
    app.register_blueprint(control)
    app.register_blueprint(files)
    for platform in platforms.values():
        _mount(app, platform)

    @app.get("/")
    def inspector() -> str:
        return render_template("inspector.html", platforms=platforms.values(), clock=clock)

    @app.after_request
    def no_store(response: Response) -> Response:
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return app


def _mount(app: Flask, platform: Emulator) -> None:
    host, path = platform.consent_at
    app.add_url_rule(
        f"/{platform.key}/{host}{path}",
        f"{platform.key} consent",
        partial(screen, platform),
        methods=["GET", "POST"],
    )
    for number, route in enumerate(platform.routes):
        app.add_url_rule(
            f"/{platform.key}/{route.host}{route.path}",
            f"{platform.key} {number}",
            _answering(platform, route),
            methods=list(route.methods),
        )


def _answering(platform: Emulator, route: Route) -> Any:
    def answer(**arguments: str) -> Response:
        return platform.handle(route, **arguments)

    return answer
