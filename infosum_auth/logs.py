"""Keep secrets out of log lines, whatever a library writes into them."""

from __future__ import annotations

import logging
import re

_SECRET_PARAMETER = re.compile(
    r"((?:access_token|refresh_token|client_secret|code|auth_code|state|oauth_token|oauth_verifier"
    r"|oauth_token_secret|code_verifier|secret|denied)(?:\"\s*:\s*\"|'\s*:\s*'|=))[^&\s\"',]+",
    re.IGNORECASE,
)
_BEARER = re.compile(r"((?:Bearer|Basic|OAuth)\s+)[A-Za-z0-9._~+/|=-]{8,}")


def masked(text: str) -> str:
    """Return the text with the values of secret-bearing parameters and headers masked."""
    return _BEARER.sub(r"\1***", _SECRET_PARAMETER.sub(r"\1***", text))


class MaskSecrets(logging.Filter):
    """Mask the message of each record; tracebacks included, since their last line is a message."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - a line that does not fit its values must harm nobody
            message = str(record.msg)
        record.msg = masked(message)
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = masked(logging.Formatter().formatException(record.exc_info))
        return True
