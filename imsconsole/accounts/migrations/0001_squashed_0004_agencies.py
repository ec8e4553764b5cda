import django.contrib.auth.models
import django.contrib.auth.validators
import django.db.models.deletion
import django.utils.timezone
import imsconsole.core.now
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('accounts', '0001_initial'),
        ('accounts', '0002_messages_by_email'),
        ('accounts', '0003_saved_views_and_columns'),
        ('accounts', '0004_agencies'),
    ]

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='Account',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=64, unique=True, verbose_name='name')),
                ('created_at', models.DateTimeField(default=imsconsole.core.now.now, editable=False, verbose_name='created')),
            ],
            options={
                'verbose_name': 'account',
                'verbose_name_plural': 'accounts',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Region',
            fields=[
                ('code', models.SlugField(max_length=32, primary_key=True, serialize=False, verbose_name='code')),
                ('name', models.CharField(max_length=64, verbose_name='name (English)')),
                ('name_zh', models.CharField(blank=True, max_length=64, verbose_name='name (Chinese)')),
                ('engine', models.CharField(choices=[('local', 'local')], default='local', max_length=16, verbose_name='engine')),
            ],
            options={
                'verbose_name': 'region',
                'verbose_name_plural': 'regions',
                'ordering': ['code'],
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('display_name', models.CharField(blank=True, max_length=64, verbose_name='name')),
                ('language', models.CharField(blank=True, choices=[('en', 'English'), ('zh-hans', '简体中文')], max_length=10, verbose_name='language')),
                ('time_zone', models.CharField(blank=True, max_length=64, verbose_name='time zone')),
                ('theme', models.CharField(choices=[('auto', 'Like the system'), ('light', 'Light'), ('dark', 'Dark')], default='auto', max_length=5, verbose_name='theme')),
                ('mails_messages', models.BooleanField(default=False, verbose_name='messages by e-mail')),
                ('list_columns', models.JSONField(blank=True, default=dict, editable=False)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'abstract': False,
            },
            managers=[
                ('objects', django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name='Project',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False, verbose_name='project ID')),
                ('name', models.CharField(max_length=64, verbose_name='name')),
                ('quotas', models.JSONField(blank=True, default=dict, verbose_name='quotas that differ')),
                ('created_at', models.DateTimeField(default=imsconsole.core.now.now, editable=False, verbose_name='created')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='projects', to='accounts.account', verbose_name='account')),
                ('region', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='projects', to='accounts.region', verbose_name='region')),
            ],
            options={
                'verbose_name': 'project',
                'verbose_name_plural': 'projects',
                'ordering': ['account__name', 'region', 'name'],
                'constraints': [models.UniqueConstraint(fields=('account', 'region', 'name'), name='project_name_unique')],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('role', models.CharField(choices=[('read-only', 'Read-only'), ('full-access', 'Full access'), ('administrator', 'Administrator')], max_length=16, verbose_name='role')),
                ('note', models.CharField(blank=True, max_length=64, verbose_name='for whom')),
                ('secret_sha256', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField(default=imsconsole.core.now.now, editable=False, verbose_name='created')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('accepted_at', models.DateTimeField(blank=True, null=True, verbose_name='accepted')),
                ('accepted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='accepted by')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='accounts.account', verbose_name='account')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='invited by')),
                ('projects', models.ManyToManyField(blank=True, help_text='Empty: all projects of the account.', related_name='+', to='accounts.project', verbose_name='only these projects')),
            ],
            options={
                'verbose_name': 'invitation',
                'verbose_name_plural': 'invitations',
                'ordering': ['-created_at'],
            },
        ),
        migrations.CreateModel(
            name='Draft',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('wizard', models.CharField(max_length=32)),
                ('data', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(default=imsconsole.core.now.now, editable=False)),
                ('updated_at', models.DateTimeField(default=imsconsole.core.now.now)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='drafts', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.project')),
            ],
            options={
                'ordering': ['-updated_at'],
            },
        ),
        migrations.CreateModel(
            name='AvailabilityZone',
            fields=[
                ('code', models.SlugField(max_length=40, primary_key=True, serialize=False, verbose_name='code')),
                ('name', models.CharField(max_length=32, verbose_name='name')),
                ('region', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='zones', to='accounts.region', verbose_name='region')),
            ],
            options={
                'verbose_name': 'availability zone',
                'verbose_name_plural': 'availability zones',
                'ordering': ['code'],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('read-only', 'Read-only'), ('full-access', 'Full access'), ('administrator', 'Administrator')], max_length=16, verbose_name='role')),
                ('created_at', models.DateTimeField(default=imsconsole.core.now.now, editable=False, verbose_name='member since')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='accounts.account', verbose_name='account')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL, verbose_name='user')),
                ('projects', models.ManyToManyField(blank=True, help_text='Empty: all projects of the account.', to='accounts.project', verbose_name='only these projects')),
            ],
            options={
                'verbose_name': 'member',
                'verbose_name_plural': 'members',
                'ordering': ['user__username'],
                'constraints': [models.UniqueConstraint(fields=('user', 'account'), name='one_membership_per_account')],
            },
        ),
        migrations.CreateModel(
            name='Agency',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=imsconsole.core.now.now, editable=False, verbose_name='created')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='created by')),
                ('grantee', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='agencies_received', to='accounts.project', verbose_name='source project')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='agencies', to='accounts.project', verbose_name='target project')),
            ],
            options={
                'verbose_name': 'agency',
                'verbose_name_plural': 'agencies',
                'ordering': ['-created_at'],
                'constraints': [models.UniqueConstraint(fields=('project', 'grantee'), name='one_agency_per_grantee'), models.CheckConstraint(condition=models.Q(('project', models.F('grantee')), _negated=True), name='agency_for_another_project')],
            },
        ),
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('room', models.CharField(max_length=16, verbose_name='list')),
                ('name', models.CharField(max_length=64, verbose_name='name')),
                ('query', models.CharField(max_length=2000)),
                ('shared', models.BooleanField(default=False, verbose_name='shared in the project')),
                ('created_at', models.DateTimeField(default=imsconsole.core.now.now, editable=False)),
                ('default_for', models.ManyToManyField(blank=True, related_name='default_views', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='saved_views', to='accounts.project')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='saved_views', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'saved view',
                'verbose_name_plural': 'saved views',
                'ordering': ['name', 'created_at'],
                'indexes': [models.Index(fields=['project', 'room'], name='saved_view_project_room')],
                'constraints': [models.UniqueConstraint(fields=('user', 'project', 'room', 'name'), name='saved_view_name_unique')],
            },
        ),
    ]
