"""The forms of the second factor, by whose user wrong codes are counted (`accounts.sign_in`)."""

from typing import Any

from allauth.core import context
from allauth.mfa.base import forms as base
from allauth.mfa.webauthn import forms as webauthn

from imsconsole.accounts import sign_in


class CountedCode:
    """A code, typed or from a recovery list."""

    user: Any

    def clean_code(self) -> str:
        attempt = sign_in.counted(context.request, sign_in.Kind.CODE, self.user.username)
        code: str = super().clean_code()  # type: ignore[misc]
        sign_in.taken_back(attempt)
        return code


class CountedCredential:
    """What a security key has signed."""

    user: Any

    def clean_credential(self) -> Any:
        attempt = sign_in.counted(context.request, sign_in.Kind.CODE, self.user.username)
        credential = super().clean_credential()  # type: ignore[misc]
        sign_in.taken_back(attempt)
        return credential


class AuthenticateForm(CountedCode, base.AuthenticateForm):
    """At sign-in."""


class ReauthenticateForm(CountedCode, base.ReauthenticateForm):
    """Before what is sensitive."""


class AuthenticateWebAuthnForm(CountedCredential, webauthn.AuthenticateWebAuthnForm):
    """At sign-in."""


class ReauthenticateWebAuthnForm(CountedCredential, webauthn.ReauthenticateWebAuthnForm):
    """Before what is sensitive."""
