"""Signing in with an OpenID provider: a small one of our own answers on this machine."""

import json
import threading
import urllib.parse
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.sessions.models import Session
from django.test import Client

from imsconsole.accounts.models import Membership, User
from imsconsole.core.now import now

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SHARED = "console-secret-that-is-long-enough-for-hs256"


class Provider(BaseHTTPRequestHandler):
    """Discovery, token, keys and user info of an OpenID provider; `claims` says who signs in.

    `changed` is what is otherwise in the next ID tokens (None: missing), `signed` how they are signed, `about` whom the
    user info is about.
    """

    claims: dict[str, str] = {}
    changed: dict[str, Any] = {}
    signed: tuple[Any, str, str | None] = (KEY, "RS256", "1")
    about: dict[str, str] = {}
    asked: dict[str, str] = {}  # what the browser came with
    has_id_token = True

    def log_message(self, *_args: object) -> None:
        pass

    def do_GET(self) -> None:
        base = f"http://{self.headers['Host']}"
        answers = {
            "/.well-known/openid-configuration": {
                "issuer": base,
                "authorization_endpoint": f"{base}/authorize",
                "token_endpoint": f"{base}/token",
                "userinfo_endpoint": f"{base}/userinfo",
                "jwks_uri": f"{base}/keys",
            },
            "/userinfo": self.claims | self.about,
            "/keys": {
                "keys": [json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key())) | {"kid": "1"}]
            },
        }
        self._answer(answers[self.path])

    def do_POST(self) -> None:
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        verifier = form.get("code_verifier", [""])[0]
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
        if challenge != self.asked["code_challenge"]:
            self._answer({"error": "invalid_grant"}, 400)
            return
        base, at = f"http://{self.headers['Host']}", int(now().timestamp())
        usual = {"iss": base, "aud": "console", "iat": at, "exp": at + 60, "nonce": self.asked["nonce"]}
        claims = {name: value for name, value in {**self.claims, **usual, **self.changed}.items() if value}
        key, algorithm, name = self.signed
        token = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": name} if name else {})
        answer = {"access_token": "t", "token_type": "Bearer"}
        self._answer(answer | {"id_token": token} if self.has_id_token else answer)

    def _answer(self, content: object, status: int = 200) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def provider(settings, db) -> Iterator[type[Provider]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    app = {
        "provider_id": "oidc",
        "name": "Company login",
        "client_id": "console",
        "secret": "s",
        "settings": {"server_url": f"http://127.0.0.1:{server.server_port}"},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
    Provider.changed, Provider.about, Provider.has_id_token = {}, {}, True
    Provider.signed = (KEY, "RS256", "1")
    Provider.claims = {
        "sub": "u-1",
        "preferred_username": "erin",
        "name": "Erin E.",
        "email": "e@example.org",
    }
    yield Provider
    server.shutdown()
    thread.join()
    server.server_close()


def go(client: Client, more: str = "") -> dict[str, str]:
    """Press the button; what the browser takes to the provider."""
    away = client.post(f"/accounts/oidc/oidc/login/?process=login{more}")
    Provider.asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(away["Location"]).query))
    return Provider.asked


def come_back(client: Client, state: str = ""):
    """The same, be recognised by the provider, and return with its code."""
    asked = go(client)
    return client.get("/accounts/oidc/oidc/login/callback/", {"code": "c", "state": state or asked["state"]})


def test_the_sign_in_page_offers_it_and_looking_makes_no_session(provider) -> None:
    assert "Sign in with Company login" in Client().get("/accounts/login/").content.decode()
    Client().get("/accounts/oidc/oidc/login/")
    assert not Session.objects.exists()


def test_a_person_the_provider_knows_gets_a_user_without_membership_and_without_questions(provider) -> None:
    client = Client()
    assert come_back(client)["Location"] == "/"
    user = User.objects.get()
    assert (user.username, user.display_name, user.email) == ("erin", "Erin E.", "")
    assert not user.has_usable_password()
    assert not Membership.objects.exists()
    assert "You are not in a project yet" in client.get("/").content.decode()


def test_the_second_time_it_is_the_same_user(provider) -> None:
    come_back(Client())
    come_back(Client())
    assert User.objects.count() == 1


def test_somebody_elses_name_or_mail_at_the_provider_gives_no_way_into_their_user(people, provider) -> None:
    User.objects.filter(username="alice").update(email="alice@example.org")
    provider.claims = {"sub": "u-2", "preferred_username": "alice", "email": "alice@example.org"}
    client = Client()
    assert come_back(client)["Location"] == "/"
    assert client.get("/").status_code == 403
    assert User.objects.get(socialaccount__uid="u-2").username != "alice"


def test_a_person_signed_in_by_the_provider_can_set_a_password(provider) -> None:
    client = Client()
    come_back(client)
    assert "/accounts/password/set/" in client.get("/me/").content.decode()
    assert client.get("/accounts/password/set/").status_code == 200


# what does not hold ---------------------------------------------------------------------------------


def is_refused(client: Client, answer: Any) -> bool:
    """A page that says so, and nobody is signed in or made."""
    shown = answer.status_code == 401 and "<h1" in answer.content.decode()
    return shown and "_auth_user_id" not in client.session and not User.objects.exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"nonce": None},
        {"nonce": "of-another-sign-in"},
        {"nonce": ["a", "list"]},
        {"aud": "another-console"},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"exp": 1},
        {"exp": None},
        {"sub": None},
        {"iat": 4102444800},
    ],
    ids=str,
)
def test_an_id_token_of_another_sign_in_audience_issuer_or_time_is_refused(provider, changed) -> None:
    provider.changed, client = changed, Client()
    assert is_refused(client, come_back(client))


@pytest.mark.parametrize(
    "signed",
    [
        (None, "none", "1"),
        (None, "none", None),
        (OTHER_KEY, "RS256", "1"),
        (OTHER_KEY, "RS256", "2"),
        (KEY, "RS256", None),
        (SHARED, "HS256", "1"),
    ],
    ids=["none", "none without a key", "another key", "an unknown key", "no key named", "a shared secret"],
)
def test_an_id_token_that_the_provider_has_not_signed_is_refused(provider, signed) -> None:
    provider.signed, client = signed, Client()
    assert is_refused(client, come_back(client))


def test_without_an_id_token_the_user_info_alone_is_no_sign_in(provider) -> None:
    provider.has_id_token, client = False, Client()
    assert is_refused(client, come_back(client))


def test_a_user_info_about_somebody_else_is_refused(provider) -> None:
    provider.about, client = {"sub": "u-2"}, Client()
    assert is_refused(client, come_back(client))


def test_a_state_works_once_and_only_in_the_browser_that_began(provider) -> None:
    client, stranger = Client(), Client()
    address = {"code": "c", "state": go(client)["state"]}
    url = "/accounts/oidc/oidc/login/callback/"
    assert is_refused(stranger, stranger.get(url, address))
    for state in ("", "x" * 16):
        assert is_refused(client, client.get(url, {"code": "c", "state": state}))
    assert client.get(url, address)["Location"] == "/"
    client.post("/accounts/logout/")
    assert client.get(url, address).status_code == 401
    assert "_auth_user_id" not in client.session


def test_a_code_that_another_browser_was_given_is_of_no_use(provider) -> None:
    """The attacker's browser began; the victim's brings the code: PKCE and nonce are those of the first."""
    victim, attacker = Client(), Client()
    state = go(attacker)["state"]
    go(victim)
    assert is_refused(
        attacker, attacker.get("/accounts/oidc/oidc/login/callback/", {"code": "c", "state": state})
    )


def test_a_link_to_the_button_cannot_say_what_the_provider_is_asked_for(provider) -> None:
    asked = go(Client(), "&auth_params=redirect_uri%3Dhttps://evil.example%26nonce%3Dx&scope=admin")
    assert asked["redirect_uri"] == "http://testserver/accounts/oidc/oidc/login/callback/"
    assert sorted(asked["scope"].split()) == ["email", "openid", "profile"]
    assert asked["nonce"] != "x"


def test_a_second_identity_with_the_same_mail_is_another_user(provider) -> None:
    come_back(Client())
    provider.claims = {**provider.claims, "sub": "u-2"}
    come_back(Client())
    assert User.objects.count() == 2


def test_an_unknown_provider_is_not_found(provider) -> None:
    assert (
        Client().get("/accounts/oidc/other/login/callback/", {"code": "c", "state": "s"}).status_code == 404
    )
