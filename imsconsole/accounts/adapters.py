"""allauth's doors: sign-up is closed, accounts come by invitation or from the operator."""

from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import Provider
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse

from imsconsole.accounts import sign_in
from imsconsole.accounts.models import User
from imsconsole.accounts.openid import OpenIDProvider, check_nonce


class ClosedAccountAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves; whose password was wrong too often waits (`accounts.sign_in`)."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        """On the host of the settings: who asks for a mail to somebody else may write any into the request."""
        address = urlsplit(super().get_reset_password_from_key_url(key))
        return f"{settings.IMS_URL}{address.path}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """The same of what the mail says where it comes from."""
        host = urlsplit(settings.IMS_URL).netloc
        super().send_mail(
            template_prefix, email, {**context, "current_site": SimpleNamespace(name=host, domain=host)}
        )

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        attempt = sign_in.counted(request, sign_in.Kind.PASSWORD, credentials.get("username", ""))
        user: AbstractBaseUser | None = super().authenticate(request, **credentials)
        if user:
            sign_in.taken_back(attempt)
        return user

    def post_login(self, request: HttpRequest, user: User, **more: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **more)
        sign_in.remember_browser(request, response, user)
        return response


class ClosedSocialAccountAdapter(DefaultSocialAccountAdapter):
    """A person known to the OpenID provider gets a user, but no membership until invited.

    The provider's e-mail address is not taken over: nothing here needs one, two people may share one,
    and allauth would stop and ask for another.
    """

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return True

    def get_provider(self, request: HttpRequest, provider: str, client_id: str | None = None) -> Provider:
        found: Provider = super().get_provider(request, provider, client_id)
        return OpenIDProvider(request, app=found.app) if isinstance(found, OpenIDConnectProvider) else found

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        check_nonce(sociallogin)
        sociallogin.email_addresses = []

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        user: User = super().populate_user(request, sociallogin, {**data, "email": ""})
        names = (data.get("first_name"), data.get("last_name"))
        user.display_name = (data.get("name") or " ".join(name for name in names if name))[:64]
        return user
