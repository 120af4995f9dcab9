"""Keep secrets out of what people and files see: signatures and headers in any text, also in logs."""

from __future__ import annotations

import logging
import re

HIDDEN = "***"

_PATTERNS = (
    re.compile(r"(?i)(\bsign=)[0-9a-z]+"),
    re.compile(r"(?i)(\bauthorization['\"]?\s*[:=]\s*b?['\"]?)(?:basic\s+|bearer\s+)?[^\s'\",}]+"),
)


def scrub(text: str) -> str:
    """Return a text with every Sign and Authorization value replaced.

    Examples
    --------
    >>> scrub("POST /201612/sid/x/call/MeetingQuery.wx?Sign=0A1B HTTP/1.1")
    'POST /201612/sid/x/call/MeetingQuery.wx?Sign=*** HTTP/1.1'
    """
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<1>{HIDDEN}", text)
    return text


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
    for name in ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry", "requests", "http.client"):
        logger = logging.getLogger(name)
        if not any(isinstance(existing, ScrubFilter) for existing in logger.filters):
            logger.addFilter(ScrubFilter())
