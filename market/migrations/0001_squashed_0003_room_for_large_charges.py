import django.db.models.deletion
import djmoney.models.fields
import djmoney.models.validators
import djmoney.money
import imsconsole.core.now
import uuid
from django.conf import settings
from django.db import migrations, models
from djmoney.settings import CURRENCY_CHOICES  # like the default, of IMS_CURRENCY: another is no change of the schema


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('market', '0001_the_market'),
        ('market', '0002_order_of_pictures'),
        ('market', '0003_room_for_large_charges'),
    ]

    dependencies = [
        ('accounts', '0001_squashed_0004_agencies'),
        ('cloud', '0001_squashed_0015_verified_backups'),
        ('images', '0002_squashed_0014_planned_deletion'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Publisher',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=64, unique=True, verbose_name='name')),
                ('description', models.CharField(blank=True, max_length=1024, verbose_name='description')),
                ('contact', models.EmailField(max_length=254, verbose_name='contact')),
                ('logo', models.BinaryField(blank=True, default=bytes, verbose_name='logo')),
                ('state', models.CharField(choices=[('applied', 'Applied'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('suspended', 'Suspended')], default='applied', max_length=9, verbose_name='state')),
                ('reason', models.CharField(blank=True, max_length=1024, verbose_name='reason')),
                ('applied_at', models.DateTimeField(default=imsconsole.core.now.now, verbose_name='applied at')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided at')),
                ('account', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='publisher', to='accounts.account', verbose_name='account')),
                ('applied_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='applied by')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
            ],
            options={
                'verbose_name': 'publisher',
                'verbose_name_plural': 'publishers',
                'ordering': ['name'],
                'indexes': [models.Index(fields=['state', 'applied_at'], name='publisher_state_applied')],
            },
        ),
        migrations.CreateModel(
            name='Listing',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False, verbose_name='product code')),
                ('created_at', models.DateTimeField(default=imsconsole.core.now.now, verbose_name='created')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='withdrawn at')),
                ('withdrawn_because', models.CharField(blank=True, max_length=1024, verbose_name='withdrawn because')),
                ('reinstall_until', models.DateTimeField(blank=True, null=True, verbose_name='can be reinstalled until')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='listings', to='accounts.project', verbose_name='project')),
                ('publisher', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='listings', to='market.publisher', verbose_name='publisher')),
            ],
            options={
                'verbose_name': 'listing',
                'verbose_name_plural': 'listings',
                'ordering': ['-created_at', 'pk'],
                'indexes': [models.Index(fields=['project', '-created_at'], name='listing_project_created')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('reinstall_until', None), ('withdrawn_at', None)), models.Q(('reinstall_until__isnull', False), ('withdrawn_at__isnull', False)), _connector='OR'), name='withdrawn_listings_say_until_when')],
            },
        ),
        migrations.CreateModel(
            name='ListingVersion',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('version', models.CharField(max_length=32, verbose_name='version')),
                ('title', models.CharField(max_length=64, verbose_name='title')),
                ('summary', models.CharField(max_length=160, verbose_name='summary')),
                ('description', models.TextField(blank=True, max_length=20000, verbose_name='description')),
                ('category', models.CharField(choices=[('system', 'Operating systems'), ('database', 'Databases'), ('web', 'Web and applications'), ('development', 'Development tools'), ('security', 'Security'), ('analytics', 'Data and AI'), ('other', 'Other')], max_length=12, verbose_name='category')),
                ('release_notes', models.TextField(blank=True, max_length=20000, verbose_name='release notes')),
                ('support', models.CharField(max_length=255, verbose_name='support contact')),
                ('terms', models.TextField(max_length=50000, verbose_name='licence terms')),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('scanning', 'Scanning'), ('in-review', 'In review'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('published', 'Published'), ('replaced', 'Replaced by a newer version'), ('withdrawn', 'Withdrawn')], default='draft', max_length=9, verbose_name='state')),
                ('checks', models.JSONField(blank=True, default=dict)),
                ('reason', models.CharField(blank=True, max_length=1024, verbose_name='reason')),
                ('created_at', models.DateTimeField(default=imsconsole.core.now.now, verbose_name='created')),
                ('submitted_at', models.DateTimeField(null=True, verbose_name='sent in at')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided at')),
                ('published_at', models.DateTimeField(null=True, verbose_name='published at')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='created by')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('image', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='offers', to='images.image', verbose_name='image')),
                ('listing', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='market.listing', verbose_name='listing')),
                ('regions', models.ManyToManyField(related_name='+', to='accounts.region', verbose_name='regions')),
            ],
            options={
                'verbose_name': 'version of a listing',
                'verbose_name_plural': 'versions of listings',
                'ordering': ['-created_at', 'pk'],
                'indexes': [models.Index(fields=['state', 'submitted_at'], name='version_state_submitted')],
                'constraints': [models.UniqueConstraint(fields=('listing', 'version'), name='versions_of_a_listing_differ'), models.UniqueConstraint(condition=models.Q(('state', 'published')), fields=('listing',), name='one_published_version'), models.UniqueConstraint(condition=models.Q(('state__in', ['draft', 'scanning', 'in-review', 'approved', 'rejected'])), fields=('listing',), name='one_version_in_the_making')],
            },
        ),
        migrations.CreateModel(
            name='Picture',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('caption', models.CharField(blank=True, max_length=120, verbose_name='caption')),
                ('width', models.PositiveIntegerField()),
                ('height', models.PositiveIntegerField()),
                ('content', models.BinaryField()),
                ('added_at', models.DateTimeField(default=imsconsole.core.now.now, editable=False)),
                ('version_of', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pictures', to='market.listingversion')),
            ],
            options={
                'verbose_name': 'screenshot',
                'verbose_name_plural': 'screenshots',
                'ordering': ['added_at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Price',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('of', models.CharField(choices=[('listing', 'Market image'), ('flavor', 'Flavor'), ('disk', 'Disks')], max_length=7, verbose_name='price of')),
                ('unit', models.CharField(choices=[('free', 'Free'), ('hour', 'per hour'), ('month', 'per month'), ('once', 'once per server'), ('gb-month', 'per GB and month')], max_length=8, verbose_name='unit')),
                ('amount_currency', djmoney.models.fields.CurrencyField(choices=CURRENCY_CHOICES, default=settings.DEFAULT_CURRENCY, editable=False, max_length=3)),
                ('amount', djmoney.models.fields.MoneyField(decimal_places=4, default=djmoney.money.Money(0, settings.DEFAULT_CURRENCY), max_digits=12, validators=[djmoney.models.validators.MinMoneyValidator(0)], verbose_name='amount')),
                ('per_vcpu', models.BooleanField(default=False, verbose_name='for each vCPU')),
                ('trial_days', models.PositiveSmallIntegerField(default=0, verbose_name='free trial (days)')),
                ('valid_from', models.DateTimeField(verbose_name='valid from')),
                ('created_at', models.DateTimeField(default=imsconsole.core.now.now, verbose_name='created')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('flavor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cloud.flavor', verbose_name='flavor')),
                ('listing', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='prices', to='market.listing', verbose_name='listing')),
            ],
            options={
                'verbose_name': 'price',
                'verbose_name_plural': 'prices',
                'ordering': ['-valid_from', 'pk'],
                'indexes': [models.Index(fields=['listing', '-valid_from'], name='price_listing_from'), models.Index(fields=['flavor', '-valid_from'], name='price_flavor_from')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('flavor', None), ('listing__isnull', False), ('of', 'listing')), models.Q(('flavor__isnull', False), ('listing', None), ('of', 'flavor')), models.Q(('flavor', None), ('listing', None), ('of', 'disk')), _connector='OR'), name='price_of_one_thing'), models.CheckConstraint(condition=models.Q(models.Q(('of', 'listing'), ('unit__in', ['free', 'hour', 'month', 'once'])), models.Q(('of', 'flavor'), ('per_vcpu', False), ('trial_days', 0), ('unit', 'hour')), models.Q(('of', 'disk'), ('per_vcpu', False), ('trial_days', 0), ('unit', 'gb-month')), _connector='OR'), name='price_in_its_unit'), models.CheckConstraint(condition=models.Q(models.Q(('amount', 0), ('per_vcpu', False), ('trial_days', 0), ('unit', 'free')), models.Q(('unit', 'free'), _negated=True), _connector='OR'), name='free_is_nothing'), models.CheckConstraint(condition=models.Q(('valid_from__gte', models.F('created_at'))), name='no_price_for_the_past'), models.UniqueConstraint(fields=('listing', 'valid_from'), name='one_listing_price_at_a_time'), models.UniqueConstraint(fields=('flavor', 'valid_from'), name='one_flavor_price_at_a_time'), models.UniqueConstraint(condition=models.Q(('of', 'disk')), fields=('valid_from',), name='one_disk_price_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='Edition',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('image', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='edition', to='images.image')),
                ('region', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.region')),
                ('version_of', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='editions', to='market.listingversion')),
            ],
            options={
                'verbose_name': 'edition',
                'verbose_name_plural': 'editions',
                'constraints': [models.UniqueConstraint(fields=('version_of', 'region'), name='one_edition_per_region')],
            },
        ),
        migrations.CreateModel(
            name='Acceptance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('accepted_at', models.DateTimeField(default=imsconsole.core.now.now)),
                ('accepted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.project')),
                ('version_of', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acceptances', to='market.listingversion')),
            ],
            options={
                'verbose_name': 'acceptance of terms',
                'verbose_name_plural': 'acceptances of terms',
                'ordering': ['-accepted_at', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('project', 'version_of'), name='terms_accepted_once')],
            },
        ),
        migrations.CreateModel(
            name='Charge',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('hour', models.DateTimeField(verbose_name='hour')),
                ('seconds', models.PositiveSmallIntegerField(verbose_name='seconds')),
                ('unit_seconds', models.PositiveBigIntegerField(verbose_name='unit seconds')),
                ('amount_currency', djmoney.models.fields.CurrencyField(choices=CURRENCY_CHOICES, default=settings.DEFAULT_CURRENCY, editable=False, max_length=3)),
                ('amount', djmoney.models.fields.MoneyField(decimal_places=8, max_digits=24, verbose_name='amount')),
                ('image', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='images.image')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.project')),
                ('server', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cloud.server')),
                ('price', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='charges', to='market.price')),
            ],
            options={
                'verbose_name': 'charge',
                'verbose_name_plural': 'charges',
                'ordering': ['-hour', 'pk'],
                'indexes': [models.Index(fields=['project', 'hour'], name='charge_project_hour'), models.Index(fields=['price', 'hour'], name='charge_price_hour')],
                'constraints': [models.UniqueConstraint(fields=('server', 'price', 'hour'), name='charged_once'), models.CheckConstraint(condition=models.Q(('seconds__lte', 3600)), name='an_hour_has_3600_seconds')],
            },
        ),
        migrations.CreateModel(
            name='Software',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64, verbose_name='software')),
                ('version', models.CharField(blank=True, max_length=32, verbose_name='version')),
                ('version_of', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='software', to='market.listingversion')),
            ],
            options={
                'verbose_name': 'built-in software',
                'verbose_name_plural': 'built-in software',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('version_of', 'name'), name='software_named_once')],
            },
        ),
    ]
