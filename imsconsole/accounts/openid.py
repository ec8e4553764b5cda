"""What OpenID Connect asks of who signs people in by it, beyond what allauth does by itself.

The ID token is there, is signed by a key of the provider, is for us, is of the sign-in that this browser began (nonce), and
is about the same person as what the provider tells of them. The code is of no use to who has stolen it (PKCE).
"""

import secrets
from typing import Any

import jwt
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase

from imsconsole.accounts.access import page_view

ALGORITHMS = [  # with a key that only the provider has: neither `none` nor what is signed by a shared secret
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
]  # fmt: skip
CLAIMS = ["iss", "sub", "aud", "exp", "iat"]
LEEWAY_S = 30  # of the provider's clock and ours


class CheckedAdapter(OpenIDConnectOAuth2Adapter):
    """Takes a person's word from a provider."""

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **more: Any
    ) -> SocialLogin:
        if not more["response"].get("id_token"):
            raise OAuth2Error("There is no ID token.")
        login = super().complete_login(request, app, token, **more)
        told = login.account.extra_data
        if told["userinfo"].get("sub") != told["id_token"]["sub"]:
            raise OAuth2Error("The user info is about another person than the ID token.")
        return login

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
        try:
            key = jwt.PyJWKSet.from_dict(answer.json())[jwt.get_unverified_header(id_token)["kid"]]
            return jwt.decode(
                id_token,
                key,
                algorithms=ALGORITHMS,
                audience=app.client_id,
                issuer=self.openid_config["issuer"],
                options={"require": CLAIMS},
                leeway=LEEWAY_S,
            )
        except (jwt.PyJWTError, KeyError, ValueError) as error:
            raise OAuth2Error("The ID token does not hold.") from error


class OpenIDProvider(OpenIDConnectProvider):
    """Sends people to it with a nonce and PKCE. What a link to our page asks for does not count."""

    oauth2_adapter_class = CheckedAdapter
    pkce_enabled_default = True

    def redirect(self, request: HttpRequest, process: str, *args: Any, **more: Any) -> Any:
        nonce = secrets.token_urlsafe(32)
        more["auth_params"] = {**self.get_auth_params(), "nonce": nonce}
        return super().redirect(request, process, *args, nonce=nonce, **more)

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        scope: list[str] = self.get_scope()
        return scope


def check_nonce(login: SocialLogin) -> None:
    """Raises PermissionDenied when the ID token is of another sign-in than the one that this browser began."""
    told, kept = login.account.extra_data.get("id_token", {}).get("nonce"), login.state.get("nonce")
    if not (isinstance(told, str) and kept and secrets.compare_digest(told.encode(), kept.encode())):
        raise PermissionDenied


@page_view.for_anyone
def callback(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Where the provider sends people back to."""
    try:
        answer: HttpResponseBase = OAuth2CallbackView.adapter_view(CheckedAdapter(request, provider_id))(
            request
        )
    except SocialApp.DoesNotExist as error:
        raise Http404 from error
    return answer
