"""Passwords of servers: what is allowed (R140), and the only form in which they are kept."""

import string

from django.utils.translation import gettext_lazy as _
from passlib.hash import sha512_crypt

from imsconsole.core.rules import ALLOWED, Verdict, refuse

SPECIAL = "!@$%^-_=+[{}]:,./?"
CLASSES = (string.ascii_uppercase, string.ascii_lowercase, string.digits, SPECIAL)
USER = "root"
WINDOWS_USER = "Administrator"


def is_good_password(password: str, *, windows: bool = False) -> Verdict:
    """8 to 26 characters of at least three kinds; Windows: nothing of the user's name in it (R140)."""
    kinds = sum(any(letter in kind for letter in password) for kind in CLASSES)
    known = all(any(letter in kind for kind in CLASSES) for letter in password)
    if not (8 <= len(password) <= 26 and known and kinds >= 3):
        return refuse(
            "password-weak",
            _(
                "A password has 8 to 26 characters of at least three of these kinds: upper-case letters, "
                "lower-case letters, digits and the special characters %(special)s"
            ),
            special=SPECIAL,
        )
    if _resembles(password, WINDOWS_USER if windows else USER, longest=2 if windows else 3):
        return refuse(
            "password-user-name", _("The password must not contain the user's name or its reverse.")
        )
    return ALLOWED


def _resembles(password: str, user: str, *, longest: int) -> bool:
    """Whether more than `longest` consecutive characters of the name, or of its reverse, are in there."""
    lower, size = password.lower(), longest + 1
    for name in (user.lower(), user.lower()[::-1]):
        if any(name[start : start + size] in lower for start in range(len(name) - size + 1)):
            return True
    return False


def crypted(password: str) -> str:
    """The crypt(3) hash (SHA-512) that cloud-init passes on to the guest."""
    return str(sha512_crypt.using(rounds=50_000).hash(password))
