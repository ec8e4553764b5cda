"""Every install starts with the operating systems of the catalogue."""

from django.db import migrations

from images.os_catalogue import furnish_os_versions


def furnish(apps, schema_editor):
    furnish_os_versions(apps.get_model("images", "OsVersion"))


class Migration(migrations.Migration):
    dependencies = [("images", "0001_initial")]
    operations = [migrations.RunPython(furnish, migrations.RunPython.noop)]
