from django.db import migrations, models


def say_where(apps, schema_editor):
    """Until now guests were reached on the service's host alone."""
    apps.get_model("cloud", "Server").objects.filter(ssh_port__isnull=False).update(ssh_host="127.0.0.1")


class Migration(migrations.Migration):
    dependencies = [("cloud", "0030_spooled_parts")]

    operations = [
        migrations.AddField(
            model_name="server",
            name="ssh_host",
            field=models.CharField(blank=True, max_length=253, verbose_name="SSH host"),
        ),
        migrations.RunPython(say_where, migrations.RunPython.noop),
    ]
