"""SSH public keys: which are accepted, their fingerprints, and new pairs."""

import base64
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from imsconsole.core.errors import ImsError

RSA_MIN_BITS = 2048


class BadKey(ImsError):
    """The text is no public key that is accepted."""

    http_status = 422
    default_code = "bad-key"


@dataclass(frozen=True)
class PublicKey:
    """An OpenSSH public key in one line, and its SHA-256 fingerprint as `ssh-keygen -l` prints it."""

    text: str
    fingerprint: str


def read_public_key(text: str) -> PublicKey:
    """The key in `text`: Ed25519, ECDSA, or RSA of at least 2048 bits. Raises BadKey."""
    line = " ".join(text.split())
    if "PRIVATE KEY" in text:
        raise BadKey("key-is-private")
    try:
        key = serialization.load_ssh_public_key(line.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadKey from error
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < RSA_MIN_BITS:
            raise BadKey("key-too-short", bits=key.key_size, needed=RSA_MIN_BITS)
    elif not isinstance(key, ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey):
        raise BadKey("key-kind")
    return PublicKey(line, fingerprint_of(line))


def fingerprint_of(line: str) -> str:
    """`SHA256:` and the digest of the key's bytes, base64 without padding."""
    digest = hashlib.sha256(base64.b64decode(line.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def new_key(comment: str) -> tuple[PublicKey, str]:
    """A new Ed25519 pair: its public half, and the private one as an OpenSSH file."""
    private = ed25519.Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    secret = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    return read_public_key(f"{public.decode()} {comment}"), secret.decode()
