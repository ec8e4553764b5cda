"""The project stands in the address: two tabs in two projects never mix, and every address leads somewhere true."""

import re
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import get_script_prefix, reverse, set_script_prefix

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Draft, Project
from imsconsole.audit.models import Event
from imsconsole.cloud.models import Vault
from imsconsole.core.now import now
from imsconsole.notifications.models import Message
from tests import factories
from tests.accounts.conftest import membership_of
from tests.conftest import HTMX, bare_client_of, client_of
from tests.support.clients import at

VAULT = {"name": "nightly", "capacity_gb": "10"}


def test_what_is_sent_in_one_tab_lands_in_its_project_whatever_another_tab_shows(people, east) -> None:
    client = client_of(people.alice)
    form = at(people.alice.project, reverse("vaults:create"))
    client.get(form)
    client.get(at(east, "/"))  # the other tab
    assert client.post(form, VAULT).status_code == 302
    assert Vault.objects.get().project == people.alice.project


@pytest.mark.parametrize(
    "path", ["/", "/images/?tab=private", "/help/", "/help/copy/", "/messages/", "/jobs/"]
)
def test_all_links_and_forms_of_a_page_stay_in_its_project(people, east, path) -> None:
    """Whatever page was drawn before, of whatever project: parts of pages are kept."""
    client = client_of(people.alice)
    for project in (people.alice.project, east):
        page = client.get(at(project, path)).content.decode()
        inside = re.findall(r'(?:href|action|hx-get|hx-post)="(/[^"]*)"', page)
        found = {prefix for url in inside for prefix in re.findall(r"^/p/[0-9a-f-]+/|^/[a-z]+/", url)}
        assert f"/p/{project.pk}/" in found
        assert found <= {
            f"/p/{project.pk}/",
            f"/p/{other_of(people, east, project).pk}/",
            "/static/",
            "/accounts/",
        }
        switch = [url for url in inside if url.startswith(f"/p/{other_of(people, east, project).pk}/")]
        assert len(switch) == 1, "only the switch leads to another project"


def other_of(people: SimpleNamespace, east: Project, project: Project) -> Project:
    return people.alice.project if project == east else east


def test_an_address_that_was_cut_after_its_project_is_the_overview_there(people, east) -> None:
    page = client_of(people.alice).get(f"/p/{east.pk}").content.decode()
    assert "<h1>Overview</h1>" in page
    assert f'"{at(east, "/images/")}"' in page


def test_the_prefix_is_of_one_request_only(people, east) -> None:
    client = client_of(people.alice)
    for address in ("/", "/nowhere/", reverse("images:list"), reverse("vaults:detail", args=[east.pk])):
        client.get(at(east, address))
        assert get_script_prefix() == "/"


@pytest.mark.parametrize("name", ["alice", "bob", "dave"])
def test_a_member_enters_another_project_of_the_account_by_a_link(people, east, name) -> None:
    client = client_of(getattr(people, name))
    assert (
        f'href="{at(east, reverse("servers:list"))}"' in client.get(reverse("servers:list")).content.decode()
    )
    page = client.get(at(east, "/project/")).content.decode()
    assert str(east.pk) in page
    assert "cn-east-3" in page


@pytest.mark.parametrize("path", ["/", "/images/?tab=private&q=web", "/servers/create/", "/me/"])
def test_an_address_without_a_project_leads_to_that_of_the_last_page(people, east, path) -> None:
    client = bare_client_of(people.alice)
    client.get(at(east, "/images/"))
    assert client.get(path)["Location"] == at(east, path)
    client.get(at(people.alice.project, "/images/"), headers=HTMX)  # another tab looks after its list
    client.get(at(people.alice.project, "/images/export.csv?tab=private"))
    assert client.get(path)["Location"] == at(east, path)


def test_the_first_address_of_all_leads_to_the_first_project(people, east) -> None:
    assert bare_client_of(people.alice).get("/")["Location"] == at(people.alice.project, "/")


def things_in(project: Project, actor: Actor) -> dict[str, Any]:
    """The addresses of one of each, by kind."""
    image = factories.ImageFactory(project=project, region=project.region)
    draft = Draft.objects.create(wizard="create", user=actor.user, project=project)
    stored = factories.BucketObjectFactory(bucket=factories.BucketFactory(project=project))
    server = factories.ServerFactory(project=project, image=image)
    return {
        "image": image.get_absolute_url() + "?section=use",
        "server": server.get_absolute_url(),
        "draft": reverse("images:create-details", args=[draft.pk]),
        "object": stored.get_absolute_url(),
        "vault": factories.VaultFactory(project=project).get_absolute_url(),
    }


@pytest.mark.parametrize("kind", ["image", "server", "draft", "object", "vault"])
def test_an_address_without_a_project_leads_to_the_things_own(people, east, kind) -> None:
    factories.ProjectFactory(account=people.alice.account, region=people.alice.region)
    Project.objects.filter(pk=east.pk).update(created_at=now())  # the last that is asked
    path = things_in(east, people.alice)[kind]
    assert bare_client_of(people.alice).get(path)["Location"] == at(east, path)


@pytest.mark.parametrize("kind", ["image", "server", "draft", "object", "vault"])
def test_what_is_in_another_of_my_projects_says_so_and_leads_there(people, east, kind) -> None:
    path = things_in(east, people.alice)[kind]
    answer = client_of(people.alice).get(path)
    page = answer.content.decode()
    assert answer.status_code == 404
    assert "This is in another of your projects: acme-east (CN East-Shanghai1)." in page
    assert f'href="{at(east, path)}"' in page


def test_a_received_image_stays_in_the_project_that_received_it(people, east) -> None:
    image = factories.ImageFactory(project=people.carol.project)
    factories.ShareFactory(image=image, project=people.alice.project, status="accepted")
    path = image.get_absolute_url()
    client = bare_client_of(people.alice)
    client.get(at(east, "/"))
    assert client.get(path)["Location"] == at(people.alice.project, path)


def test_what_two_projects_received_stays_in_that_of_the_last_page(people, east) -> None:
    image = factories.ImageFactory(project=people.carol.project)
    near = factories.ProjectFactory(account=people.alice.account, region=people.alice.region)
    for project in (people.alice.project, near):
        factories.ShareFactory(image=image, project=project, status="accepted")
    for project in (near, people.alice.project):
        client = bare_client_of(people.alice)
        client.get(at(project, "/"))
        path = image.get_absolute_url()
        assert client.get(path)["Location"] == at(project, path)


@pytest.mark.parametrize("kind", ["image", "server", "object", "vault"])
def test_nothing_is_said_of_projects_of_others(people, kind) -> None:
    path = things_in(people.alice.project, people.alice)[kind]
    page = client_of(people.carol).get(path)
    assert (page.status_code, "acme" in page.content.decode()) == (404, False)
    assert bare_client_of(people.carol).get(path)["Location"] == at(people.carol.project, path)


def test_a_project_one_is_not_in_is_as_one_that_does_not_exist(people, east) -> None:
    membership_of(people.bob).projects.set([people.bob.project])
    bob = client_of(people.bob)
    for project in ("00000000-0000-4000-8000-000000000000", people.carol.project.pk, east.pk):
        for answer in (bob.get(f"/p/{project}/images/"), bob.post(f"/p/{project}/vaults/create/", VAULT)):
            page = answer.content.decode()
            assert answer.status_code == 404
            assert "There is no such project, or you are not a member of it." in page
            assert 'href="/"' in page
    assert not Vault.objects.exists()


def test_who_leaves_a_project_leads_no_longer_there(people, east) -> None:
    client = bare_client_of(people.bob)
    client.get(at(east, "/"))
    membership_of(people.bob).projects.set([people.bob.project])
    assert client.get("/")["Location"] == at(people.bob.project, "/")


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_what_would_change_something_is_refused_where_no_project_is_named(people, headers) -> None:
    answer = bare_client_of(people.alice).post(reverse("vaults:create"), VAULT, headers=headers)
    assert answer.status_code == 409
    assert "This address does not say in which project, so nothing was done." in answer.content.decode()
    assert not Vault.objects.exists()
    assert Event.objects.get().code == "names-no-project"


def test_signed_out_one_comes_back_to_the_same_page_of_the_project(people, east) -> None:
    path = at(east, "/images/?tab=private")
    answer = Client().get(path)
    assert answer["Location"] == f"/accounts/login/?next={quote(path)}"


@pytest.mark.parametrize("path", ["/accounts/login/?next=/me/", "/admin/", "/healthz", "/invitations/abc/"])
def test_what_is_of_no_project_has_an_address_without_one(people, path) -> None:
    client = client_of(people.alice)
    assert client.get(at_any(people.alice.project, path))["Location"] == path


def at_any(project: Project, path: str) -> str:
    return f"/p/{project.pk}{path}"


def test_a_message_leads_into_its_project(people, east) -> None:
    image = factories.ImageFactory(project=east, region=east.region)
    message = Message.objects.create(
        user=people.alice.user, project=east, code="image-ready", subject_kind="image", subject_id=image.pk
    )
    answer = client_of(people.alice).post(reverse("messages:open", args=[message.pk]))
    assert answer["Location"] == at(east, image.get_absolute_url())


def test_addresses_below_another_path_keep_it(people, east) -> None:
    """Where the console is served below a path of its host."""
    set_script_prefix("/ims/")
    try:
        page = bare_client_of(people.alice).get(at(east, "/images/"), SCRIPT_NAME="/ims").content.decode()
        assert get_script_prefix() == "/ims/"
    finally:
        set_script_prefix("/")
    for project in (east, people.alice.project):
        assert f'href="/ims{at(project, "/images/")}"' in page
