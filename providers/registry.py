"""Find the adapters: every module in `providers.platforms` that defines a `Platform`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

from providers import platforms
from providers.platform import Platform


class UnknownPlatform(LookupError):
    """No adapter has this key."""


class Registry:
    """The adapters by key. Looks at the package again when asked for a key it does not know.

    Adding a platform is adding a module (or a directory to the package's path): nothing is listed.
    """

    def __init__(self) -> None:
        self._by_key: dict[str, Platform] = {}
        self._looked_at: set[str] = set()

    def discover(self) -> None:
        """Import every module of the package once and keep one instance of each adapter."""
        for module_info in pkgutil.iter_modules(platforms.__path__):
            name = f"{platforms.__name__}.{module_info.name}"
            if name in self._looked_at:
                continue
            module = importlib.import_module(name)
            for _, found in inspect.getmembers(module, inspect.isclass):
                is_its_own = found.__module__ == name or found.__module__.startswith(f"{name}.")
                if is_its_own and issubclass(found, Platform) and not inspect.isabstract(found):
                    self._keep(found())
            self._looked_at.add(name)

    def _keep(self, platform: Platform) -> None:
        there = self._by_key.setdefault(platform.key, platform)
        if type(there) is not type(platform):
            # A row in the database names one adapter by its key; it must not be a matter of order.
            raise TypeError(f"Two adapters have the key {platform.key!r}.")

    def get(self, key: str) -> Platform:
        """Return the adapter with this key, or raise UnknownPlatform."""
        if key not in self._by_key:
            self.discover()
        try:
            return self._by_key[key]
        except KeyError:
            raise UnknownPlatform(key) from None

    def __iter__(self) -> Iterator[Platform]:
        """Yield all adapters, by label."""
        self.discover()
        return iter(sorted(self._by_key.values(), key=lambda platform: platform.label.lower()))

    def __contains__(self, key: str) -> bool:
        try:
            self.get(key)
        except UnknownPlatform:
            return False
        return True

    def label(self, key: str) -> str:
        """Return the platform's name for people; the key itself where its adapter is gone."""
        try:
            return self.get(key).label
        except UnknownPlatform:
            return key


registry = Registry()
