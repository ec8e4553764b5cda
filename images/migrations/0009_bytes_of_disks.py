import uuid

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F


def give_each_its_own(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Until now no two disks were links to the same bytes."""
    apps.get_model("images", "ImageDisk").objects.update(bytes_id=F("id"))


class Migration(migrations.Migration):
    dependencies = [("images", "0008_trash")]

    operations = [
        migrations.AddField(
            model_name="imagedisk",
            name="bytes_id",
            field=models.UUIDField(default=uuid.uuid4, editable=False),
        ),
        migrations.RunPython(give_each_its_own, migrations.RunPython.noop, elidable=True),
    ]
