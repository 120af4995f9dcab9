"""Stable names that stand for telephone numbers and people, from a key that only the owner has."""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.phones import normalize

_LETTERS = "BCDFGHJKLMNPQRST"
_MIN_BYTES = 16


@dataclass(frozen=True)
class Pseudonyms:
    """Gives every number and every person a name that is the same in each file made with one key.

    The names are HMAC-SHA-256 of the normalised number: who has the key can compute them from numbers, nobody can compute numbers from
    them. They hold letters only, so that no spreadsheet takes them for a number.

    Parameters
    ----------
    key
        The secret, at least 16 bytes. It is in no repr and in no file that is written.

    Examples
    --------
    >>> book = Pseudonyms(b"0123456789abcdef")
    >>> book.of_phone("13812345678") == book.of_phone("+86 138-1234-5678")
    True
    """

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) < _MIN_BYTES:
            raise UsageError(
                Text(
                    f"化名密钥太短（至少 {_MIN_BYTES} 字节）",
                    f"the key for pseudonyms is too short (at least {_MIN_BYTES} bytes)",
                ),
                remedy=Text("用 Pseudonyms.create(文件) 生成一个", "make one with Pseudonyms.create(file)"),
            )

    @classmethod
    def load(cls, path: str | Path) -> Pseudonyms:
        """Return the pseudonyms of a key file; blanks at its ends do not count.

        Raises
        ------
        UsageError
            The file cannot be read, or is too short; make one with `Pseudonyms.create`.
        """
        try:
            return cls(Path(path).read_bytes().strip())
        except OSError as error:
            raise UsageError(
                Text(
                    f"读不到化名密钥文件 {path}：{error.strerror}",
                    f"the key file {path} cannot be read: {error.strerror}",
                ),
                remedy=Text("用 Pseudonyms.create(文件) 生成一个", "make one with Pseudonyms.create(file)"),
            ) from None

    @classmethod
    def create(cls, path: str | Path) -> Pseudonyms:
        """Write a new random key to a file that only its owner can read, and return its pseudonyms; an existing file is never replaced."""
        target = Path(path)
        target.touch(mode=0o600, exist_ok=False)
        target.write_text(secrets.token_hex(32), encoding="ascii")
        return cls.load(target)

    @property
    def secret(self) -> bytes:
        """The key under which hashes of raw text leave beside the names."""
        return hmac.digest(self.key, b"hashes", "sha256")

    def of_phone(self, phone: str) -> str:
        """Return the name of a number, however it is written."""
        return f"P-{self._letters('phone', normalize(phone) or phone)}"

    def of_person(self, name: str) -> str:
        """Return the name that stands for somebody's name."""
        return f"N-{self._letters('person', name)}"

    def _letters(self, kind: str, text: str) -> str:
        clean = unicodedata.normalize("NFKC", text).strip()
        digest = hmac.digest(self.key, f"{kind}:{clean}".encode("utf-8", "surrogatepass"), "sha256")
        return "".join(_LETTERS[byte >> 4] + _LETTERS[byte & 15] for byte in digest[:6])
