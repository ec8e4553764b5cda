"""A query whose SQL is built once finds what it would find if it were built anew."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from django.db.models import Q

from imsconsole.accounts.models import Account, Membership, Project
from imsconsole.core import now as clock
from imsconsole.core.now import now, standing_at
from imsconsole.core.prepared import THEN, Prepared
from tests import factories


def test_it_is_built_once_and_finds_other_rows_for_other_values(people):
    built = []

    def rows(project, account, region, user):
        built.append(project)
        own = Membership.objects.filter(user=user).values("account")
        found = Project.objects.filter(pk=project, account=account, region=region, account__in=own)
        return found.select_related("account", "region")

    find = Prepared(rows, project=UUID, account=UUID, region=str, user=int)
    for actor in (people.bob, people.carol, people.bob):
        project = actor.project
        values = {"account": project.account_id, "region": project.region_id, "user": actor.user.pk}
        (found,) = find(project=project.pk, **values)
        assert (found, found.account, found.region) == (project, project.account, project.region)
        assert found._state.fields_cache.keys() >= {"account", "region"}  # it asked for nothing more
        assert find(project=project.pk, **values | {"region": "elsewhere"}) == []
    assert len(built) == 1


def test_it_asks_at_its_own_time(people):
    backup = factories.BackupFactory(project=people.bob.project)
    ago = timedelta(minutes=1)

    def lately(project):
        rows = type(backup).objects.filter(project=project)
        return rows.filter(Q(created_at=None) | Q(created_at__gt=now() - ago), created_at__lte=now() + ago)

    find = Prepared(lately, project=UUID)
    project = people.bob.project.pk
    for by, found in ((0, [backup]), (50, [backup]), (20, []), (-140, [])):
        clock.move(timedelta(seconds=by))
        assert find(project=project) == list(lately(project)) == found, by


def test_the_time_stands_for_nobody_else():
    with standing_at(THEN), ThreadPoolExecutor(1) as another:
        assert now() == THEN
        assert another.submit(now).result() < THEN
    assert now() < THEN


def test_a_value_that_is_not_compared_is_refused(db):
    find = Prepared(lambda account, name: Account.objects.filter(pk=account), account=UUID, name=str)
    with pytest.raises(ValueError, match="name"):
        find(account=factories.AccountFactory().pk, name="acme")
