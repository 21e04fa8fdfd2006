"""Compile loops over bytes to the processor's own code, once for all processes.

What was compiled is kept in a folder that is named after the sources, as the compiler itself looks
only at the one file that a loop is written in. It is for the process that works: see `people_of`.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
import phonenumbers
from numba.extending import intrinsic as _intrinsic

_HERE = Path(__file__).resolve().parent
_KEPT = _HERE.parents[2] / ".cache" / "compiled"

Function = TypeVar("Function", bound=Callable[..., Any])


def folder_in(root: Path) -> Path:
    """Return where compiled code is kept; a private copy of it where nothing can be written."""
    # The country codes that a loop knows come from the library of phone numbers.
    sources = hashlib.sha256(f"{numba.__version__} {phonenumbers.__version__}".encode())
    for path in sorted(_HERE.glob("*.py")):
        sources.update(path.read_bytes())
    kept = root / sources.hexdigest()[:16]
    try:
        kept.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=kept):
            return kept
    except OSError:
        # The compiler takes no folder that it cannot write to, not even to read there.
        private = tempfile.mkdtemp(prefix="compiled-")
        atexit.register(shutil.rmtree, private, ignore_errors=True)
        if kept.is_dir():
            shutil.copytree(kept, private, dirs_exist_ok=True)
        return Path(private)


# A name of the compiler's settings that its types do not know.
vars(numba.config)["CACHE_DIR"] = str(folder_in(Path(os.environ.get("NUMBA_CACHE_DIR") or _KEPT)))
# Whoever calls keeps the arrays. To count again who holds them took three times as long as the
# loops themselves; so nothing compiled makes an array.
_HOW: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}


def compiled(function: Function) -> Function:
    """Compile a function when it is first called; other threads go on while it works."""
    done: Function = numba.njit(cache=True, **_HOW)(function)
    return done


def inlined(function: Function) -> Function:
    """Make a function a part of each compiled one that calls it: calls take longer than it does."""
    done: Function = numba.njit(forceinline=True, **_HOW)(function)
    return done


def intrinsic(function: Callable[..., Any]) -> Any:
    """Let a function write the compiler's own instructions; it is called without its first."""
    return _intrinsic(function)
