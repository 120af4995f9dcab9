"""The emulated account: its credentials follow from the seed, and are nobody's."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import md5
from typing import TypedDict


class Credentials(TypedDict):
    """What a client is told to ask as an account."""

    account_sid: str
    auth_token: str
    app_id: str


@dataclass(frozen=True)
class Account:
    """One account with an application of its own and the sandbox's test application."""

    sid: str
    token: str = field(repr=False)
    app_id: str
    sandbox_app_id: str

    @classmethod
    def of(cls, seed: int) -> Account:
        """Return the account of a seed."""
        sid, token, app_id, sandbox = (
            md5(f"{seed}|{what}".encode(), usedforsecurity=False).hexdigest()
            for what in ("account", "token", "application", "test application")
        )
        return cls(sid, token, app_id, sandbox)

    def app_for(self, environment: str) -> str:
        """Return the application that may be used in an environment."""
        return self.sandbox_app_id if environment == "sandbox" else self.app_id
