"""Sharing full-ECS images: where they come from (R17, R41, R42). Rule, service, pages."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse

from images.models import Image
from images.rules.share import can_share
from imsconsole.core.now import now
from imsconsole.core.rules import Refused
from sharing.models import Share
from sharing.services import share_image
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
BEFORE, AFTERWARDS = now() - timedelta(hours=1), now() + timedelta(hours=1)


def facts(actor, image) -> Image:
    return Image.objects.with_facts(actor).get(pk=image.pk)


def legacy(actor, **fields):
    return factories.BackupFactory(
        project=actor.project, kind="csbs", vault=None, **{"taken_at": BEFORE, **fields}
    )


def of_backup(actor, backup, **fields) -> Image:
    origin = {"source_kind": "backup", "source_id": backup.pk, **fields}
    return factories.ImageFactory(project=actor.project, type="full", backup=backup, **origin)


def of_server(actor, server_id) -> Image:
    """As it is captured: through a cloud backup."""
    backup = factories.BackupFactory(project=actor.project, server_id=server_id)
    return of_backup(actor, backup, source_kind="server", source_id=server_id)


# where it comes from ---------------------------------------------------------------------------------


def test_an_image_of_a_cloud_backup_is_shared_whatever_its_server_was_backed_up_by(people):  # R17, R41
    backup = factories.BackupFactory(project=people.bob.project)
    legacy(people.bob, server_id=backup.server_id)
    assert share_image(of_backup(people.bob, backup), project=people.carol.project, actor=people.bob)


def test_an_image_of_a_server_is_shared_when_csbs_had_no_backup_of_it(people):  # R17, R41
    backed_up_later, failed, from_cbr = (
        uuid.uuid4(),
        uuid.uuid4(),
        factories.ServerFactory(
            project=people.bob.project, restored_from=factories.BackupFactory(project=people.bob.project)
        ),
    )
    legacy(people.bob)  # of another server
    legacy(people.bob, server_id=backed_up_later, taken_at=AFTERWARDS)
    legacy(people.bob, server_id=failed, taken_at=None, status="failed")
    for server_id in (backed_up_later, failed, from_cbr.pk):
        assert can_share(facts(people.bob, of_server(people.bob, server_id)), people.bob)


def test_an_image_of_a_legacy_backup_is_not_shared(people):  # R42
    image = of_backup(people.bob, legacy(people.bob))
    assert can_share(facts(people.bob, image), people.bob).code == "full-ecs-csbs"


@pytest.mark.parametrize("status", ["available", "deleted"])
def test_an_image_of_a_server_that_csbs_backed_up_is_not_shared(people, status):  # R17, R42
    server_id = legacy(people.bob, status=status, deleted_at=now() if status == "deleted" else None).server_id
    assert can_share(facts(people.bob, of_server(people.bob, server_id)), people.bob).code == "full-ecs-csbs"


def test_an_image_of_a_server_that_was_restored_from_a_legacy_backup_is_not_shared(people):  # R17, R42
    server = factories.ServerFactory(project=people.bob.project, restored_from=legacy(people.bob))
    verdict = can_share(facts(people.bob, of_server(people.bob, server.pk)), people.bob)
    assert (verdict.code, "cloud backup (CBR)" in verdict.reason) == ("full-ecs-csbs", True)


def test_a_copy_says_why_it_is_not_shared_and_nothing_of_backups(people):  # R17
    copy = of_backup(people.bob, legacy(people.bob), source_kind="image")
    verdict = can_share(facts(people.bob, copy), people.bob)
    assert (verdict.code, "CSBS" in verdict.reason) == ("full-ecs-source", False)


def test_other_images_of_such_a_server_are_shared(people):
    server_id = legacy(people.bob).server_id
    image = factories.ImageFactory(project=people.bob.project, source_kind="server", source_id=server_id)
    assert can_share(facts(people.bob, image), people.bob)


def test_no_way_leads_to_sharing_one_that_has_to_do_with_csbs(people):
    """Service, form, ticked rows, the check of IDs, and one more member of an image that was shared before."""
    image, plain = (
        of_server(people.bob, legacy(people.bob).server_id),
        factories.ImageFactory(project=people.bob.project),
    )
    before = factories.ShareFactory(image=image)
    client, share = client_of(people.bob), reverse("sharing:share", args=[image.pk])
    typed = {"projects": str(people.carol.project.pk)}

    with pytest.raises(Refused, match="full-ecs-csbs"):
        share_image(image, project=people.carol.project, actor=people.bob)
    for page in (
        share,
        image.get_absolute_url(),
        "/images/?tab=private",
        reverse("sharing:members", args=[image.pk]),
    ):
        body = client.get(page).content.decode()
        assert "former backup service (CSBS)" in body, page
        assert f'href="{share}"' not in body, page
    assert "former backup service (CSBS)" in client.post(share, typed, follow=True).content.decode()
    picked = {"pick": f"{image.pk},{plain.pk}", "state": "tab=private", **typed}
    checked = client.post(reverse("sharing:check"), picked)
    assert {line.image.pk: bool(line.verdict) for line in checked.context["lines"]} == {
        image.pk: False,
        plain.pk: True,
    }
    client.post(reverse("sharing:share-several"), picked)
    assert {each.image for each in Share.objects.exclude(pk=before.pk)} == {plain}
