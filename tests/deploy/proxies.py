"""The examples of proxies in deploy/, changed where an operator would change them: name, ports, certificate."""

import datetime
import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.console import ROOT

DEPLOY = ROOT / "deploy"


@dataclass(frozen=True)
class Ports:
    https: int
    http: int
    web: int
    screens: int


def certify(folder: Path) -> tuple[Path, Path]:
    """A certificate of localhost that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    chain, secret = folder / "fullchain.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
    return chain, secret


def nginx(
    ports: Ports, certificates: str = "/etc/ssl/ims-console", data: str = "/var/lib/ims-console"
) -> str:
    """The site of nginx."""
    changes = {
        r"ims\.example\.org": "localhost",
        r"listen (\[::\]:)?80;": rf"listen \g<1>{ports.http};",
        r"listen (\[::\]:)?443 ": rf"listen \g<1>{ports.https} ",
        r"127\.0\.0\.1:8000": f"127.0.0.1:{ports.web}",
        r"127\.0\.0\.1:8001": f"127.0.0.1:{ports.screens}",
        "/etc/ssl/ims-console": certificates,
        "/var/lib/ims-console": data,
    }
    return _changed((DEPLOY / "nginx" / "ims-console.conf").read_text(), changes)


def caddy(ports: Ports, certificates: str) -> str:
    """The Caddyfile."""
    changes = {
        r"^ims\.example\.org \{": (
            f"https://localhost:{ports.https} {{\n\ttls {certificates}/fullchain.pem {certificates}/key.pem"
        ),
        r"^\{$": f"{{\n\tadmin off\n\tauto_https disable_redirects\n\thttp_port {ports.http}",
        r"127\.0\.0\.1:8000": f"127.0.0.1:{ports.web}",
        r"127\.0\.0\.1:8001": f"127.0.0.1:{ports.screens}",
    }
    return _changed((DEPLOY / "caddy" / "Caddyfile").read_text(), changes)


def behind(ports: Ports, **besides: str) -> dict[str, str]:
    """The settings of the console that go with either, as docs/operate/proxy.md has them."""
    return {
        "IMS_HTTPS": "1",
        "IMS_TRUSTED_PROXIES": "127.0.0.1",
        "IMS_ALLOWED_HOSTS": "localhost,127.0.0.1",
        "IMS_URL": f"https://localhost:{ports.https}",
        "IMS_SCREEN_URL": "/screens/",
        **besides,
    }


def _changed(text: str, changes: dict[str, str]) -> str:
    for what, into in changes.items():
        assert re.search(what, text, flags=re.MULTILINE), f"{what} is not in the example"
        text = re.sub(what, into, text, flags=re.MULTILINE)
    return text
