"""Run the sandbox: `python -m sandbox --port 8900`."""

from __future__ import annotations

import argparse
from pathlib import Path

import waitress

from sandbox.server import create_app


def _directory(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is no directory")
    return path


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8900)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--threads", type=int, default=64)
    parser.add_argument(
        "--platforms",
        type=_directory,
        action="append",
        default=[],
        metavar="DIR",
        help="directory of more emulators (may be repeated)",
    )
    parser.add_argument(
        "--redirect-uri",
        action="append",
        default=[],
        metavar="URI",
        help="accept only this redirect address (may be repeated)",
    )
    options = parser.parse_args()
    app = create_app(options.platforms, options.redirect_uri)
    waitress.serve(
        app,
        host=options.host,
        port=options.port,
        threads=options.threads,
        max_request_body_size=512 * 1024 * 1024,
        # A hundred thousand identifiers are 7 MB: kept in memory, not in a file.
        inbuf_overflow=64 * 1024 * 1024,
        ident="sandbox",
    )


if __name__ == "__main__":
    main()
