"""A draft is its author's alone, in its project: for everybody else its address does not exist, in every wizard."""

import re
from collections.abc import Iterator
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from imsconsole.accounts.models import Draft
from tests import factories
from tests.conftest import HTMX, client_of
from tests.house.test_wizards import Way, way  # noqa: F401 - a fixture
from tests.support.clients import at
from tests.support.sweep import is_whole
from tests.support.wizards import confirmation

pytestmark = pytest.mark.django_db
OTHERS = ("alice", "dave", "carol")  # by turns: each with each is in test_wizards


def shown(client: Client, url: str, draft_id: UUID) -> str:
    """The first page when one comes back to a draft, but for its key and what is random."""
    page = client.get(f"{url}?draft={draft_id}").content.decode().replace(str(draft_id), "")
    return re.sub(r"\b\w{64}\b|>[0-9a-f]{8}(?:[0-9a-f]{4})?<", "", page)


@pytest.mark.slow(reason="every wizard is begun, and asked for by each stranger")
def test_somebody_else_s_draft_is_not_found_however_it_is_asked_for(
    way: Way,  # noqa: F811
    people: SimpleNamespace,
    request: pytest.FixtureRequest,
) -> None:
    bob = client_of(people.bob)
    confirm = confirmation(bob, way.url, way.typed)
    before = Draft.objects.values().get(), way.makes.objects.count()
    for name in OTHERS if is_whole() else (OTHERS[request.node.callspec.indices["way"] % len(OTHERS)],):
        other = client_of(getattr(people, name))
        for url in (confirm, at(people.bob.project, confirm)):
            asked = (
                other.get(url),
                other.get(url, headers=HTMX),
                other.head(url),
                other.post(url, {"action": "confirm"}),
                other.post(url, {"action": "confirm"}, headers=HTMX),
            )
            assert {answer.status_code for answer in asked} <= {404, 409}, (name, asked)
        assert shown(other, way.url, before[0]["id"]) == shown(other, way.url, UUID(int=7)), (
            "as if there were none"
        )
        assert (Draft.objects.values().get(), way.makes.objects.count()) == before
    assert bob.get(confirm).status_code == 200


def test_in_another_project_one_s_own_is_not_found_either(way: Way, people: SimpleNamespace) -> None:  # noqa: F811
    confirm = confirmation(client_of(people.bob), way.url, way.typed)
    elsewhere = factories.ProjectFactory(account=people.bob.account, region=people.bob.region, name="other")
    answer = client_of(people.bob).post(at(elsewhere, confirm.partition(str(people.bob.project.pk))[2]))
    assert answer.status_code == 404
    assert not Draft.objects.get().data.get("made")


def places_with_drafts() -> Iterator[str]:
    """Every address with the key of a draft in it; what else it names is a stand-in."""

    def walk(resolver: URLResolver, before: str) -> Iterator[str]:
        for entry in resolver.url_patterns:
            route = before + str(entry.pattern)
            if isinstance(entry, URLResolver):
                yield from walk(entry, route)
            elif isinstance(entry, URLPattern) and "draft_id" in route:
                yield route

    return walk(get_resolver(), "/")


@pytest.mark.slow(reason="every address with a draft in it is asked for by two people")
def test_every_address_with_a_draft_in_it_is_not_found_with_another_s(people: SimpleNamespace) -> None:
    found = list(places_with_drafts())
    assert len(found) > 10
    strangers = client_of(people.alice), client_of(people.carol)
    draft = Draft.objects.create(wizard="any", user=people.bob.user, project=people.bob.project)
    for route in found:
        path = route.replace("<uuid:draft_id>", str(draft.pk))
        while "<" in path:
            head, _, rest = path.partition("<")
            kind, _, tail = rest.partition(">")
            path = head + (str(UUID(int=1)) if kind.startswith("uuid") else "1") + tail
        for client in strangers:
            for answer in (client.get(path, headers=HTMX), client.post(path, {"action": "confirm"})):
                assert answer.status_code in (404, 405), route
