"""The product's settings, with the platform of the benchmarks besides."""

from infosum_auth.settings import *  # noqa: F403
from infosum_auth.settings import BASE_DIR
from providers import platforms

platforms.__path__.append(str(BASE_DIR / "benchmarks" / "platforms"))
