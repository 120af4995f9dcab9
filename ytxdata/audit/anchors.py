"""Sign a manifest with an ed25519 key; everybody can verify with Python alone, only the key's owner can sign."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ytxdata.errors import UsageError
from ytxdata.extras import require_extra
from ytxdata.labels import Text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True)
class Signer:
    """A private key that signs; it is never shown."""

    key: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def load(cls, path: str | Path) -> Signer:
        """Read a private ed25519 key from a PEM file without a password.

        Raises
        ------
        UsageError
            The file cannot be read or is no such key.
        MissingExtraError
            The extra `sign` is not installed.
        """
        require_extra("sign")
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(Path(path).read_bytes(), password=None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
            key = None  # told below; the reason might quote the key
        if not isinstance(key, Ed25519PrivateKey):
            raise UsageError(
                Text(
                    f"{path} 不是无口令的 ed25519 私钥（PEM）",
                    f"{path} is no ed25519 private key (PEM, without a password)",
                ),
                remedy=Text(
                    "openssl genpkey -algorithm ed25519 -out key.pem", "openssl genpkey -algorithm ed25519 -out key.pem"
                ),
            )
        return cls(key)

    @property
    def public_key(self) -> str:
        """The public key in hex: give it to whoever will verify, by another way than the pack."""
        return self.key.public_key().public_bytes_raw().hex()

    def sign(self, message: bytes) -> dict[str, str]:
        """Return the signature of a message as it stands in a pack."""
        return {"algorithm": "ed25519", "public_key": self.public_key, "signature": self.key.sign(message).hex()}
