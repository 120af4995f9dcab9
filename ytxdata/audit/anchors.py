"""What ties a pack to the world outside, so that its maker cannot make it anew: a key, a timestamp by an authority,
heads that were published.

What each of them proves, and what it does not, stands in `docs/audit.md`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from ytxdata.archive import Archive
from ytxdata.archive.heads import read
from ytxdata.archive.ownership import no_archive
from ytxdata.archive.stored_files import CHAINED, pull_sha256
from ytxdata.audit.verifier import HEAD_FORMAT, canonical, read_heads
from ytxdata.errors import DamagedError, UsageError, require_extra
from ytxdata.files import flush
from ytxdata.labels import Text
from ytxdata.redact import keyed_hashes

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


# ── time that an authority witnesses (RFC 3161) ──
ANSWER_S = 30
"""How long an authority may take [s]."""


def timestamp(manifest: bytes, where: str | Path) -> bytes:
    """Return an authority's timestamp over a manifest: asked for at an address, or read from a file that holds its
    answer.

    Raises
    ------
    UsageError
        Nobody answers, what comes is no timestamp, or it is one of something else.
    MissingExtraError
        The extra `sign` is not installed.
    """
    require_extra("sign")
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    if str(where).startswith(("http://", "https://")):
        request = TimestampRequestBuilder().data(manifest).hash_algorithm(HashAlgorithm.SHA256).build().as_bytes()
        headers = {"Content-Type": "application/timestamp-query"}
        try:
            answer = requests.post(str(where), request, headers=headers, timeout=ANSWER_S, allow_redirects=False)
            answer.raise_for_status()
        except requests.RequestException as error:
            raise _no_timestamp(where, type(error).__name__) from None
        token = answer.content
    else:
        try:
            token = Path(where).read_bytes()
        except OSError as error:
            raise _no_timestamp(where, error.strerror or str(error)) from None
    if _imprint(token, where) != hashlib.sha256(manifest).digest():
        raise _no_timestamp(where, "another manifest")
    return token


def verify_timestamp(manifest: bytes, token: bytes, authority: str | Path) -> datetime:
    """Return the instant at which an authority saw a manifest; nothing is asked over the network.

    Parameters
    ----------
    authority
        The certificate (PEM) that the authority's own goes back to, from where its users get it, not from the pack.

    Raises
    ------
    DamagedError
        The timestamp is not of this manifest, or not by this authority.
    UsageError
        The certificate cannot be read.
    """
    require_extra("sign")
    from cryptography.x509 import load_pem_x509_certificates
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    try:
        roots = load_pem_x509_certificates(Path(authority).read_bytes())
    except (OSError, ValueError):
        raise UsageError(
            Text(f"{authority} 不是证书（PEM）", f"{authority} holds no certificate (PEM)"),
            remedy=Text("向时间戳机构索取其根证书", "get the root certificate from the authority"),
        ) from None
    builder = VerifierBuilder()
    for root in roots:
        builder = builder.add_root_certificate(root)
    try:
        response = decode_timestamp_response(token)
        builder.build().verify_message(response, manifest)
        return response.tst_info.gen_time.astimezone(UTC)
    except (VerificationError, ValueError) as error:
        raise DamagedError(
            Text(f"时间戳不成立：{error}", f"the timestamp does not hold: {error}"),
            remedy=Text(
                "索取原件，并核对时间戳机构的证书", "ask for the original, and compare the certificate of the authority"
            ),
        ) from None


def _imprint(token: bytes, where: str | Path) -> bytes:
    from rfc3161_client import decode_timestamp_response

    try:
        response = decode_timestamp_response(token)
        if response.status != 0:
            raise ValueError(", ".join(response.status_string) or f"status {response.status}")
        return response.tst_info.message_imprint.message
    except ValueError as error:
        raise _no_timestamp(where, str(error)) from None


def _no_timestamp(where: str | Path, why: str) -> UsageError:
    return UsageError(
        Text(f"{where} 没有给出此清单的时间戳：{why}", f"{where} gave no timestamp of this manifest: {why}"),
        remedy=Text("换一个 RFC 3161 时间戳机构，或稍后再试", "try another RFC 3161 authority, or later"),
    )


# ── heads that were published ──
def head_key(secret: bytes) -> bytes:
    """Return the key under which the end of the plain chain is published.

    The plain end would be an oracle: whoever knows all of a pull but four digits of the only number in its answer
    could try them. A pack with raw answers hides nothing from its reader and holds this key; the archive's secret
    cannot be computed from it.
    """
    return hmac.digest(secret, b"heads", "sha256")


def keyed_chain(pulls: list[dict[str, Any]], secret: bytes) -> Iterator[dict[str, Any]]:
    """Yield the pulls as they may leave without their raw answers: hashes keyed, and the chain closed anew over what
    is left to check.

    The plain hash of an answer lets anybody try numbers until it fits; the owner of the archive can name the same
    chain again at any time.
    """
    previous = ""
    for row in pulls:
        first = previous or row["previous_sha256"]
        link = {
            **row,
            **{name: keyed_hashes(row[name], secret) for name in ("pull_id", "sha256")},
            "previous_sha256": first,
        }
        previous = pull_sha256(link)
        yield link


def heads_of(archive: Archive) -> list[dict[str, Any]]:
    """Return the head of an archive after each of its pulls, as it may be published: `format pulls asked_at chain
    masked_chain`.

    `chain` is what a pack with raw answers is held against, `masked_chain` one without. Neither can be undone, and
    the history up to a head cannot be written otherwise without changing it.

    Raises
    ------
    NotAnArchiveError
        There is no archive, or no sync was completed yet.
    """
    snapshot, secret = archive.snapshot(), archive.secret
    if snapshot is None or secret is None:
        raise no_archive(archive.path)
    pulls = read(snapshot, "pulls", CHAINED).to_pylist()
    key = head_key(secret)
    return [
        {
            "format": HEAD_FORMAT,
            "pulls": n,
            "asked_at": plain["asked_at"].astimezone(UTC).isoformat(timespec="microseconds"),
            "chain": hmac.new(key, pull_sha256(plain).encode(), "sha256").hexdigest(),
            "masked_chain": pull_sha256(masked),
        }
        for n, (plain, masked) in enumerate(zip(pulls, keyed_chain(pulls, secret), strict=True), start=1)
    ]


def publish_head(archive: Archive, where: str) -> str:
    """Publish the head of an archive as one line: added to a file, or sent to a witness (an address that takes a
    POST), or only returned for `-`.

    Raises
    ------
    UsageError
        It cannot be written or sent; the archive is whole all the same.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> archive = ytx.sample("archive")
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = ytx.audit.publish_head(archive, str(folder / "heads.txt"))
    >>> (folder / "heads.txt").exists()
    True
    """
    line = canonical(heads_of(archive)[-1]).decode()
    try:
        if where.startswith(("http://", "https://")):
            headers = {"Content-Type": "application/json"}
            requests.post(
                where, f"{line}\n", headers=headers, timeout=ANSWER_S, allow_redirects=False
            ).raise_for_status()
        elif where != "-":
            with Path(where).open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
                file.flush()
                flush(file.fileno())
    except (OSError, requests.RequestException) as error:
        raise UsageError(
            Text(
                f"链首没有公布到 {where}：{type(error).__name__}",
                f"the head was not published to {where}: {type(error).__name__}",
            ),
            remedy=Text("存档已完整；稍后再公布", "the archive is whole; publish it later"),
        ) from None
    return line


def given_heads(path: str | Path) -> list[dict[str, Any]]:
    """Return the heads that a file holds.

    Raises
    ------
    UsageError
        It cannot be read, or holds something else.
    """
    try:
        heads = read_heads(Path(path))
        if not heads:  # an empty file agrees with every history
            raise ValueError("no head / 没有链首")
        return heads
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            Text(f"{path} 不是公布过的链首：{error}", f"{path} holds no published heads: {error}"),
            remedy=Text("每行一个，由 sync --publish-head 写出", "one on a line, as `sync --publish-head` writes them"),
        ) from None


def verify_heads(archive: Archive, path: str | Path) -> Text:
    """Check that the history of an archive is the one whose heads were published.

    Raises
    ------
    DamagedError
        It was rewritten or cut; the message says from where on.
    UsageError
        The file holds no heads.
    NotAnArchiveError
        There is no archive.
    """
    given, known, agreed = given_heads(path), heads_of(archive), 0
    for head in sorted(given, key=lambda one: one["pulls"]):
        n = head["pulls"]
        own = known[n - 1] if 0 < n <= len(known) else None
        if own is None or (own["chain"], own["masked_chain"]) != (head.get("chain"), head.get("masked_chain")):
            raise DamagedError(
                Text(
                    f"历史被改写：第 {agreed} 次之后、第 {n} 次及之前的查询，与 {head.get('asked_at')} 公布的不符（存档现有 {len(known)} 次）",
                    f"history was rewritten after pull {agreed} and up to pull {n}: it is not the one published at {head.get('asked_at')} (the archive has {len(known)})",
                ),
                remedy=Text("与备份比较，查明是谁改写", "compare it with a backup, and find out who rewrote it"),
            )
        agreed = n
    return Text(
        f"{len(given)} 个公布的链首一致，至第 {agreed} 次查询（共 {len(known)} 次）",
        f"{len(given)} published heads agree, up to pull {agreed} of {len(known)}",
    )
