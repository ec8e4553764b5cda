"""One's own settings, the language switch."""

import pytest
from django.test import Client

from imsconsole.accounts.models import User
from tests.conftest import client_of

DATA = {"display_name": "Alice A.", "language": "zh-hans", "time_zone": "Europe/Vienna", "theme": "dark"}


@pytest.mark.parametrize("name", ["alice", "bob", "dave", "carol"])
def test_everybody_changes_the_own_settings_only(people, name) -> None:
    user = getattr(people, name).user
    response = client_of(getattr(people, name)).post("/me/", DATA)
    assert response.status_code == 302
    user.refresh_from_db()
    assert [user.display_name, user.language, user.time_zone, user.theme] == list(DATA.values())
    assert User.objects.filter(theme="dark").count() == 1


def test_language_and_theme_apply_at_once(people) -> None:
    client = client_of(people.alice)
    client.post("/me/", DATA)
    page = client.get("/me/").content.decode()
    assert 'lang="zh-hans"' in page
    assert 'data-bs-theme="dark"' in page


def test_the_time_zone_applies_at_once(people) -> None:
    client = client_of(people.alice)
    client.post("/me/", DATA | {"language": "en", "time_zone": "Pacific/Kiritimati"})
    page = client.post("/project/invite/", {"role": "read-only"}).content.decode()
    assert "+14" in page


@pytest.mark.parametrize("field", ["language", "time_zone", "theme"])
def test_what_does_not_exist_is_refused(people, field) -> None:
    assert client_of(people.alice).post("/me/", DATA | {field: "nonsense"}).status_code == 422


@pytest.mark.slow(reason="one's settings are sent and their page drawn in both languages")
def test_none_chosen_means_like_the_browser(people) -> None:
    client = client_of(people.alice)
    client.post("/me/", DATA)
    client.post("/me/", DATA | {"language": ""})
    assert 'lang="zh-hans"' in client.get("/me/", headers={"Accept-Language": "zh-CN"}).content.decode()
    assert 'lang="en"' in client.get("/me/", headers={"Accept-Language": "en"}).content.decode()


@pytest.mark.django_db
def test_before_signing_in_the_switch_sets_a_cookie_and_no_session() -> None:
    client = Client()
    response = client.post("/me/language/", {"language": "zh-hans", "next": "/accounts/login/"})
    assert response["Location"] == "/accounts/login/"
    assert 'lang="zh-hans"' in client.get("/accounts/login/").content.decode()
    assert "sessionid" not in client.cookies


def test_signed_in_the_switch_is_kept_with_the_user(people) -> None:
    client_of(people.bob).post("/me/language/", {"language": "zh-hans"})
    assert 'lang="zh-hans"' in client_of(people.bob).get("/").content.decode()


def test_a_language_we_do_not_speak_changes_nothing(people) -> None:
    client_of(people.bob).post("/me/language/", {"language": "tlh"})
    people.bob.user.refresh_from_db()
    assert people.bob.user.language == ""


@pytest.mark.django_db
def test_signed_out_there_are_no_settings() -> None:
    assert Client().get("/me/")["Location"].startswith("/accounts/login/")
    assert Client().get("/me/language/").status_code == 405


def test_who_has_an_address_switches_messages_by_e_mail_on_and_off(people) -> None:
    user = people.alice.user
    User.objects.filter(pk=user.pk).update(email="alice@example.org")
    assert "alice@example.org" in client_of(people.alice).get("/me/").content.decode()
    for wanted in ({"mails_messages": "on"}, {}):
        client_of(people.alice).post("/me/", DATA | wanted)
        user.refresh_from_db()
        assert user.mails_messages is bool(wanted)


@pytest.mark.parametrize(
    ("backend", "address", "why"),
    [("dummy", "a@example.org", "no mail server"), ("locmem", "", "You have no e-mail address here")],
)
def test_who_cannot_get_e_mail_reads_why(people, settings, backend, address, why) -> None:
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    User.objects.filter(pk=people.alice.user.pk).update(email=address)
    assert why in client_of(people.alice).get("/me/").content.decode()
    client_of(people.alice).post("/me/", DATA | {"mails_messages": "on"})
    assert not User.objects.get(pk=people.alice.user.pk).mails_messages
