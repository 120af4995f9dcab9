"""The signature: one instant, in Beijing time, in both the Sign parameter and the Authorization header. Made anew for
every send.

Source: seed, 优先必读 5 and 公共参数.
"""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import quote

from requests import PreparedRequest
from requests.auth import AuthBase

from ytxdata import times
from ytxdata.platform.settings import Settings
from ytxdata.redact import HIDDEN, mask_id, scrub

_TELLING = 8
"""Characters from which a SID or token is looked for in other texts; shorter ones are part of ordinary words."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What could steer a terminal; tab and line feed may stay."""


def sign(settings: Settings, stamp: str) -> str:
    """Return the Sign of a time stamp: MD5 of SID, token and stamp as 32 upper-case hex digits, leading zeros kept.

    Examples
    --------
    >>> from ytxdata.platform.settings import Settings
    >>> sign(Settings.load(account_sid="abc", auth_token="def", app_id="app"), "20140416142030")
    'F7A8C4E3D70B0146A78190866E090F6E'
    """
    return (
        hashlib.md5(
            f"{settings.account_sid}{settings.auth_token.get_secret_value()}{stamp}".encode(), usedforsecurity=False
        )
        .hexdigest()
        .upper()
    )


def authorization(settings: Settings, stamp: str) -> str:
    """Return the Authorization header of a time stamp: base64 of SID, a vertical bar and the stamp.

    Examples
    --------
    >>> from ytxdata.platform.settings import Settings
    >>> authorization(Settings.load(account_sid="abc", auth_token="def", app_id="app"), "20140416142030")
    'YWJjfDIwMTQwNDE2MTQyMDMw'
    """
    return base64.b64encode(f"{settings.account_sid}|{stamp}".encode()).decode("ascii")


class SignedAuth(AuthBase):
    """Signs each request as requests prepares it; the clock is read once for both places.

    The stamps it used are remembered, so that `hide` can take a signature out of what a server says back.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stamps: list[str] = []

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Put the signature of this moment on the request."""
        stamp = times.stamp(times.now())
        self._stamps.append(stamp)
        request.headers["Authorization"] = authorization(self._settings, stamp)
        request.url = f"{(request.url or '').partition('?')[0]}?Sign={sign(self._settings, stamp)}"
        return request

    def hide(self, text: str) -> str:
        """Return what a server said, fit for an error: no signature, no token, no control characters, the account SID
        masked.
        """
        sid, token = self._settings.account_sid, self._settings.auth_token.get_secret_value()
        secrets = [made(self._settings, stamp) for stamp in self._stamps for made in (sign, authorization)]
        secrets += [token] if len(token) >= _TELLING else []
        for secret in (form for one in secrets for form in (one, quote(one, safe=""))):
            text = re.sub(re.escape(secret), HIDDEN, text, flags=re.IGNORECASE)
        text = _CONTROLS.sub("�", scrub(text))
        return text.replace(sid, mask_id(sid)) if len(sid) >= _TELLING else text
