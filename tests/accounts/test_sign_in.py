"""Signing in: password, second factor; and no session row before."""

import os
import re
import subprocess
import sys

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from imsconsole.accounts.models import User
from tests.accounts.conftest import PASSWORD, code_for
from tests.conftest import client_of


def sign_in(client: Client, password: str = PASSWORD, **more: str):
    return client.post("/accounts/login/", {"login": "erin", "password": password, **more})


@pytest.mark.django_db
def test_before_signing_in_there_is_no_session_row(erin) -> None:
    client = Client()
    page = client.get("/accounts/login/?next=/project/")
    assert page.status_code == 200
    assert sign_in(client, "wrong").status_code == 200
    client.get("/accounts/signup/")
    client.get("/accounts/password/reset/")
    client.get("/project/")
    assert not Session.objects.exists()
    assert "sessionid" not in client.cookies


def test_with_the_right_password_one_comes_to_the_page_one_wanted(erin) -> None:
    client = Client()
    response = sign_in(client, next="/project/")
    assert response.status_code == 302
    assert response["Location"] == "/project/"
    assert client.get("/project/", follow=True).status_code == 200
    assert Session.objects.count() == 1


def test_the_user_name_may_be_written_in_capitals(erin) -> None:
    assert Client().post("/accounts/login/", {"login": "ERIN", "password": PASSWORD}).status_code == 302


def test_a_wrong_password_does_not_say_which_part_was_wrong(erin) -> None:
    known = sign_in(Client(), "wrong").content.decode()
    unknown = Client().post("/accounts/login/", {"login": "nobody", "password": "x"}).content.decode()
    sentence = "The username and/or password you specified are not correct."
    assert sentence in known
    assert sentence in unknown


def test_it_leads_nowhere_outside(erin) -> None:
    assert sign_in(Client(), next="https://example.org/")["Location"] == "/"


def test_signing_out_ends_the_session(erin) -> None:
    client = Client()
    sign_in(client)
    assert client.post("/accounts/logout/")["Location"] == "/accounts/login/"
    assert client.get("/").status_code == 302
    assert not Session.objects.exists()


def test_a_session_that_has_expired_is_nobodys(people) -> None:
    client = client_of(people.bob)
    assert client.get("/me/").status_code == 200
    Session.objects.update(expire_date=timezone.now())
    assert "/accounts/login/" in client.get("/me/")["Location"]


def test_looking_does_not_sign_out(erin) -> None:
    client = Client()
    sign_in(client)
    assert client.get("/accounts/logout/").status_code == 200
    assert client.get("/", follow=True).status_code == 200


@pytest.mark.django_db
def test_sign_up_is_closed() -> None:
    page = Client().get("/accounts/signup/")
    assert "Sign-up is closed" in page.content.decode()
    data = {"username": "mallory", "password1": PASSWORD, "password2": PASSWORD}
    Client().post("/accounts/signup/", data)
    assert not User.objects.exists()


@pytest.mark.django_db
def test_without_a_mail_server_a_forgotten_password_is_for_the_operator(settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    assert "Ask the operator of this console" in Client().get("/accounts/password/reset/").content.decode()


def test_the_password_is_changed_on_a_page_of_ours(erin) -> None:
    client = Client()
    sign_in(client)
    assert "css/console" in client.get("/accounts/password/change/").content.decode()
    new = "another long phrase 8"
    data = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert client.post("/accounts/password/change/", data).status_code == 302
    assert sign_in(Client(), new).status_code == 302


@pytest.mark.slow(reason="an app is set up, then asked for while one signs in")
def test_an_authenticator_app_is_set_up_and_asked_for(erin) -> None:
    client = Client()
    sign_in(client)
    again = client.get("/accounts/2fa/totp/activate/")
    assert again["Location"].startswith("/accounts/reauthenticate/")
    client.post(again["Location"], {"password": PASSWORD})
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    secret = re.search(r'id="authenticator_secret"\s[^>]*value="(\w+)"', page)[1]
    assert client.post("/accounts/2fa/totp/activate/", {"code": code_for(secret)}).status_code == 302
    assert TOTP(erin.authenticator_set.get(type="totp")).instance.user == erin
    codes = client.get("/accounts/2fa/recovery-codes/").content.decode()
    recovery = re.findall(r"<li>(\w+)</li>", codes)
    assert len(recovery) == 10
    assert "Authenticator app" in client.get("/me/", follow=True).content.decode()

    other = Client()
    assert sign_in(other)["Location"] == "/accounts/2fa/authenticate/"
    assert other.get("/").status_code == 302
    assert other.get("/accounts/2fa/authenticate/").status_code == 200
    assert other.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert other.post("/accounts/2fa/authenticate/", {"code": recovery[0]}).status_code == 302
    assert other.get("/", follow=True).status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "/accounts/2fa/",
        "/accounts/2fa/webauthn/",
        "/accounts/2fa/webauthn/add/",
        "/accounts/2fa/totp/activate/",
        "/accounts/reauthenticate/",
        "/accounts/logout/",
        "/accounts/3rdparty/",
        "/accounts/inactive/",
        "/accounts/3rdparty/login/cancelled/",
        "/accounts/3rdparty/login/error/",
    ],
)
def test_allauths_pages_wear_the_consoles_frame_without_inline_code(erin, url) -> None:
    client = Client()
    sign_in(client)
    if not url.endswith("reauthenticate/"):
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get(url, follow=True)
    text = page.content.decode()
    assert "css/console" in text
    assert text.count("<h1") == 1
    assert not re.search(r"<script(?![^>]*(src=|application/json))[^>]*>|style=\"|\son\w+=\"", text)


def test_the_operator_signs_in_to_the_admin_by_the_same_door(operator) -> None:
    response = Client().get("/admin/login/?next=/admin/")
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


@pytest.mark.django_db
def test_no_cookie_is_within_reach_of_scripts(erin) -> None:
    client = Client()
    sign_in(client)
    client.post("/me/language/", {"language": "zh-hans"})
    client.post("/me/", {"language": "en"})
    assert {"sessionid", "csrftoken", "django_language"} <= client.cookies.keys()
    kept = [cookie for cookie in client.cookies.values() if cookie.value]
    assert [cookie.key for cookie in kept if not (cookie["httponly"] and cookie["samesite"] == "Lax")] == []


def test_behind_tls_every_cookie_is_for_tls_alone() -> None:
    words = "import imsconsole.settings as s; print(*(n for n in vars(s) if n.endswith('COOKIE_SECURE') and vars(s)[n]))"
    told = subprocess.run(
        [sys.executable, "-c", words],
        env={**os.environ, "IMS_HTTPS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "LANGUAGE_COOKIE_SECURE"]
