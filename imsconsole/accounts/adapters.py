"""allauth's doors: sign-up is closed, accounts come by invitation or from the operator."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest


class ClosedAccountAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class ClosedSocialAccountAdapter(DefaultSocialAccountAdapter):
    """A person known to the OpenID provider gets a user, but no membership until invited."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: object) -> bool:
        return True
