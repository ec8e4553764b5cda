"""What an operator sees and may change of images."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from images.models import OsVersion
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(operator):
    client = Client()
    client.force_login(operator)
    return client


@pytest.mark.parametrize("model", ["image", "osversion", "upload"])
def test_the_lists_open_and_can_be_searched(client, people, model):
    image = factories.ImageFactory(project=people.bob.project)
    factories.UploadFactory(project=people.bob.project, user=people.bob.user, expires_at=timezone.now())

    answer = client.get(reverse(f"admin:images_{model}_changelist"), {"q": str(image.pk)[:8]})
    assert answer.status_code == 200


def test_private_images_are_only_looked_at(client, people):
    image = factories.ImageFactory(project=people.bob.project)
    factories.ImageDiskFactory(image=image)
    url = reverse("admin:images_image_change", args=[image.pk])

    page = client.get(url).content.decode()
    assert 'name="hidden"' not in page
    assert client.post(reverse("admin:images_image_delete", args=[image.pk])).status_code == 403
    assert client.get(reverse("admin:images_image_add")).status_code == 403


def test_os_versions_are_the_operator_s(client):
    answer = client.post(
        reverse("admin:images_osversion_add"),
        {"name": "Own OS 1 64bit", "os_type": "Linux", "platform": "Own", "version": "1", "bits": "64",
         "boots_bios": "on", "on_x86": "on", "for_ecs": "on", "flavor_series": "[]"},
    )  # fmt: skip

    assert answer.status_code == 302
    assert OsVersion.objects.filter(name="Own OS 1 64bit").exists()
