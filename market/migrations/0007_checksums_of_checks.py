"""What was found of stored bytes says by which algorithm their checksum is."""

from typing import Any

from django.db import migrations


def name_algorithms(apps: Any, schema_editor: Any) -> None:
    versions = apps.get_model("market", "ListingVersion").objects.exclude(checks={})
    for version in versions.only("checks").iterator(1000):
        values = version.checks.get("outcomes", {}).get("bytes", {}).get("values", {})
        if "sha256" in values:
            named = {"checksum": values.pop("sha256"), "found": values.pop("found")}
            values |= {name: {"checksum": f"sha256:{digits}"} for name, digits in named.items()}
            version.save(update_fields=["checks"])


class Migration(migrations.Migration):
    dependencies = [("market", "0006_ids_by_time")]

    operations = [migrations.RunPython(name_algorithms, migrations.RunPython.noop)]
