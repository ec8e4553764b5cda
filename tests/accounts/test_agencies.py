"""Agencies: which project lets which other one place images in it (R82)."""

import pytest
from django.urls import reverse

from imsconsole.accounts.models import Agency
from imsconsole.accounts.rules import can_create_agency, can_revoke_agency
from imsconsole.accounts.services.agencies import create_agency, revoke_agency
from imsconsole.audit.models import Event
from imsconsole.core.rules import Refused
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def far(people):
    """A project of the account in another region."""
    region = factories.RegionFactory(code="cn-east-3", name="CN East-Shanghai1")
    return factories.ProjectFactory(account=people.alice.account, region=region, name="far")


@pytest.mark.parametrize(("name", "allowed"), [("alice", True), ("bob", False), ("dave", False)])
def test_only_administrators_give_and_revoke(people, far, name, allowed):
    actor = getattr(people, name)
    agency = factories.AgencyFactory(project=actor.project, grantee=far)
    assert bool(can_create_agency(actor)) == bool(can_revoke_agency(agency, actor)) == allowed
    if not allowed:
        for call in (
            lambda: create_agency(grantee=far, actor=actor),
            lambda: revoke_agency(agency, actor=actor),
        ):
            with pytest.raises(Refused, match="administrators-only"):
                call()


def test_an_agency_is_for_another_project_of_the_account_in_another_region_once(people, far):
    assert create_agency(grantee=far, actor=people.alice).created_by == people.alice.user
    here = factories.ProjectFactory(account=people.alice.account)
    foreign = factories.ProjectFactory(region=far.region)
    for project, code in ((far, "agency-there"), (here, "same-region"), (foreign, "no-such-project")):
        with pytest.raises(Refused) as refusal:
            create_agency(grantee=project, actor=people.alice)
        assert refusal.value.code == code
    assert Event.objects.filter(action="createAgency", result="normal").count() == 1


def test_the_page_of_the_project_gives_and_takes_back(people, far):
    client, page = client_of(people.alice), reverse("project")
    assert str(far.pk) in client.get(page).content.decode()
    answer = client.post(reverse("create-agency"), {"grantee": str(far.pk)}, follow=True)
    agency = Agency.objects.get()
    assert reverse("revoke-agency", args=[agency.pk]) in answer.content.decode()
    client.post(reverse("revoke-agency", args=[agency.pk]))
    assert not Agency.objects.exists()
    assert Event.objects.filter(action="deleteAgency").exists()


def test_what_is_no_project_of_the_account_is_told(people, far):
    client = client_of(people.alice)
    for wanted in ("", "nonsense", str(factories.ProjectFactory(region=far.region).pk)):
        assert client.post(reverse("create-agency"), {"grantee": wanted}).status_code == 302
    assert not Agency.objects.exists()


def test_others_read_why_they_cannot_and_strangers_find_nothing(people, far):
    agency = factories.AgencyFactory(project=people.alice.project, grantee=far)
    bob, carol = client_of(people.bob), client_of(people.carol)
    assert "aria-disabled" in bob.get(reverse("project")).content.decode()
    assert bob.post(reverse("revoke-agency", args=[agency.pk])).status_code == 409
    assert bob.post(reverse("create-agency"), {"grantee": str(far.pk)}).status_code == 409
    assert carol.post(reverse("revoke-agency", args=[agency.pk])).status_code == 404
    assert Agency.objects.filter(pk=agency.pk).exists()
