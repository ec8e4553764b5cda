"""The pages of the help, and the help beside a wizard."""

import re

import pytest
from django.test import override_settings
from django.urls import reverse
from django.utils import translation

from imsconsole.core.project_urls import bare
from imsconsole.help.pages import PAGES, page_of
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


def without_project(page: str) -> str:
    return re.sub(r'href="([^"]*)"', lambda link: f'href="{bare(link[1])}"', page)


def test_all_pages_are_listed_with_what_they_are_about(people):
    page = client_of(people.dave).get(reverse("help:list")).content.decode()

    for name in PAGES:
        assert reverse("help:page", args=[name]) in page
        assert page_of(name, "en").summary in without_project(page)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_speaks_the_readers_language(people, name):
    client = client_of(people.bob)
    for language in ("en", "zh-hans"):
        client.cookies["django_language"] = language
        page = client.get(reverse("help:page", args=[name])).content.decode()
        assert page_of(name, language).body in without_project(page)


def test_a_page_that_does_not_exist_is_not_found(people):
    assert client_of(people.bob).get("/help/no-such-page/").status_code == 404


def test_a_language_without_help_reads_english():
    with translation.override("fr"):
        assert page_of("import").title == "Importing an image"


@override_settings(IMS_IMPORT_MAX_GB=77)
def test_limits_are_those_of_this_console():
    assert "77 GB" in page_of("import", "en").body
    assert "77GB" in page_of("import", "zh-hans").body


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("images:create", "import"),
        ("servers-create", "create-server"),
        ("uploads:list", "uploads"),
        ("keypairs:create", "key-pairs"),
        ("keypairs:import", "key-pairs"),
        ("userdata:create", "user-data"),
        ("invite", "members"),
        ("market:own-publisher", "selling"),
        ("market:create-listing", "selling"),
    ],
)
def test_each_wizard_has_its_help_beside_it(people, address, name):
    page = client_of(people.alice).get(reverse(address)).content.decode()

    assert page_of(name, "en").body in without_project(page)
    assert reverse("help:page", args=[name]) in page


def test_help_that_was_folded_away_stays_so_on_every_page_and_in_every_browser(people):
    client, form = client_of(people.bob), reverse("servers-create")
    assert 'id="help-text" hidden' not in client.get(form).content.decode()

    back = client.post(reverse("help:fold", args=["create-server"]), {"folded": "1", "next": form})
    assert (back.status_code, back["Location"]) == (302, form)

    for page in (form, reverse("keypairs:create")):
        assert 'id="help-text" hidden' in client_of(people.bob).get(page).content.decode()
    assert 'id="help-text" hidden' not in client_of(people.dave).get(form).content.decode(), "it is Bob's"
    client.post(reverse("help:fold", args=["keys"]), {"folded": "", "next": form})
    assert 'id="help-text" hidden' not in client.get(form).content.decode()


def test_with_scripts_only_the_help_changes_so_that_nothing_typed_is_lost(people):
    answer = client_of(people.bob).post(
        reverse("help:fold", args=["import"]), {"folded": "1", "next": "/"}, headers={"HX-Request": "true"}
    )
    text = answer.content.decode()
    assert text.strip().startswith("<aside")
    assert 'aria-expanded="false"' in text
    assert "csrfmiddlewaretoken" in text


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:1", ""])
def test_nobody_is_led_elsewhere_by_folding(people, elsewhere):
    answer = client_of(people.bob).post(
        reverse("help:fold", args=["keys"]), {"folded": "1", "next": elsewhere}
    )
    assert bare(answer["Location"]) == bare(reverse("help:page", args=["keys"]))
    assert client_of(people.bob).post("/help/no-such-page/fold/").status_code == 404
    assert client_of(people.bob).get(reverse("help:fold", args=["keys"])).status_code == 405


def test_whether_help_is_folded_can_be_set_among_ones_settings(people):
    client = client_of(people.bob)
    client.post(
        reverse("me"),
        {"folds_help": "on", "language": "en", "theme": "auto", "time_zone": "", "display_name": ""},
    )
    people.bob.user.refresh_from_db()
    assert people.bob.user.folds_help
