"""What ties a pack to the world outside, so that its maker cannot make it anew: a key, a timestamp by an authority,
heads that were published.

What each of them proves, and what it does not, stands in `docs/audit.md`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import urllib3

from ytxdata.archive import Archive
from ytxdata.archive.heads import gone_files, link, read_gone, read_head, sequences
from ytxdata.archive.ownership import LAYOUT, no_archive
from ytxdata.archive.raw_answers import CHAINED, pull_sha256
from ytxdata.archive.stored_rows import read
from ytxdata.audit.verifier import HEAD_FORMAT, canonical, read_heads
from ytxdata.errors import DamagedError, UsageError, YtxError, require_extra
from ytxdata.files import append_lines
from ytxdata.labels import Text, printable
from ytxdata.platform.limits import Wires, read_body, within
from ytxdata.redact import keyed_hashes, without_signatures

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


ANSWER_S = 30
"""How long an authority or a witness may take in all [s]."""
MOST_BYTES = 2**20
"""How much is read of an answer [bytes]: a timestamp with its certificates has five thousand."""


class _NoAnswerError(Exception):
    """Why nothing of use came, in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        self.why = Text(zh, en)
        super().__init__(en)


def _is_address(where: str | Path) -> bool:
    return str(where).lower().startswith(("http://", "https://"))


def _named(where: str | Path) -> str:
    """Return what a message calls a place: of an address the host alone, for the path of a webhook is its password."""
    if not _is_address(where):
        return str(where)
    scheme, _, rest = str(where).partition("://")
    return f"{scheme}://{re.split('[/?#]', rest)[0].rpartition('@')[2]}/…"


def _posted(where: str, data: bytes, kind: str) -> bytes:
    """Send something and return what is answered: whoever answers slowly, endlessly or by sending elsewhere is left."""

    def send(wires: Wires) -> bytes:
        with requests.Session() as session:
            session.mount("http://", wires)
            session.mount("https://", wires)
            headers = {"Content-Type": kind, "Accept-Encoding": "identity"}
            with session.post(
                where, data=data, headers=headers, timeout=ANSWER_S, allow_redirects=False, stream=True
            ) as answer:
                if not 200 <= answer.status_code < 300:
                    raise _NoAnswerError(f"HTTP 状态 {answer.status_code}", f"HTTP status {answer.status_code}")
                return read_body(answer, MOST_BYTES)

    try:
        body = within(ANSWER_S, send)
    except YtxError as error:
        raise _NoAnswerError(*error.cause) from None
    # what requests lets through of urllib3 for a host of 300 letters, and what a name that is none raises in `idna`
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
        raise _NoAnswerError(f"无法连接（{type(error).__name__}）", f"no connection ({type(error).__name__})") from None
    if body is None:
        raise _NoAnswerError(f"{ANSWER_S} 秒内没有答完", f"no whole answer within {ANSWER_S} s")
    return body


# ── time that an authority witnesses (RFC 3161) ──
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

    try:
        if _is_address(where):
            request = TimestampRequestBuilder().data(manifest).hash_algorithm(HashAlgorithm.SHA256).build().as_bytes()
            token = _posted(str(where), request, "application/timestamp-query")
        else:
            token = Path(where).read_bytes()
        seen = _imprint(token)
    except _NoAnswerError as error:
        raise _no_timestamp(where, error.why) from None
    except (OSError, ValueError) as error:  # a name of a file may hold a NUL
        why = getattr(error, "strerror", None) or str(error)
        raise _no_timestamp(where, Text(f"读不到文件（{why}）", f"the file cannot be read ({why})")) from None
    if seen not in (hashlib.new(name, manifest).digest() for name in ("sha256", "sha384", "sha512")):
        raise _no_timestamp(where, Text("它是另一份清单的", "it is of another manifest"))
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
    except (VerificationError, ValueError):  # its words are those of a library of ciphers
        raise DamagedError(
            Text(
                "时间戳不成立：不是对此清单的，或不由此证书的机构签发，或证书在该时刻无效",
                "the timestamp does not hold: it is none of this manifest, or not by the authority of this certificate, or the certificate was not valid at that time",
            ),
            remedy=Text(
                "索取原件，并核对时间戳机构的证书", "ask for the original, and compare the certificate of the authority"
            ),
        ) from None


def _imprint(token: bytes) -> bytes:
    """Return the hash that a timestamp is about."""
    from rfc3161_client import decode_timestamp_response

    try:
        response = decode_timestamp_response(token)
    except ValueError:  # its words tell tags of ASN.1, and a page of HTML is what usually comes
        raise _NoAnswerError(
            f"不是 RFC 3161 的回答（{len(token):,} 字节）", f"it is no answer of RFC 3161 ({len(token):,} bytes)"
        ) from None
    if response.status not in (0, 1):  # granted, or granted with changes
        said = printable(", ".join(response.status_string), line=True)[:200]
        raise _NoAnswerError(
            f"机构拒绝：{said or response.status}", f"the authority refused: {said or response.status}"
        )
    try:
        return response.tst_info.message_imprint.message
    except ValueError:
        raise _NoAnswerError("其中没有时间戳", "there is no timestamp in it") from None


def _no_timestamp(where: str | Path, why: Text) -> UsageError:
    named = _named(where)
    return UsageError(
        Text(f"{named} 没有给出此清单的时间戳：{why.zh}", f"{named} gave no timestamp of this manifest: {why.en}"),
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
            "request_id": row["request_id"] and without_signatures(row["request_id"]),  # a gateway may say anything
            **{name: keyed_hashes(row[name], secret) for name in ("pull_id", "sha256")},
            "previous_sha256": first,
        }
        previous = pull_sha256(link)
        yield link


def heads_of(archive: Archive) -> list[dict[str, Any]]:
    """Return the head of an archive after each of its pulls, as it may be published: `format pulls asked_at chain
    masked_chain`; the newest one says `head` and `heads`, too.

    `chain` is what a pack with raw answers is held against, `masked_chain` one without. Neither can be undone, and
    the history up to a head cannot be written otherwise without changing it. `heads` is keyed as `chain` is, and made
    of all control files up to the number `head`: what these say of syncs, clocks and lists is in no pull.

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
    heads: list[dict[str, Any]] = [
        {
            "format": HEAD_FORMAT,
            "pulls": n,
            "asked_at": plain["asked_at"].astimezone(UTC).isoformat(timespec="microseconds"),
            "chain": _keyed(pull_sha256(plain), key),
            "masked_chain": pull_sha256(masked),
        }
        for n, (plain, masked) in enumerate(zip(pulls, keyed_chain(pulls, secret), strict=True), start=1)
    ]
    if heads and snapshot.head.layout == LAYOUT:  # older ones do not say what went before; the next sync migrates
        past = link(snapshot.head.past_sha256, snapshot.sha256)
        heads[-1] |= {"head": snapshot.head.sequence, "heads": _keyed(past, key)}
    return heads


def _keyed(end: str, key: bytes) -> str:
    return hmac.new(key, end.encode(), "sha256").hexdigest()


def control_files(root: Path, key: bytes) -> Iterator[tuple[str, str]]:
    """Yield each `head` and its `heads`, as far as no control file is lacking; of those that went the hash is kept."""
    went = {number: sha256 for path in gone_files(root) for number, sha256 in read_gone(path).items()}
    there, past = {*sequences(root)}, ""
    for number in count(1):
        if number not in there and number not in went:
            return
        past = link(past, read_head(root, number).sha256 if number in there else went[number])
        yield str(number), _keyed(past, key)


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
        if _is_address(where):
            _posted(where, f"{line}\n".encode(), "application/json")
        elif where != "-":
            append_lines(Path(where), f"{line}\n".encode())
    except (_NoAnswerError, OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        why = error.why if isinstance(error, _NoAnswerError) else Text(said, said)
        named = _named(where)
        raise UsageError(
            Text(f"链首没有公布到 {named}：{why.zh}", f"the head was not published to {named}: {why.en}"),
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
        return read_heads(Path(path))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            Text(f"{path} 不是公布过的链首：{error}", f"{path} holds no published heads: {error}"),
            remedy=Text("每行一个，由 sync --publish-head 写出", "one on a line, as `sync --publish-head` writes them"),
        ) from None
