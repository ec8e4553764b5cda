"""The pages of encryption keys: forms, tenancy, lists at a flat cost, CSV."""

import csv
import io
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from imsconsole.cloud.keys.default import default_key
from imsconsole.cloud.models import Key, KeyGrant
from imsconsole.core.project_urls import bare
from tests.conftest import client_of
from tests.factories import KeyFactory, KeyGrantFactory, ProjectFactory, RegionFactory

pytestmark = pytest.mark.django_db
LIST, RECEIVED, EXPORT, CREATE = (
    reverse(f"keys:{name}") for name in ("list", "received", "export", "create")
)


def at(name: str, key: Key) -> str:
    return reverse(f"keys:{name}", args=[key.pk])


@pytest.mark.slow(reason="a key is made, changed and deleted by its pages")
def test_a_key_s_life_on_its_pages(people) -> None:
    bob = client_of(people.bob)
    answer = bob.post(CREATE, {"name": "vault-1", "description": "for images"}, follow=True)
    key = Key.objects.get()
    assert bare(answer.redirect_chain[0][0]) == key.get_absolute_url()
    assert "for images" in answer.content.decode()
    assert bob.post(at("edit", key), {"name": "vault-2"}).status_code == 302
    assert bob.post(at("grant", key), {"project_id": people.carol.project.pk}).status_code == 302
    page = bob.get(at("disable", key)).content.decode()
    assert str(people.carol.project.pk) in page, "who uses it is shown before"
    assert str(people.carol.project.pk) in bob.get(at("schedule-deletion", key)).content.decode()
    assert people.carol.project.name not in bob.get(key.get_absolute_url()).content.decode()
    assert "vault-2" in client_of(people.carol).get(RECEIVED).content.decode()
    assert bob.post(at("disable", key)).status_code == 302
    assert "Disabled" in client_of(people.carol).get(RECEIVED).content.decode()
    assert bob.post(at("enable", key)).status_code == 302
    revoke = reverse("keys:revoke", args=[key.pk, KeyGrant.objects.get().pk])
    assert bob.get(revoke).status_code == 200
    assert bob.post(revoke).status_code == 302
    assert "vault-2" not in client_of(people.carol).get(RECEIVED).content.decode()
    assert bob.post(at("schedule-deletion", key), {"days": "1096"}).status_code == 302
    key.refresh_from_db()
    assert (key.state, key.name, (key.delete_at - key.created_at).days) == (
        "pending-deletion",
        "vault-2",
        1096,
    )
    assert bob.post(at("cancel-deletion", key)).status_code == 302


@pytest.mark.parametrize("days", ["", "6", "1097", "-30", "1e3", "7.5", "９" * 400, "soon"])
def test_days_that_cannot_be_are_refused_with_a_sentence(days, people) -> None:
    key = KeyFactory(project=people.bob.project)
    answer = client_of(people.bob).post(at("schedule-deletion", key), {"days": days})
    assert answer.status_code == 422
    assert answer.context["form"].errors["days"]


@pytest.mark.parametrize(
    "typed",
    [
        {"name": ""},
        {"name": "a" * 65},
        {"name": "ims/default"},
        {"name": "<b>"},
        {"name": "taken"},
        {"name": "fine", "description": "x" * 256},
        {"name": "fine", "description": "<script>"},
        {"name": "fine", "description": "two\nlines"},
    ],
    ids=str,
)
def test_what_cannot_be_a_name_or_description_is_refused(typed, people) -> None:
    KeyFactory(project=people.bob.project, name="taken")
    assert client_of(people.bob).post(CREATE, typed).status_code == 422
    assert Key.objects.count() == 1


@pytest.mark.parametrize("which", ["nobody", "elsewhere", "own", "twice", "no id", "huge"])
def test_what_a_key_cannot_be_granted_to_is_refused(which, people) -> None:
    grant = KeyGrantFactory(key=KeyFactory(project=people.bob.project))
    elsewhere = ProjectFactory(region=RegionFactory(code="cn-east-3", name="East"))
    said = {
        "nobody": (uuid.uuid4(), "There is no project with this ID in this region."),
        "elsewhere": (elsewhere.pk, "There is no project with this ID in this region."),
        "own": (people.bob.project.pk, "own project"),
        "twice": (grant.grantee_id, "granted to this project already"),
        "no id": ("'; drop", "not a project ID"),
        "huge": ("a" * 100_000, "not a project ID"),
    }
    typed, sentence = said[which]
    answer = client_of(people.bob).post(at("grant", grant.key), {"project_id": typed})
    assert answer.status_code == 422
    assert sentence in str(answer.context["form"].errors["project_id"])


@pytest.mark.parametrize(
    "name", ["detail", "edit", "enable", "disable", "schedule-deletion", "cancel-deletion", "grant"]
)
def test_a_key_of_others_is_not_there_even_when_it_is_granted(name, people) -> None:
    key = KeyFactory(project=people.bob.project)
    KeyGrantFactory(key=key, grantee=people.carol.project)
    carol = client_of(people.carol)
    assert carol.get(at(name, key)).status_code in (404, 405)
    assert carol.post(at(name, key), {"days": "7", "name": "x"}).status_code in (404, 405)
    assert str(key.pk) not in carol.get(LIST).content.decode()
    assert str(key.pk) not in b"".join(carol.get(EXPORT).streaming_content).decode()


def test_a_grant_is_revoked_only_by_its_key_s_own_page(people) -> None:
    grant, other = (
        KeyGrantFactory(key=KeyFactory(project=people.bob.project)),
        KeyFactory(project=people.bob.project),
    )
    url = reverse("keys:revoke", args=[other.pk, grant.pk])
    assert client_of(people.bob).post(url).status_code == 404
    assert KeyGrant.objects.exists()


def test_a_deleted_key_is_not_listed(people) -> None:
    key = KeyFactory(project=people.bob.project, state="deleted", name="gone-key")
    bob = client_of(people.bob)
    assert "gone-key" not in bob.get(LIST).content.decode()
    assert bob.get(key.get_absolute_url()).status_code == 404


def test_filters_sort_and_bad_values(people) -> None:
    KeyFactory(project=people.bob.project, name="red")
    blue = KeyFactory(project=people.bob.project, name="blue", state="disabled")
    bob = client_of(people.bob)

    def shown(query: str) -> list[str]:
        answer = bob.get(f"{LIST}?{query}")
        assert answer.status_code == 200
        return [row.record.name for row in answer.context["table"].paginated_rows]

    assert shown("q=RE") == ["red"]
    assert shown(f"q={str(blue.pk)[-8:]}") == ["blue"]
    assert shown("state=disabled") == ["blue"]
    assert shown("sort=name&q=") == ["blue", "red"]
    assert shown("sort=-name") == ["red", "blue"]
    assert len(shown("state=nonsense&sort=wrapped&page=x&columns=wrapped,master")) == 2
    assert shown(f"q={'x' * 5000}") == []
    fragment = bob.get(f"{LIST}?q=red", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert "blue" not in fragment


def test_the_csv_has_what_the_query_finds_and_no_formulas(people) -> None:
    default_key(people.bob)
    KeyGrantFactory(key=KeyFactory(project=people.bob.project, name="-2+3", description="=1+1"))
    KeyFactory(project=people.bob.project, name="other", state="disabled")
    answer = client_of(people.dave).get(f"{EXPORT}?state=enabled&sort=name")
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert rows[0][:4] == ["Name", "Key ID", "Status", "Default key"]
    assert [(row[0], row[2], row[3], row[4], row[5]) for row in rows[1:]] == [
        ("'-2+3", "Enabled", "No", "'=1+1", "1"),
        ("ims/default", "Enabled", "Yes", "", "0"),
    ]


def cost(client: Client, url: str) -> int:
    client.get(reverse("help:list"))
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url)
        b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert answer.status_code == 200
    return len(queries)


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
def test_lists_and_pages_cost_the_same_with_many_rows(people) -> None:
    first = KeyFactory(project=people.bob.project)
    KeyGrantFactory(key=first)
    KeyGrantFactory(key=KeyFactory(project=people.carol.project), grantee=people.bob.project)
    bob = client_of(people.bob)
    urls = (f"{LIST}?per_page=100", f"{RECEIVED}?per_page=100", EXPORT, first.get_absolute_url())
    few = [cost(bob, url) for url in urls]
    for _ in range(12):
        KeyGrantFactory(key=KeyFactory(project=people.bob.project))
        KeyGrantFactory(key=first)
        KeyGrantFactory(key=KeyFactory(project=people.carol.project), grantee=people.bob.project)
    assert [cost(bob, url) for url in urls] == few
    assert max(few) < 25
