"""A time-stamping authority (RFC 3161) in this process: a root, a certificate for stamping, and answers to requests over HTTP."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SEEN = datetime(2026, 3, 5, 1, 2, 3, tzinfo=UTC)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass
class Authority:
    """Who stamps, and the root that vouches for it."""

    root: bytes
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(
        cls, name: str = "witness", *, valid_days: tuple[int, int] = (-400, 4000), stamps: bool = True
    ) -> Authority:
        """An authority whose certificates are valid for some days around `SEEN`; one may not be for stamping."""
        root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

        def built(subject: str, public: ec.EllipticCurvePublicKey, *, is_root: bool) -> x509.Certificate:
            builder = (
                x509.CertificateBuilder()
                .subject_name(_name(subject))
                .issuer_name(_name(f"{name} root"))
                .public_key(public)
                .serial_number(x509.random_serial_number())
                .not_valid_before(SEEN + timedelta(days=valid_days[0]))
                .not_valid_after(SEEN + timedelta(days=valid_days[1]))
                .add_extension(x509.BasicConstraints(is_root, None), critical=True)
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
                .add_extension(
                    x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False
                )
            )
            if not is_root:
                use = ExtendedKeyUsageOID.TIME_STAMPING if stamps else ExtendedKeyUsageOID.SERVER_AUTH
                builder = builder.add_extension(x509.ExtendedKeyUsage([use]), True)
            return builder.sign(root_key, hashes.SHA256())

        root = built(f"{name} root", root_key.public_key(), is_root=True)
        return cls(root.public_bytes(Encoding.PEM), key, built(name, key.public_key(), is_root=False))

    def answer(self, request: bytes) -> bytes:
        """Return the answer to a request, in DER."""
        asked = tsp.TimeStampReq.load(request)
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": "1.2.3.4.1",
                "message_imprint": asked["message_imprint"],
                "serial_number": 7,
                "gen_time": SEEN,
                "nonce": asked["nonce"].native,
            }
        )
        certificate = asn1_x509.Certificate.load(self.certificate.public_bytes(Encoding.DER))
        sha256 = algos.DigestAlgorithm({"algorithm": "sha256"})
        identity = tsp.ESSCertIDv2({"hash_algorithm": sha256, "cert_hash": hashlib.sha256(certificate.dump()).digest()})
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "message_digest", "values": [hashlib.sha256(info.dump()).digest()]},
                {"type": "signing_certificate_v2", "values": [tsp.SigningCertificateV2({"certs": [identity]})]},
            ]
        )
        signer = {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number",
                {"issuer": certificate.issuer, "serial_number": certificate.serial_number},
            ),
            "digest_algorithm": sha256,
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": self.key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())),
        }
        signed = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [sha256],
                "encap_content_info": {
                    "content_type": "tst_info",
                    "content": core.ParsableOctetString(info.dump()),
                },
                "certificates": [certificate],
                "signer_infos": [signer],
            }
        )
        token = cms.ContentInfo({"content_type": "signed_data", "content": signed})
        whole: bytes = tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump()
        return whole

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Answer requests on loopback; give the address."""
        stamps = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.server.received.append(body)  # type: ignore[attr-defined]
                is_query = self.headers["Content-Type"] == "application/timestamp-query"
                data = stamps.answer(body) if is_query else b""
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        server.received = []  # type: ignore[attr-defined]
        self.received: list[bytes] = server.received  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
