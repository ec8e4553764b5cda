"""Signing in with an OpenID provider: a small one of our own answers on this machine."""

import json
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.sessions.models import Session
from django.test import Client

from imsconsole.accounts.models import Membership, User
from imsconsole.core.now import now

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Provider(BaseHTTPRequestHandler):
    """Discovery, token, keys and user info of an OpenID provider; `claims` says who signs in."""

    claims: dict[str, str] = {}

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
            "/userinfo": self.claims,
            "/keys": {
                "keys": [json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key())) | {"kid": "1"}]
            },
        }
        self._answer(answers[self.path])

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        base, at = f"http://{self.headers['Host']}", int(now().timestamp())
        claims = {**self.claims, "iss": base, "aud": "console", "iat": at, "exp": at + 60}
        token = jwt.encode(claims, KEY, algorithm="RS256", headers={"kid": "1"})
        self._answer({"access_token": "t", "token_type": "Bearer", "id_token": token})

    def _answer(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def provider(settings, db) -> Iterator[type[Provider]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    app = {
        "provider_id": "oidc",
        "name": "Company login",
        "client_id": "console",
        "secret": "s",
        "settings": {"server_url": f"http://127.0.0.1:{server.server_port}"},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
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


def come_back(client: Client):
    """Press the button, be recognised by the provider, and return with its code."""
    away = client.post("/accounts/oidc/oidc/login/?process=login")
    state = urllib.parse.parse_qs(urllib.parse.urlsplit(away["Location"]).query)["state"][0]
    return client.get("/accounts/oidc/oidc/login/callback/", {"code": "c", "state": state})


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
