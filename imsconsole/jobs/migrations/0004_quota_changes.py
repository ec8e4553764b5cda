"""What changes in the use of quotas is noted; live and failed jobs, and those that hold a thing, are found by indexes."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

def index_holds(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE INDEX job_holds ON jobs_job USING gin ((args -> 'holds'))")


def drop_index(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX job_holds")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_squashed_0004_agencies"), ("jobs", "0003_words_of_fields")]

    operations = [
        migrations.CreateModel(
            name='QuotaChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('resource', models.CharField(max_length=16)),
                ('amount', models.BigIntegerField()),
            ],
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('finished_at', None)), fields=['-created_at'], name='job_live'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('state', 'failed')), fields=['user', '-finished_at'], name='job_failed_of_user'),
        ),
        migrations.AddField(
            model_name='quotachange',
            name='project',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.project'),
        ),
        migrations.AddIndex(
            model_name='quotachange',
            index=models.Index(fields=['project', 'resource', 'amount'], name='quota_change_project'),
        ),
        migrations.RunPython(index_holds, drop_index),
    ]
