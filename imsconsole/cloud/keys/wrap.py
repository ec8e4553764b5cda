"""Wrapping the material of a key by a master key: AES-256-GCM, bound to the key's ID."""

import base64
import binascii
import hashlib
import hmac
import os
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.views.decorators.debug import sensitive_variables

from imsconsole.core.errors import ImsError

SIZE_BYTES = 32
NONCE_BYTES = 12


@dataclass(frozen=True)
class Master:
    """A master key. Nothing that shows this object shows its 32 bytes."""

    secret: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that tell master keys apart and nothing about them."""
        return hmac.new(self.secret, b"ims master key", hashlib.sha256).hexdigest()[:16]

    @property
    def text(self) -> str:
        """As it stands in the setting and in the file."""
        return base64.b64encode(self.secret).decode()

    @sensitive_variables("material")
    def wrap(self, key_id: UUID, material: bytes) -> bytes:
        """A new nonce each time, then ciphertext and tag. Only the same key's row can be unwrapped with it."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self.secret).encrypt(nonce, material, _bound_to(key_id))

    def unwrap(self, key_id: UUID, wrapped: bytes) -> bytes:
        """The material. Raises ImsError when the bytes are not what was wrapped for that key."""
        try:
            return AESGCM(self.secret).decrypt(
                wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _bound_to(key_id)
            )
        except (InvalidTag, ValueError) as error:
            raise ImsError("key-damaged", id=str(key_id)) from error


@sensitive_variables()
def master_from(text: str) -> Master | None:
    """The master key that a text is; None when it is none."""
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return Master(secret) if len(secret) == SIZE_BYTES else None


def masters_in(text: str) -> list[Master]:
    """All that a text has, one a word; none when something else is in it."""
    words = text.split()
    masters = [master for master in map(master_from, words) if master]
    return masters if len(masters) == len(words) else []


def new_master() -> Master:
    return Master(os.urandom(SIZE_BYTES))


def _bound_to(key_id: UUID) -> bytes:
    return b"ims key " + key_id.bytes
