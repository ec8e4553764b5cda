"""Jobs that hold a thing beside their subject are found by an index, where the database has one for that."""

from typing import Any

from django.db import migrations


def index_holds(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE INDEX job_holds ON jobs_job USING gin ((args -> 'holds'))")


def drop_index(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX job_holds")


class Migration(migrations.Migration):
    dependencies = [("jobs", "0005_failed_jobs")]
    operations = [migrations.RunPython(index_holds, drop_index)]
