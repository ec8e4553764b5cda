import django.db.models.deletion
import imsconsole.core.now
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('audit', '0001_initial'),
        ('audit', '0002_index_actions_and_resources'),
    ]

    dependencies = [
        ('accounts', '0001_squashed_0004_agencies'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_index=True, default=imsconsole.core.now.now, verbose_name='time')),
                ('user_name', models.CharField(blank=True, max_length=150, verbose_name='operator')),
                ('action', models.CharField(max_length=64, verbose_name='trace name')),
                ('resource_type', models.CharField(blank=True, max_length=32, verbose_name='resource type')),
                ('resource_id', models.CharField(blank=True, max_length=64, verbose_name='resource ID')),
                ('resource_name', models.CharField(blank=True, max_length=255, verbose_name='resource name')),
                ('result', models.CharField(choices=[('normal', 'Normal'), ('warning', 'Refused'), ('incident', 'Failed')], default='normal', max_length=8, verbose_name='result')),
                ('code', models.CharField(blank=True, max_length=64, verbose_name='code')),
                ('sentence', models.TextField(blank=True, verbose_name='details')),
                ('address', models.GenericIPAddressField(null=True, verbose_name='source address')),
                ('account', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='accounts.account')),
                ('project', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='accounts.project')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='operator')),
            ],
            options={
                'verbose_name': 'event',
                'verbose_name_plural': 'events',
                'ordering': ['-at', '-pk'],
                'indexes': [models.Index(fields=['project', '-at'], name='event_project_at'), models.Index(fields=['project', 'action', '-at'], name='event_project_action'), models.Index(fields=['project', 'resource_type', 'resource_id'], name='event_project_resource')],
            },
        ),
    ]
