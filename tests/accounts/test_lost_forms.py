"""A form that lost its session or its token comes back filled, to its sender alone, and is never carried out by itself."""

from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.contrib.auth import login
from django.http import HttpRequest, QueryDict
from django.test import Client
from django.urls import reverse

from imsconsole.accounts.kept_forms import MOST_CHARACTERS, SESSION
from imsconsole.accounts.refill import refilled
from imsconsole.cloud.models import Vault
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
TYPED = {"name": '我的 "vault" <1>', "capacity_gb": "77"}
OURS = {"headers": {"Origin": "http://testserver"}}


def page(actor) -> str:
    return f"/p/{actor.project.pk}{reverse('vaults:create')}"


def signed_out(actor, **options) -> Client:
    """The browser of somebody whose session has ended."""
    client = client_of(actor, **options)
    client.get("/")
    del client.cookies["sessionid"]
    return client


def sign_in(client, actor) -> None:
    """Into the session that is there, as the sign-in page does."""
    request = HttpRequest()
    request.session = client.session
    login(request, actor.user, backend="django.contrib.auth.backends.ModelBackend")
    request.session.save()
    client.cookies["sessionid"] = request.session.session_key


def is_filled(html: str) -> bool:
    return "我的 &quot;vault&quot; &lt;1&gt;" in html and 'value="77"' in html


def test_what_was_typed_without_a_session_is_there_after_signing_in(people):
    client = signed_out(people.bob)
    answer = client.post(page(people.bob), TYPED, **OURS)
    way = parse_qs(urlsplit(answer["Location"]).query)["next"][0]
    assert (urlsplit(answer["Location"]).path, urlsplit(way).path) == ("/accounts/login/", page(people.bob))
    sign_in(client, people.bob)
    html = client.get(way).content.decode()
    assert is_filled(html)
    assert "Nothing was sent yet" in html
    assert not Vault.objects.exists()
    assert client.post(page(people.bob), {"name": "typed", "capacity_gb": 9}).status_code == 302


def test_a_lost_token_brings_the_form_back_filled(people):
    client = client_of(people.bob, enforce_csrf_checks=True)
    answer = client.post(page(people.bob), TYPED, **OURS)
    assert (answer.status_code, urlsplit(answer["Location"]).path) == (302, page(people.bob))
    assert is_filled(client.get(answer["Location"]).content.decode())
    assert not Vault.objects.exists()


@pytest.mark.parametrize("came_from", ["https://evil.example", "null", "", "http://testserver.evil.example"])
def test_another_sites_form_is_forgotten(people, came_from):
    for client in (client_of(people.bob, enforce_csrf_checks=True), signed_out(people.bob)):
        headers = {"Origin": came_from} if came_from else {}
        assert client.post(page(people.bob), TYPED, headers=headers).status_code in (302, 403)
        assert SESSION not in client.session


def test_nobody_else_gets_it(people):
    client = signed_out(people.bob)
    answer = client.post(page(people.bob), TYPED, **OURS)
    way = parse_qs(urlsplit(answer["Location"]).query)["next"][0]
    sign_in(client, people.alice)  # of the same project
    assert not is_filled(client.get(way).content.decode())
    stranger = Client()
    stranger.post(page(people.bob), TYPED, **OURS)
    assert SESSION not in stranger.session


def test_neither_secrets_nor_much_is_kept(people):
    client = client_of(people.bob, enforce_csrf_checks=True)
    client.post(page(people.bob), {**TYPED, "password1": "s3cret", "private_key": "s3cret"}, **OURS)
    assert "s3cret" not in str(dict(client.session))
    assert client.post(page(people.bob), {**TYPED, "more": "x" * MOST_CHARACTERS}, **OURS).status_code == 403


def test_what_only_takes_posts_is_not_kept(people):
    client = client_of(people.bob, enforce_csrf_checks=True)
    assert (
        client.post(f"/p/{people.bob.project.pk}/servers/{uuid4()}/auto-start/", TYPED, **OURS).status_code
        == 403
    )
    assert SESSION not in client.session


def test_fields_of_every_kind_are_filled_and_the_rest_of_the_page_stays():
    html = """<form action="/other/" method="post"><input name="a" value="1"></form>
<form method="post"><input type="hidden" name="a" value="kept"><input name="a" value="old" maxlength="9"><input name="a"/>
<input type="password" name="p"><input type="checkbox" name="on" checked><input type="checkbox" name="c" value="2">
<input type="radio" name="r" value="x" checked><input type="radio" name="r" value="y">
<select name="s"><option value="1" selected>1</option><option value="2">2</option></select><textarea name="t">old</textarea>
<button name="b" value="1">&lt;ok&gt;</button></form><input name="a" value="1">"""
    typed = QueryDict("a=1%22&a=2&p=no&c=2&r=y&s=2&t=%3C/textarea%3E%3Cscript%3E&b=2")
    assert (
        refilled(html, typed, "/here/")
        == """<form action="/other/" method="post"><input name="a" value="1"></form>
<form method="post"><input type="hidden" name="a" value="kept"><input name="a" maxlength="9" value="1&quot;"><input name="a" value="2">
<input type="password" name="p"><input type="checkbox" name="on"><input type="checkbox" name="c" value="2" checked>
<input type="radio" name="r" value="x"><input type="radio" name="r" value="y" checked>
<select name="s"><option value="1">1</option><option value="2" selected>2</option></select><textarea name="t">
&lt;/textarea&gt;&lt;script&gt;</textarea>
<button name="b" value="1">&lt;ok&gt;</button></form><input name="a" value="1">"""
    )
