"""What a row says is kept for readers of any language; rows of before stay as they were said."""

from typing import Any

from django.db import migrations, models


def keep_sentences(apps: Any, schema_editor: Any) -> None:
    Event = apps.get_model("audit", "Event")
    rows = Event.objects.exclude(sentence="").only("sentence")
    for row in rows.iterator():
        Event.objects.filter(pk=row.pk).update(details=row.sentence)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_squashed_0002_index_actions_and_resources")]

    operations = [
        migrations.AddField(
            model_name="event",
            name="details",
            field=models.JSONField(blank=True, default=str, verbose_name="details"),
        ),
        migrations.RunPython(keep_sentences, migrations.RunPython.noop),
        migrations.RemoveField(model_name="event", name="sentence"),
    ]
