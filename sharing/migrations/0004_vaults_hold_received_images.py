import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

from imsconsole.core.operations import DescribeField


def offer_again(apps, schema_editor):
    """Vaults could be deleted before what was received with them: such images are offered anew, and ask for a vault."""
    shares = apps.get_model("sharing", "Share").objects.filter(ended_at=None, status="accepted", image__type="full")
    shares.filter(Q(vault=None) | Q(vault__deleted_at__isnull=False)).update(status="pending", vault=None)


class Migration(migrations.Migration):

    dependencies = [
        ('cloud', '0016_servers_of_backups'),
        ('images', '0002_squashed_0014_planned_deletion'),
        ('sharing', '0001_squashed_0003_given_copies'),
    ]

    operations = [
        DescribeField(
            model_name='share',
            name='vault',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='received', to='cloud.vault', verbose_name='vault'),
        ),
        migrations.RunPython(offer_again, migrations.RunPython.noop, elidable=True),
    ]
