"""Of what came in as a file nobody looked whether it has Cloud-Init, nor of what was made of that."""

from typing import Any

from django.db import migrations, models


def forget_guesses(apps: Any, schema_editor: Any) -> None:
    images = apps.get_model("images", "Image").objects.exclude(category="public")
    images.filter(models.Q(source_kind="file") | models.Q(parent=None)).update(cloud_init=None)
    while images.filter(parent__cloud_init=None).exclude(cloud_init=None).update(cloud_init=None):
        pass


class Migration(migrations.Migration):
    dependencies = [("images", "0016_lines_of_os_versions")]

    operations = [
        migrations.AlterField(
            model_name="image",
            name="cloud_init",
            field=models.BooleanField(null=True, verbose_name="Cloud-Init injection"),
        ),
        migrations.RunPython(forget_guesses, migrations.RunPython.noop),
    ]
