"""Who fails to sign in waits, ever longer; nobody else does."""

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.test import Client

from imsconsole.accounts import sign_in
from imsconsole.accounts.models import SlowedSignIn, User
from imsconsole.core import now as clock
from tests.accounts.conftest import PASSWORD, actions, code_for
from tests.support.at_once import at_once

X, Y = "198.51.100.1", "203.0.113.9"
WAITS = re.compile(r"Signing in has failed too often. Try again in (\d+) (second|minute)s?\.")


@pytest.fixture(autouse=True)
def _five_tries(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no second goes by but those that a test lets pass."""
    settings.IMS_SIGN_IN_TRIES = 5
    began = clock.now()
    monkeypatch.setattr(clock, "datetime", SimpleNamespace(now=lambda _zone: began))


def sign_in_from(address: str, password: str, login: str = "erin", client: Client | None = None) -> str:
    """Try it; "in", "wrong", or how long one must wait."""
    client = client or Client()
    answer = client.post("/accounts/login/", {"login": login, "password": password}, REMOTE_ADDR=address)
    if answer.status_code == 302:
        return "in"
    found = WAITS.search(answer.content.decode())
    return f"{found[1]} {found[2]}" if found else "wrong"


def guess(address: str, times: int, login: str = "erin") -> list[str]:
    return [sign_in_from(address, "wrong", login) for _time in range(times)]


def test_after_five_failures_one_waits_and_is_told_how_long(erin) -> None:
    assert guess(X, 6) == ["wrong"] * 5 + ["5 second"]
    assert sign_in_from(X, PASSWORD) == "5 second", "the right password as well"


def test_the_wait_doubles_up_to_a_quarter_of_an_hour_and_nobody_is_refused_for_good(erin) -> None:
    guess(X, 5)
    said = []
    for _time in range(9):
        clock.move(timedelta(minutes=15))
        assert guess(X, 1) == ["wrong"]
        said += guess(X, 1)
    assert said[:4] == ["10 second", "20 second", "40 second", "80 second"]
    assert said[-2:] == ["15 minute", "15 minute"]
    clock.move(timedelta(minutes=15))
    assert sign_in_from(X, PASSWORD) == "in"
    assert guess(X, 6) == ["wrong"] * 5 + ["5 second"], "who has signed in begins anew"


def test_who_waits_is_not_kept_waiting_longer_by_trying(erin) -> None:
    guess(X, 10)
    assert SlowedSignIn.objects.get(name="erin", source=X).failures == 5
    clock.move(timedelta(seconds=6))
    assert sign_in_from(X, PASSWORD) == "in"


def test_guessing_from_one_address_stops_neither_the_owner_elsewhere_nor_others_there(erin, people) -> None:
    User.objects.create_user("frank", password=PASSWORD)
    guess(X, 40)
    assert sign_in_from(Y, PASSWORD) == "in"
    assert sign_in_from(X, PASSWORD, login="frank") == "in"


@pytest.mark.slow(reason="signs in wrongly under dozens of names")
def test_many_names_from_one_address_wait_a_minute_at_most(erin) -> None:
    said = [sign_in_from(X, "wrong", f"name-{i}") for i in range(31)]
    assert said == ["wrong"] * 30 + ["5 second"]
    for i in range(9):
        clock.move(timedelta(minutes=1))
        assert guess(X, 1, f"other-{i}") == ["wrong"]
    assert guess(X, 1, "one-more") == ["60 second"]
    assert sign_in_from(Y, PASSWORD) == "in"
    clock.move(timedelta(minutes=11))
    assert guess(X, 2, "later") == ["wrong"] * 2


@pytest.mark.slow(reason="signs in wrongly from dozens of addresses")
def test_guessing_a_name_from_many_addresses_is_slowed_but_not_for_its_owner_s_own_browser(erin) -> None:
    own, other = Client(), Client()
    assert sign_in_from(Y, PASSWORD, client=own) == "in"
    own.post("/accounts/logout/")
    said = [sign_in_from(f"192.0.2.{i}", "wrong") for i in range(52)]
    assert said[:50] == ["wrong"] * 50
    assert said[50:] == ["5 second"] * 2
    assert sign_in_from(Y, PASSWORD, client=other) == "5 second"
    assert sign_in_from(X, PASSWORD, client=own) == "in"


@pytest.mark.slow(reason="signs in wrongly dozens of times")
def test_nothing_that_others_do_at_an_address_reaches_a_known_browser(erin) -> None:
    own = Client()
    sign_in_from(X, PASSWORD, client=own)
    own.post("/accounts/logout/")
    guess(X, 20)
    for i in range(40):
        sign_in_from(X, "wrong", f"name-{i}")
    assert sign_in_from(X, PASSWORD) != "in"
    assert sign_in_from(X, PASSWORD, client=own) == "in"


def test_a_known_browser_is_counted_by_itself_and_by_the_name_that_signed_in(erin) -> None:
    own = Client()
    sign_in_from(Y, PASSWORD, client=own)
    own.post("/accounts/logout/")
    assert [sign_in_from(X, "wrong", client=own) for _time in range(6)] == ["wrong"] * 5 + ["5 second"]
    assert not SlowedSignIn.objects.filter(source="").exists()
    User.objects.create_user("frank", password=PASSWORD)
    assert sign_in_from(X, "wrong", "frank", own) == "wrong"
    assert SlowedSignIn.objects.filter(name="frank", source=X).exists(), "it is no browser of his"


@pytest.mark.parametrize("forged", ["", "x", "eyJpZCI6ICJhIn0:1:x", '{"id": "a", "names": ["erin"]}'])
def test_a_cookie_that_was_not_signed_here_is_none(erin, forged) -> None:
    guess(X, 5)
    client = Client()
    client.cookies["known_browser"] = forged
    assert sign_in_from(X, PASSWORD, client=client) == "5 second"


def test_the_cookie_is_for_signing_in_alone_and_out_of_reach_of_scripts(erin, settings) -> None:
    settings.IMS_HTTPS = True
    client = Client()
    sign_in_from(X, PASSWORD, client=client)
    cookie = client.cookies["known_browser"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"], cookie["secure"]) == (
        "/accounts/",
        True,
        "Lax",
        True,
    )


def test_another_spelling_of_a_name_is_the_same_name(erin) -> None:
    """PostgreSQL takes `erın` for `erin`, as both are ERIN in capitals."""
    spelled = ["ERIN", " erin ", "Erin", "er\u0131n", "erin"]
    assert [sign_in_from(X, "wrong", name) for name in spelled] == ["wrong"] * 5
    assert guess(X, 1) == ["5 second"]


def test_a_name_that_nobody_has_waits_like_any_other(erin) -> None:
    assert guess(X, 6, "nobody") == guess(Y, 6)


def test_neighbours_in_ipv6_are_one(erin) -> None:
    for i in range(5):
        assert guess(f"2001:db8::{i + 1}", 1) == ["wrong"]
    assert guess("2001:db8::ffff", 1) == ["5 second"]


@pytest.mark.slow(reason="signs in wrongly dozens of times")
def test_a_password_of_one_s_own_does_not_take_back_what_failed(erin) -> None:
    """An attacker who has one signs in with it in between."""
    User.objects.create_user("mallory", password=PASSWORD)
    for i in range(40):
        sign_in_from(X, "wrong", f"name-{i}")
        sign_in_from(X, PASSWORD, "mallory")
    assert SlowedSignIn.objects.get(name="", source=X).failures >= 30
    assert guess(X, 1, "one-more") != ["wrong"]


def test_a_clock_that_was_a_year_ahead_locks_nobody_out(erin) -> None:
    guess(X, 5)
    clock.move(timedelta(days=-365))
    assert sign_in_from(X, PASSWORD) == "in"


def test_others_cannot_push_the_counts_out_of_the_store(erin) -> None:
    guess(X, 5)
    for i in range(400):  # Django's cache keeps 300 by itself
        cache.set(f"other-{i}", i)
    assert SlowedSignIn.objects.get(name="erin", source=X).failures == 5
    assert cache.get("other-0") == 0


def test_what_counts_no_more_is_forgotten(erin) -> None:
    guess(X, 3)
    clock.move(timedelta(days=2))
    sign_in.forget_old()
    assert not SlowedSignIn.objects.exists()


@pytest.mark.slow(reason="sixteen sign in at once")
@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_once_none_is_free() -> None:
    """They are counted before the password is looked at, whichever process it is."""
    User.objects.create_user("erin", password=PASSWORD)
    said: list[str] = []
    at_once(*[lambda: said.extend(guess(X, 1))] * 16)
    assert len(said) == 16
    assert said.count("wrong") == SlowedSignIn.objects.get(name="erin", source=X).failures < 9


# the operator -----------------------------------------------------------------------------------------


@pytest.fixture
def admin(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def test_the_operator_sees_who_waits_where_and_lifts_it(admin, erin) -> None:
    guess(X, 6)
    page = admin.get("/admin/accounts/slowedsignin/", {"sign_in": "waits"}).content.decode()
    assert X in page
    assert "erin" in page
    row = SlowedSignIn.objects.get(name="erin", source=X)
    assert "must wait" in admin.get("/admin/").content.decode()
    admin.post(f"/admin/accounts/slowedsignin/{row.pk}/delete/", {"post": "yes"})
    assert actions() == ["forgetFailedSignIns"]
    assert sign_in_from(X, PASSWORD) == "in"


@pytest.mark.slow(reason="signs in wrongly from dozens of addresses")
def test_addresses_that_wait_are_said_on_the_start_page(admin) -> None:
    for i in range(30):
        sign_in_from(X, "wrong", f"name-{i}")
    page = admin.get("/admin/").content.decode()
    assert f"New browsers at an address must wait before they sign in, as too much failed there: {X}." in page


# the second factor ------------------------------------------------------------------------------------


@pytest.fixture
def secret(erin: User) -> str:
    found = generate_totp_secret()
    TOTP.activate(erin, found)
    RecoveryCodes.activate(erin)
    return found


def half_in(address: str = X) -> Client:
    """Behind the password, before the code."""
    client = Client(REMOTE_ADDR=address)
    answer = client.post("/accounts/login/", {"login": "erin", "password": PASSWORD})
    assert answer["Location"] == "/accounts/2fa/authenticate/"
    return client


def code_in(client: Client, code: str, url: str = "/accounts/2fa/authenticate/") -> str:
    answer = client.post(url, {"code": code})
    if answer.status_code == 302:
        return "in"
    found = WAITS.search(answer.content.decode())
    return f"{found[1]} {found[2]}" if found else "wrong"


def wrong(i: int) -> str:
    return f"{i:08}"  # no code has eight digits but those for recovery


def test_codes_are_counted_over_sessions_and_addresses(secret) -> None:
    said = [code_in(half_in(f"192.0.2.{i}"), wrong(i)) for i in range(6)]
    assert said == ["wrong"] * 5 + ["5 second"]
    assert code_in(half_in(), code_for(secret)) == "5 second", "the right one as well"


def test_recovery_codes_are_bounded_by_the_same_count(secret, erin) -> None:
    recovery = RecoveryCodes(Authenticator.objects.get(user=erin, type="recovery_codes")).get_unused_codes()
    for i in range(5):
        code_in(half_in(), wrong(i))
    assert code_in(half_in(), recovery[0]) == "5 second"


@pytest.mark.slow(reason="a day of guesses")
def test_a_day_of_guessing_codes_is_some_forty_guesses(secret) -> None:
    guesses, client = 0, half_in()
    for _time in range(24 * 4):
        guesses += code_in(client, wrong(guesses)) == "wrong"
        clock.move(timedelta(minutes=15))
    assert guesses < 45


def test_codes_are_counted_where_one_proves_oneself_again(secret, erin) -> None:
    client = half_in()
    assert code_in(client, code_for(secret)) == "in"
    url = "/accounts/2fa/reauthenticate/"
    said = [code_in(client, wrong(i), url) for i in range(6)]
    assert said == ["wrong"] * 5 + ["5 second"]


def test_guessing_codes_does_not_keep_the_owner_out_of_a_known_browser(secret, erin) -> None:
    own = half_in()
    recovery = RecoveryCodes(Authenticator.objects.get(user=erin, type="recovery_codes")).get_unused_codes()
    assert code_in(own, recovery[0]) == "in"
    own.post("/accounts/logout/")
    for i in range(6):
        code_in(half_in(Y), wrong(i))
    own.post("/accounts/login/", {"login": "erin", "password": PASSWORD})
    assert code_in(own, recovery[1]) == "in"


def test_a_browser_is_known_only_after_the_second_factor(secret) -> None:
    assert "known_browser" not in half_in().cookies


def test_a_code_works_once(secret) -> None:
    code = code_for(secret)
    assert code_in(half_in(), code) == "in"
    assert code_in(half_in(Y), code) == "wrong"
    spaced = f"{code[:3]} {code[3:]}"
    assert code_in(half_in(Y), spaced) == "wrong"


def test_a_recovery_code_works_once(secret, erin) -> None:
    recovery = RecoveryCodes(Authenticator.objects.get(user=erin, type="recovery_codes")).get_unused_codes()
    assert code_in(half_in(), recovery[0]) == "in"
    assert code_in(half_in(), recovery[0]) == "wrong"


def test_without_the_password_codes_are_not_looked_at(secret) -> None:
    assert (
        Client()
        .post("/accounts/2fa/authenticate/", {"code": code_for(secret)})["Location"]
        .startswith("/accounts/login/")
    )
