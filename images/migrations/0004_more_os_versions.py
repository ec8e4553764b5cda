"""The systems of the catalogue of public images."""

from django.db import migrations

from images.os_catalogue import furnish_os_versions


def furnish(apps, schema_editor):
    furnish_os_versions(apps.get_model("images", "OsVersion"))


class Migration(migrations.Migration):
    dependencies = [("images", "0003_resumable_uploads")]
    operations = [migrations.RunPython(furnish, migrations.RunPython.noop)]
