import django.core.validators
import django.db.models.deletion
import imsconsole.core.now
import uuid
from django.conf import settings
from django.db import migrations, models

from images.os.catalogue import furnish_os_versions


def furnish(apps, schema_editor):
    """Every install starts with the operating systems of the catalogue."""
    furnish_os_versions(apps.get_model('images', 'OsVersion'))


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('images', '0001_initial'),
        ('images', '0002_os_versions'),
        ('images', '0003_resumable_uploads'),
        ('images', '0004_more_os_versions'),
        ('images', '0005_public_images'),
        ('images', '0006_find_images_by_tag'),
        ('images', '0007_images_with_keys'),
        ('images', '0008_trash'),
        ('images', '0009_bytes_of_disks'),
        ('images', '0010_images_of_backups'),
        ('images', '0011_verified'),
        ('images', '0012_uploads_from_objects'),
        ('images', '0013_keys_of_full_ecs_disks'),
    ]

    dependencies = [
        ('accounts', '0001_squashed_0004_agencies'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='OsVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64, unique=True, verbose_name='name')),
                ('os_type', models.CharField(choices=[('Linux', 'Linux'), ('Windows', 'Windows'), ('Other', 'Other')], max_length=8, verbose_name='OS type')),
                ('platform', models.CharField(max_length=32, verbose_name='platform')),
                ('version', models.CharField(max_length=32, verbose_name='version')),
                ('bits', models.PositiveSmallIntegerField(choices=[(32, '32'), (64, '64')], default=64, verbose_name='bits')),
                ('boots_bios', models.BooleanField(default=True, verbose_name='BIOS')),
                ('boots_uefi', models.BooleanField(default=False, verbose_name='UEFI')),
                ('on_x86', models.BooleanField(default=True, verbose_name='x86')),
                ('on_arm', models.BooleanField(default=False, verbose_name='Arm')),
                ('for_ecs', models.BooleanField(default=True, verbose_name='ECS')),
                ('for_bms', models.BooleanField(default=False, verbose_name='BMS')),
                ('flavor_series', models.JSONField(blank=True, default=list, help_text='Empty: every series.', verbose_name='flavor series')),
            ],
            options={
                'verbose_name': 'OS version',
                'verbose_name_plural': 'OS versions',
                'ordering': ['platform', 'name'],
            },
        ),
        migrations.CreateModel(
            name='PublicSource',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=64, unique=True, verbose_name='key')),
                ('digest', models.CharField(blank=True, max_length=128, verbose_name='checksum of the newest file')),
                ('renewed_at', models.DateTimeField(blank=True, null=True, verbose_name='has had it since')),
            ],
            options={
                'verbose_name': 'source of public images',
                'verbose_name_plural': 'catalogue of public images',
                'ordering': ['key'],
            },
        ),
        migrations.CreateModel(
            name='Image',
            fields=[
                ('delete_at', models.DateTimeField(blank=True, null=True, verbose_name='to be deleted at')),
                ('trashed_at', models.DateTimeField(blank=True, null=True, verbose_name='deleted')),
                ('kept_until', models.DateTimeField(blank=True, null=True, verbose_name='kept until')),
                ('status_before', models.CharField(blank=True, max_length=8)),
                ('deletes_backups', models.BooleanField(default=False, verbose_name='delete its backups')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False, verbose_name='image ID')),
                ('name', models.CharField(max_length=128, verbose_name='name')),
                ('description', models.CharField(blank=True, max_length=1024, verbose_name='description')),
                ('category', models.CharField(choices=[('public', 'Public image'), ('private', 'Private image'), ('market', 'Market image')], default='private', max_length=8, verbose_name='category')),
                ('type', models.CharField(choices=[('system', 'System disk image'), ('data', 'Data disk image'), ('full', 'Full-ECS image'), ('iso', 'ISO image')], default='system', max_length=8, verbose_name='image type')),
                ('use', models.CharField(choices=[('ecs', 'ECS'), ('bms', 'BMS')], default='ecs', max_length=4, verbose_name='function')),
                ('os_detected', models.BooleanField(default=False)),
                ('architecture', models.CharField(choices=[('x86', 'x86'), ('arm', 'Arm')], default='x86', max_length=4, verbose_name='architecture')),
                ('boot_mode', models.CharField(choices=[('bios', 'BIOS'), ('uefi', 'UEFI')], default='bios', max_length=4, verbose_name='boot mode')),
                ('min_disk_gb', models.PositiveIntegerField(default=1, verbose_name='disk capacity (GB)')),
                ('min_ram_mb', models.PositiveIntegerField(default=0, verbose_name='minimum memory (MB)')),
                ('max_ram_mb', models.PositiveIntegerField(blank=True, null=True, verbose_name='maximum memory (MB)')),
                ('nic_multi_queue', models.BooleanField(default=False, verbose_name='NIC multi-queue')),
                ('cloud_init', models.BooleanField(default=True, verbose_name='Cloud-Init injection')),
                ('status', models.CharField(choices=[('queued', 'Waiting for file'), ('saving', 'Creating'), ('active', 'Normal'), ('killed', 'Failed'), ('frozen', 'Frozen'), ('trashed', 'In the trash'), ('deleted', 'Deleted')], default='queued', max_length=8, verbose_name='status')),
                ('error_code', models.CharField(blank=True, max_length=64)),
                ('error_values', models.JSONField(blank=True, default=dict)),
                ('protected', models.BooleanField(default=False, verbose_name='protected')),
                ('hidden', models.BooleanField(default=False, verbose_name='hidden')),
                ('deprecated_on', models.DateField(blank=True, null=True, verbose_name='deprecated on')),
                ('source_kind', models.CharField(choices=[('file', 'Image file'), ('server', 'Cloud server'), ('disk', 'Disk'), ('backup', 'Cloud backup'), ('image', 'Image'), ('platform', 'Platform')], default='file', max_length=8, verbose_name='source')),
                ('source_id', models.UUIDField(blank=True, null=True)),
                ('source_name', models.CharField(blank=True, max_length=255)),
                ('created_at', models.DateTimeField(default=imsconsole.core.now.now, verbose_name='created')),
                ('updated_at', models.DateTimeField(default=imsconsole.core.now.now, verbose_name='updated')),
                ('active_at', models.DateTimeField(blank=True, null=True)),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='images.image')),
                ('project', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='images', to='accounts.project', verbose_name='project')),
                ('region', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='images', to='accounts.region', verbose_name='region')),
                ('successor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='predecessors', to='images.image', verbose_name='successor')),
                ('trashed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='deleted by')),
                ('os_version', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='images.osversion', verbose_name='OS')),
            ],
            options={
                'verbose_name': 'image',
                'verbose_name_plural': 'images',
                'ordering': ['-created_at', 'pk'],
                'indexes': [models.Index(fields=['project', '-created_at'], name='image_project_created'), models.Index(fields=['region', 'category', '-created_at'], name='image_region_category'), models.Index(fields=['project', 'name'], name='image_project_name'), models.Index(condition=models.Q(('delete_at__isnull', False)), fields=['delete_at'], name='image_to_be_deleted')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('status__in', ['deleted', 'trashed']), _negated=True), fields=('project', 'name'), name='image_name_unique_in_project'), models.CheckConstraint(condition=models.Q(models.Q(('kept_until__isnull', False), ('status', 'trashed'), ('status_before__in', ('active', 'frozen'))), models.Q(models.Q(('status', 'trashed'), _negated=True), ('kept_until', None), ('status_before', '')), _connector='OR'), name='only_trash_is_kept_until'), models.CheckConstraint(condition=models.Q(models.Q(('category', 'private'), ('project__isnull', False)), models.Q(('category__in', ['public', 'market']), ('project', None)), _connector='OR'), name='private_images_have_a_project'), models.CheckConstraint(condition=models.Q(('architecture', 'arm'), ('boot_mode', 'bios'), _negated=True), name='arm_images_boot_uefi'), models.CheckConstraint(condition=models.Q(('successor', None), ('deprecated_on__isnull', False), _connector='OR'), name='only_deprecated_images_have_a_successor'), models.CheckConstraint(condition=models.Q(('max_ram_mb', None), ('max_ram_mb__gte', models.F('min_ram_mb')), _connector='OR'), name='max_ram_not_below_min')],
            },
        ),
        migrations.CreateModel(
            name='Upload',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=255, verbose_name='file')),
                ('size_bytes', models.BigIntegerField(verbose_name='size')),
                ('received_bytes', models.BigIntegerField(default=0)),
                ('is_resumable', models.BooleanField(default=False)),
                ('origin', models.CharField(blank=True, max_length=255)),
                ('is_fast', models.BooleanField(default=False)),
                ('claimed_format', models.CharField(blank=True, max_length=8)),
                ('claimed_sha256', models.CharField(blank=True, max_length=64)),
                ('unverified_from', models.BigIntegerField(null=True)),
                ('state', models.CharField(choices=[('receiving', 'Uploading'), ('complete', 'Uploaded'), ('refused', 'Refused')], default='receiving', max_length=10, verbose_name='state')),
                ('found', models.JSONField(default=dict)),
                ('error_code', models.CharField(blank=True, max_length=64)),
                ('error_values', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(default=imsconsole.core.now.now, verbose_name='created')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uploads', to='accounts.project')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='uploads', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'upload',
                'verbose_name_plural': 'uploads',
                'ordering': ['-created_at'],
            },
        ),
        migrations.CreateModel(
            name='ImageDisk',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('index', models.PositiveSmallIntegerField(default=0)),
                ('role', models.CharField(choices=[('system', 'System disk'), ('data', 'Data disk')], max_length=6)),
                ('format', models.CharField(default='qcow2', max_length=8, verbose_name='stored as')),
                ('size_bytes', models.BigIntegerField(default=0)),
                ('virtual_size_bytes', models.BigIntegerField(default=0)),
                ('sha256', models.CharField(blank=True, max_length=64, verbose_name='SHA-256 of the stored file')),
                ('source_format', models.CharField(blank=True, max_length=8, verbose_name='came in as')),
                ('source_size_bytes', models.BigIntegerField(default=0)),
                ('source_sha256', models.CharField(blank=True, max_length=64, verbose_name='SHA-256 of what came in')),
                ('ref', models.CharField(blank=True, max_length=255)),
                ('bytes_id', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('verified_at', models.DateTimeField(blank=True, null=True, verbose_name='verified')),
                ('damaged_at', models.DateTimeField(blank=True, null=True, verbose_name='found damaged')),
                ('image', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='disks', to='images.image')),
            ],
            options={
                'verbose_name': 'stored disk',
                'verbose_name_plural': 'stored disks',
                'ordering': ['index'],
                'constraints': [models.UniqueConstraint(fields=('image', 'index'), name='one_image_disk_per_index')],
            },
        ),
        migrations.CreateModel(
            name='ImageTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=36, verbose_name='key')),
                ('value', models.CharField(blank=True, max_length=43, verbose_name='value')),
                ('image', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='images.image')),
            ],
            options={
                'verbose_name': 'tag',
                'verbose_name_plural': 'tags',
                'ordering': ['key'],
                'indexes': [models.Index(fields=['key', 'value'], name='image_tag_key_value')],
                'constraints': [models.UniqueConstraint(fields=('image', 'key'), name='one_tag_per_key')],
            },
        ),
        migrations.CreateModel(
            name='ReleaseNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('published_on', models.DateField(verbose_name='published on')),
                ('text', models.TextField(validators=[django.core.validators.MaxLengthValidator(4000)], verbose_name='what changed')),
                ('text_zh', models.TextField(blank=True, validators=[django.core.validators.MaxLengthValidator(4000)], verbose_name='what changed, in Chinese')),
                ('created_at', models.DateTimeField(default=imsconsole.core.now.now, verbose_name='created')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('images', models.ManyToManyField(related_name='release_notes', to='images.image', verbose_name='images')),
            ],
            options={
                'verbose_name': 'release note',
                'verbose_name_plural': 'release notes',
                'ordering': ['-published_on', '-pk'],
                'indexes': [models.Index(fields=['-published_on', '-id'], name='release_note_published')],
            },
        ),
        migrations.RunPython(furnish, migrations.RunPython.noop),
    ]
