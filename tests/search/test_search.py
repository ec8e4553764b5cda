"""The search of everything: what it finds is what the lists find, to each person theirs."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from imsconsole.accounts.models import Membership
from imsconsole.core.now import now
from imsconsole.search.found import SHOWN, found_elsewhere, found_here, kinds
from tests import factories
from tests.conftest import HTMX, client_of

pytestmark = pytest.mark.django_db
PLACE = "/search/"


def furnish(project, name, times=1, **tags):
    """One of each kind that a project has to itself, and of what others offer it."""
    there = {"project": project}
    for n in range(times):
        called = f"{name}-{n}"
        server = factories.ServerFactory(name=called, **there)
        disk = factories.DiskFactory(name=called, server=server, **there)
        image = factories.ImageFactory(name=called, **there)
        for thing in (server, disk, image):
            for key, value in tags.items():
                thing.tags.create(key=key, value=value)
        factories.ImageFactory(
            name=called, status="trashed", status_before="active", trashed_at=now(), kept_until=now(), **there
        )
        factories.BackupFactory(name=called, **there)
        factories.VaultFactory(name=called, **there)
        factories.BucketFactory(name=f"{called}-{project.pk.hex[-8:]}", **there)
        given = factories.ImageFactory(name=called, project=factories.ProjectFactory(region=project.region))
        factories.ShareFactory(image=given, status="accepted", **there)
        factories.PublicImageFactory(name=called, region=project.region)
        version = factories.ListingVersionFactory(title=called, listing__project=project)
        factories.EditionFactory(version_of=version, region=project.region, image__name=called)


def titles(groups):
    return [group.title for group in groups]


@pytest.mark.slow(reason="every list is asked by every person")
@pytest.mark.parametrize("word", ["web-1", "env=prod"])
def test_each_person_finds_what_their_lists_find(people, word):
    furnish(people.bob.project, "web", times=2, env="prod")
    furnish(people.carol.project, "web-hers", env="test")
    for actor in (people.alice, people.bob, people.dave, people.carol):
        client = client_of(actor)
        groups = {(group.title, group.icon): group for group in found_here(word, actor)}
        for kind in kinds():
            found = groups.pop((str(kind.title), kind.icon), None)
            if kind.list_name == "market:listings":  # a list without a filter
                continue
            listed = set()
            for field in kind.fields:
                table = client.get(kind.list_of(field, word), headers=HTMX).context["table"]
                listed |= {getattr(row.record, kind.key) for row in table.paginated_rows}
            assert {hit.key for hit in found.hits} == listed if found else not listed, kind.title
        assert groups == {}


def test_every_kind_is_found_by_name_and_grouped(people):
    furnish(people.bob.project, "alpha")
    assert titles(found_here("ALPHA", people.bob)) == [
        "Public images", "Private images", "Shared images", "Market images", "Images in the trash",
        "Servers", "Disks", "Backups", "Vaults", "Buckets", "Listings", "Market",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "written", [str, lambda pk: pk.hex, lambda pk: str(pk)[:13], lambda pk: str(pk)[24:]]
)
def test_an_id_is_found_whole_and_in_part(people, written):
    server = factories.ServerFactory(project=people.bob.project)
    hits = [hit for group in found_here(written(server.pk), people.bob) for hit in group.hits]
    assert (server.name, server.get_absolute_url()) in [(hit.name, hit.url) for hit in hits]
    assert not [hit for group in found_here(written(server.pk), people.carol) for hit in group.hits]


def test_a_server_is_found_by_its_address_and_by_its_tags(people):
    server = factories.ServerFactory(project=people.bob.project, private_ip="10.1.2.3")
    server.tags.create(key="env", value="prod")
    for word in ("10.1.2.3", "10.1.", "env", "env=prod"):
        (group,) = found_here(word, people.bob)
        assert [hit.key for hit in group.hits] == [server.pk], word
    assert found_here("env=test", people.bob) == []


def test_chinese_words_are_found(people):
    factories.VaultFactory(project=people.bob.project, name="生产备份库")
    (group,) = found_here("备份", people.bob)
    assert group.hits[0].name == "生产备份库"


def test_more_than_some_lead_to_the_list(people):
    for n in range(SHOWN + 1):
        factories.ServerFactory(project=people.bob.project, name=f"web-{n}").tags.create(key="farm")
    (by_name,), (by_tag,) = found_here("web", people.bob), found_here("farm", people.bob)
    assert [len(group.hits) for group in (by_name, by_tag)] == [SHOWN, SHOWN]
    assert by_name.more_url.endswith("/servers/?q=web")
    assert by_tag.more_url.endswith("/servers/?tag=farm")


@pytest.mark.slow(reason="things of every kind are made in several projects and looked for")
def test_other_projects_that_one_may_enter_come_after(people):
    other = factories.ProjectFactory(account=people.bob.account, name="far")
    furnish(other, "omega", env="prod")
    furnish(people.carol.project, "omega", env="prod")
    for word in ("omega", "env=prod"):
        hits = [hit for group in found_elsewhere(word, people.bob) for hit in group.hits]
        assert {hit.url.split("/")[2] for hit in hits} == {str(other.pk)}
        assert "far" in hits[0].told
    assert titles(found_elsewhere("omega", people.bob)) == [
        "Private images", "Servers", "Disks", "Backups", "Vaults", "Buckets", "Listings",
    ]  # fmt: skip
    page = client_of(people.bob).get(PLACE, {"q": "omega"}).content.decode()
    assert "In your other projects" in page
    member = Membership.objects.get(user=people.bob.user)
    member.projects.add(people.bob.project)
    assert found_elsewhere("omega", people.bob) == []


@pytest.mark.slow(reason="things of every kind are made in several projects and looked for")
def test_the_page_works_plain_and_as_a_fragment(people):
    server = factories.ServerFactory(project=people.bob.project, name="<b>web</b>")
    client = client_of(people.bob)
    whole = client.get(PLACE, {"q": "<b>"}).content.decode()
    part = client.get(PLACE, {"q": "<b>"}, headers=HTMX).content.decode()
    assert "<html" in whole
    assert "<html" not in part
    for html in (whole, part):
        assert server.get_absolute_url() in html
        assert "<b>web</b>" not in html
    for word in ("", "   ", "x" * 5000, "%", "'; --", "\u202e", "a" * 200):
        assert client.get(PLACE, {"q": word}).status_code == 200
    assert "Nothing has “xyz”" in client.get(PLACE, {"q": "xyz"}).content.decode()
    assert "data-search-page" in client.get("/servers/").content.decode()
    assert client_of(None).get(PLACE).status_code == 302


def asked(client):
    client.get(PLACE, {"q": "web"})
    with CaptureQueriesContext(connection) as queries:
        assert client.get(PLACE, {"q": "web"}).status_code == 200
    return len(queries)


@pytest.mark.slow(reason="things of every kind are made in several projects and looked for")
def test_it_asks_as_often_for_many_things_and_projects_as_for_one(people):
    client = client_of(people.bob)
    furnish(people.bob.project, "web")
    furnish(factories.ProjectFactory(account=people.bob.account), "web")
    few = asked(client)
    furnish(people.bob.project, "web-more", times=7)
    for _ in range(3):
        furnish(factories.ProjectFactory(account=people.bob.account), "web")
    assert asked(client) == few
    assert few <= 40
