"""The size of an image is that of its disks, however they came, changed or went."""

import pytest
from django.db import connection

from images.models import Image, ImageDisk
from images.models.sizes import Sizes
from images.verify.store_check import differences
from imsconsole.core.triggers import drop_triggers, make_triggers
from imsconsole.jobs.counters import triggers
from tests import factories

pytestmark = pytest.mark.django_db


def size_of(image: Image) -> int:
    assert Sizes().wrong() == []
    return Image.objects.get(pk=image.pk).size_bytes


def test_it_is_that_of_all_disks_together():
    image, other = factories.ImageFactory.create_batch(2)
    assert size_of(image) == 0
    ImageDisk.objects.bulk_create(ImageDisk(image=image, index=n, size_bytes=10 + n) for n in range(3))
    assert size_of(image) == 33
    ImageDisk.objects.filter(index=0).update(size_bytes=1)
    assert size_of(image) == 24
    ImageDisk.objects.filter(index=1).update(image=other)
    assert (size_of(image), size_of(other)) == (13, 11)
    image.disks.all().delete()
    assert (size_of(image), size_of(other)) == (0, 11)


def test_a_difference_is_said_and_put_right():
    image = factories.ImageFactory()
    factories.ImageDiskFactory(image=image, size_bytes=7)
    drop_triggers()
    Image.objects.filter(pk=image.pk).update(size_bytes=8)
    make_triggers(triggers())
    (said,) = [each for each in differences() if "sizes of images" in each.what]
    said.repair()
    assert size_of(image) == 7


def test_the_database_itself_keeps_it():
    image = factories.ImageFactory()
    with connection.cursor() as cursor:
        disk = ImageDisk(image=image, size_bytes=5)
        disk.save()
        cursor.execute("UPDATE images_imagedisk SET size_bytes = 6")
    assert size_of(image) == 6


def test_an_image_that_was_read_before_its_disks_came_is_saved_without_a_size():
    image = factories.ImageFactory()
    factories.ImageDiskFactory(image=image, size_bytes=70)
    image.save()
    assert size_of(image) == 70
