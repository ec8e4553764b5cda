"""The table has the lines of Debian and CentOS, which is all that a disk of theirs says: not a first or a latest release."""

from typing import Any

from django.db import migrations
from django.db.models import Q

from images.os.catalogue import furnish_os_versions

LINES = {
    "Debian 8.8.0": "Debian 8",
    "Debian 9.13.0": "Debian 9",
    "Debian 10.12.0": "Debian 10",
    "Debian 11.1.0": "Debian 11",
    "Debian 12.0.0": "Debian 12",
    "Debian 13.0.0": "Debian 13",
    "CentOS 7.9": "CentOS 7",
    "CentOS 8.5": "CentOS 8",
}


def name_lines(apps: Any, schema_editor: Any) -> None:
    """Images whose version was found in them, and those of the platform, get what is known of them."""
    OsVersion, Image = apps.get_model("images", "OsVersion"), apps.get_model("images", "Image")
    furnish_os_versions(OsVersion)
    found = Image.objects.filter(Q(os_detected=True) | Q(category="public"))
    for release, line in LINES.items():
        row = OsVersion.objects.get(name=f"{line} 64bit")
        found.filter(os_version__name=f"{release} 64bit").update(os_version=row)


class Migration(migrations.Migration):
    dependencies = [("images", "0015_words_of_fields")]

    operations = [migrations.RunPython(name_lines, migrations.RunPython.noop)]
