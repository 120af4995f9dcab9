"""Keep secrets out of what people and files see: signatures and headers in any text, also in logs."""

from __future__ import annotations

import logging
import re

HIDDEN = "***"

_PATTERNS = (
    re.compile(r"(?i)(\bsign=)[0-9a-z]+"),
    re.compile(r"(?i)(/sid/)[^/\s?#'\"]+"),
    re.compile(r"(?i)(\bauthorization['\"]?\s*[:=]\s*b?['\"]?)(?:basic\s+|bearer\s+)?[^\s'\",}]+"),
)


def scrub(text: str) -> str:
    """Return a text with every Sign, Authorization and account SID in a path replaced.

    Examples
    --------
    >>> scrub("POST /201612/sid/x/call/MeetingQuery.wx?Sign=0A1B HTTP/1.1")
    'POST /201612/sid/***/call/MeetingQuery.wx?Sign=*** HTTP/1.1'
    """
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<1>{HIDDEN}", text)
    return text


def mask_id(value: str) -> str:
    """Return an account or application id so that its owner knows it and nobody else can use it.

    Examples
    --------
    >>> mask_id("abcdefghijklmnopqrstuvwxyz012345"), mask_id("short")
    ('abcd***2345', '***')
    """
    return f"{value[:4]}{HIDDEN}{value[-4:]}" if len(value) >= 16 else HIDDEN


class ScrubFilter(logging.Filter):
    """Rewrites log records in place, since urllib3 logs whole URLs at DEBUG."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Scrub the record's message; it is always kept."""
        message = record.getMessage()
        clean = scrub(message)
        if clean != message:
            record.msg, record.args = clean, ()
        return True


def guard_logs() -> None:
    """Put the filter on the loggers of the HTTP stack; calling it again changes nothing."""
    for name in ("connectionpool", "connection", "response", "poolmanager", "util.retry"):
        logger = logging.getLogger(f"urllib3.{name}")
        if not any(isinstance(existing, ScrubFilter) for existing in logger.filters):
            logger.addFilter(ScrubFilter())
