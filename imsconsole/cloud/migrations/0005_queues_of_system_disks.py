"""A system disk keeps what its image said of the network card, so that modifying the image changes no server."""

from django.db import migrations, models
from django.db.models import Exists, OuterRef


def take_from_images(apps, schema_editor):
    Disk, Image = apps.get_model("cloud", "Disk"), apps.get_model("images", "Image")
    wide = Image.objects.filter(pk=OuterRef("image"), nic_multi_queue=True)
    Disk.objects.filter(Exists(wide)).update(multi_queue=True)


class Migration(migrations.Migration):
    dependencies = [
        ("cloud", "0004_disks_that_move"),
        ("images", "0006_find_images_by_tag"),
    ]

    operations = [
        migrations.AddField(
            model_name="disk",
            name="multi_queue",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.RunPython(take_from_images, migrations.RunPython.noop),
    ]
