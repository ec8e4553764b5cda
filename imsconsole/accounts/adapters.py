"""allauth's doors: sign-up is closed, accounts come by invitation or from the operator."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.http import HttpRequest

from imsconsole.accounts.models import User


class ClosedAccountAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class ClosedSocialAccountAdapter(DefaultSocialAccountAdapter):
    """A person known to the OpenID provider gets a user, but no membership until invited.

    The provider's e-mail address is not taken over: nothing here needs one, two people may share one,
    and allauth would stop and ask for another.
    """

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return True

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        sociallogin.email_addresses = []

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        user: User = super().populate_user(request, sociallogin, {**data, "email": ""})
        names = (data.get("first_name"), data.get("last_name"))
        user.display_name = (data.get("name") or " ".join(name for name in names if name))[:64]
        return user
