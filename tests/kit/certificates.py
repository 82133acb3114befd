"""Certificates with one flaw each, and the TLS contexts of servers that have them."""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_NOW = datetime.now(timezone.utc)
_NAMES = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_SIGNS = x509.KeyUsage(
    digital_signature=False, content_commitment=False, key_encipherment=False,
    data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
    encipher_only=False, decipher_only=False,
)  # fmt: skip


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a key that is long enough for every OpenSSL."""
    return ec.generate_private_key(ec.SECP256R1())


def short_key() -> rsa.RSAPrivateKey:
    """Return a key that is too short for security level 2 of OpenSSL."""
    return rsa.generate_private_key(65537, 1024)  # noqa: S505 - what a test needs


def pem_of(key: Key) -> bytes:
    """Return the private key in PEM."""
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption())


@dataclass
class Flawed:
    """A CA, and a certificate for 127.0.0.1 that it has signed; all is well by default."""

    key_usage: x509.KeyUsage | None = _SIGNS
    critical_constraints: bool = True
    key_identifier: bool = True
    for_clients: bool = False
    key: Key = field(default_factory=new_key)
    ca_key: Key = field(default_factory=new_key)

    def ca_pem(self) -> bytes:
        """Return the certificate of the CA in PEM."""
        builder = _builder("ca", "ca", self.ca_key)
        builder = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=self.critical_constraints
        )
        if self.key_usage:
            builder = builder.add_extension(self.key_usage, critical=True)
        if self.key_identifier:
            identifier = x509.SubjectKeyIdentifier.from_public_key(self.ca_key.public_key())
            builder = builder.add_extension(identifier, critical=False)
        return _signed(builder, self.ca_key)

    def server(self) -> ssl.SSLContext:
        """Return the TLS context of a server with the certificate."""
        purpose = (
            ExtendedKeyUsageOID.CLIENT_AUTH if self.for_clients else ExtendedKeyUsageOID.SERVER_AUTH
        )
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.ca_key.public_key())
        builder = _builder("server", "ca", self.key).add_extension(_NAMES, critical=False)
        builder = builder.add_extension(issuer, critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        return _context(self.key, _signed(builder, self.ca_key))


def self_signed() -> ssl.SSLContext:
    """Return the TLS context of a server that has signed its certificate itself."""
    key = new_key()
    builder = _builder("server", "server", key).add_extension(_NAMES, critical=False)
    return _context(key, _signed(builder, key))


def _builder(subject: str, issuer: str, key: Key) -> x509.CertificateBuilder:
    def name(of: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, of)])

    return x509.CertificateBuilder(
        name(issuer), name(subject), key.public_key(), x509.random_serial_number(),
        _NOW - timedelta(days=1), _NOW + timedelta(days=30),
    )  # fmt: skip


def _signed(builder: x509.CertificateBuilder, by: Key) -> bytes:
    return builder.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _context(key: Key, certificate: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # So that a short key can be served at all.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "server.pem")
        path.write_bytes(pem_of(key) + certificate)
        context.load_cert_chain(path)
    return context
