"""Who is told of what becomes of a listing: whoever is charged for it, and nobody else."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from imsconsole.accounts.actor import members_of, members_of_each
from imsconsole.accounts.models import Membership, Project
from imsconsole.core.now import now
from imsconsole.notifications.models import Message
from market.billing.products import products_of
from market.messages import projects_with, tell_buyers
from tests import factories

pytestmark = pytest.mark.django_db


def test_whoever_has_servers_of_what_was_made_of_it_is_told_in_a_flat_number_of_queries(people):
    version = factories.ListingVersionFactory(listing__project=people.bob.project)
    edition = factories.EditionFactory(version_of=version).image
    child = factories.ImageFactory(project=people.carol.project, parent=edition)
    grandchild = factories.ImageFactory(project=people.carol.project, parent=child)
    factories.ServerFactory(project=people.bob.project, image=edition)  # its own seller's
    factories.ServerFactory(image=edition, deleted_at=now() - timedelta(days=1))
    factories.ServerFactory(image=version.image)
    other = factories.EditionFactory(image__parent=child).image  # another product from here on
    factories.ServerFactory(image=other)
    assert not projects_with(version.listing)

    server = factories.ServerFactory(project=people.carol.project, image=grandchild)
    assert list(projects_with(version.listing)) == [server.project]
    assert products_of([server.image_id]) == {grandchild.pk: version.listing_id}  # as it is charged

    def cost():
        Message.objects.all().delete()
        with CaptureQueriesContext(connection) as captured:
            tell_buyers("listing-new-version", version, Message.Level.INFO)
        return len(captured)

    alone = cost()
    told = Message.objects.get()
    assert (told.user, told.project, told.subject_id) == (
        people.carol.user,
        people.carol.project,
        version.listing_id,
    )
    assert people.carol.project.name in told.sentence
    for _ in range(5):
        project = factories.ProjectFactory()
        factories.MembershipFactory(account=project.account, role="full-access")
        factories.ServerFactory(project=project, image=factories.ImageFactory(parent=edition))
    assert cost() == alone
    assert Message.objects.count() == 6


def test_the_members_of_many_projects_are_those_of_each(people):
    far = factories.ProjectFactory(account=people.bob.account, region=factories.RegionFactory(code="far"))
    Membership.objects.get(user=people.bob.user).projects.add(people.bob.project)
    people.alice.user.is_active = False
    people.alice.user.save()
    for roles in ((), ("full-access",), ("read-only", "full-access")):
        each = members_of_each(Project.objects.all(), *roles)
        assert {far, people.bob.project, people.carol.project} <= set(each)
        for project, users in each.items():
            assert set(users) == set(members_of(project, *roles))
            assert len(users) == len(set(users))
