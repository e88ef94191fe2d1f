"""An authority of the stack's own, and the certificates that it signs for the database and the broker."""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploy.local.home import write_private

_AUTHORITY_LIVES: Final = timedelta(days=3650)
_SERVER_LIVES: Final = timedelta(days=397)
_RENEWED_BEFORE: Final = timedelta(days=60)
_LOCAL: Final = ("127.0.0.1", "::1")


class Authority:
    """Its key and certificate are files of a folder, made where they are missing; so are those that it gives out.

    A certificate is made anew sixty days before its end, by the next start of the stack.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        if not _is_good(self.certificate):
            key = _new_key(self._path("authority", "key"))
            _write(
                self.certificate, _signed(key, key, "waybill authority", "waybill authority", _AUTHORITY_LIVES, _as_authority())
            )

    @property
    def certificate(self) -> Path:
        """What clients trust."""
        return self._path("authority", "pem")

    def issue(self, name: str, hosts: Sequence[str]) -> tuple[Path, Path]:
        """Certificate and key of a server that is reached by these names, and from its own machine."""
        certificate, key_file = self._path(name, "pem"), self._path(name, "key")
        if not _is_good(certificate):
            signer = serialization.load_pem_private_key(self._path("authority", "key").read_bytes(), password=None)
            assert isinstance(signer, ec.EllipticCurvePrivateKey), "it is the one that __init__ makes"
            key = _new_key(key_file)
            _write(certificate, _signed(key, signer, name, "waybill authority", _SERVER_LIVES, _as_server(hosts)))
        return certificate, key_file

    def _path(self, name: str, kind: str) -> Path:
        return self._folder / f"{name}.{kind}"


Extensions = Sequence[tuple[x509.ExtensionType, bool]]


def _as_authority() -> Extensions:
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return [(x509.BasicConstraints(ca=True, path_length=0), True), (usage, True)]


def _as_server(hosts: Sequence[str]) -> Extensions:
    names = [x509.DNSName(host) for host in (*hosts, "localhost")]
    addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in _LOCAL]
    return [
        (x509.SubjectAlternativeName([*names, *addresses]), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
    ]


def _signed(
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    subject: str,
    issuer: str,
    lives: timedelta,
    extensions: Extensions,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # The clocks of two containers are one clock; those of two machines are not.
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + lives)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _new_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    write_private(path, key.private_bytes(encoding, form, serialization.NoEncryption()).decode())
    return key


def _write(path: Path, certificate: x509.Certificate) -> None:
    write_private(path, certificate.public_bytes(serialization.Encoding.PEM).decode())


def _is_good(path: Path) -> bool:
    """Whether there is a certificate that holds for a while yet."""
    if not path.exists():
        return False
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return certificate.not_valid_after_utc - datetime.now(UTC) > _RENEWED_BEFORE
