"""Factories for the rows tests start from."""

import uuid
from dataclasses import asdict
from datetime import timedelta

import factory
from django.conf import settings
from django.db import transaction
from factory.django import DjangoModelFactory

from images.models import Download, Image, ImageDisk, OsVersion, Upload
from imsconsole.accounts.models import (
    Account,
    Agency,
    AvailabilityZone,
    Membership,
    Project,
    Region,
    Role,
    User,
)
from imsconsole.cloud.hosts import ask_host
from imsconsole.cloud.keys.material import give_material
from imsconsole.cloud.models import (
    Backup,
    BackupDisk,
    BackupSchedule,
    Bucket,
    BucketObject,
    Disk,
    Flavor,
    Key,
    KeyGrant,
    KeyPair,
    RegionReport,
    Server,
    StoredBytes,
    UserData,
    Vault,
)
from imsconsole.cloud.stored.rows import SHARED
from imsconsole.core.now import now
from imsconsole.engine.types import StoredDisk
from market.models import Edition, Listing, ListingVersion, Price, Publisher
from sharing.models import Share


class RegionFactory(DjangoModelFactory):
    class Meta:
        model = Region
        django_get_or_create = ("code",)
        skip_postgeneration_save = True

    code = "cn-north-4"
    name = "CN North-Beijing4"
    name_zh = "华北-北京四"

    @factory.post_generation
    def report(region, create, extracted, **kwargs):
        """As the clock writes it."""
        is_known = region.engine in settings.ENGINES
        if create and is_known and not RegionReport.objects.filter(pk=region.pk).exists():
            ask_host(region)


class ZoneFactory(DjangoModelFactory):
    class Meta:
        model = AvailabilityZone
        django_get_or_create = ("code",)

    code = factory.LazyAttribute(lambda zone: f"{zone.region.code}a")
    region = factory.SubFactory(RegionFactory)
    name = factory.LazyAttribute(lambda zone: zone.code)


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")


class AccountFactory(DjangoModelFactory):
    class Meta:
        model = Account

    name = factory.Sequence(lambda n: f"account-{n}")


class ProjectFactory(DjangoModelFactory):
    class Meta:
        model = Project

    account = factory.SubFactory(AccountFactory)
    region = factory.SubFactory(RegionFactory)
    name = factory.Sequence(lambda n: f"project-{n}")


class AgencyFactory(DjangoModelFactory):
    """`project` lets `grantee` place images in it; both are of one account."""

    class Meta:
        model = Agency

    project = factory.SubFactory(ProjectFactory)


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = Membership
        skip_postgeneration_save = True

    user = factory.SubFactory(UserFactory)
    account = factory.SubFactory(AccountFactory)
    role = Role.FULL_ACCESS


class OsVersionFactory(DjangoModelFactory):
    class Meta:
        model = OsVersion
        django_get_or_create = ("name",)

    name = "Debian 12.0.0 64bit"
    os_type = "Linux"
    platform = "Debian"
    version = "12.0.0"
    boots_uefi = True


class FlavorFactory(DjangoModelFactory):
    class Meta:
        model = Flavor
        django_get_or_create = ("name",)

    name = "s6-small-1"
    series = "s6"
    vcpus = 1
    memory_mb = 256


class ImageFactory(DjangoModelFactory):
    """A private system disk image in state Normal, without bytes in the store."""

    class Meta:
        model = Image

    project = factory.SubFactory(ProjectFactory)
    region = factory.LazyAttribute(lambda image: image.project.region if image.project else RegionFactory())
    name = factory.Sequence(lambda n: f"image-{n}")
    status = "active"
    status_before = factory.LazyAttribute(lambda image: "active" if image.status == "trashed" else "")
    kept_until = factory.LazyAttribute(
        lambda image: now() + timedelta(days=7) if image.status == "trashed" else None
    )
    os_version = factory.SubFactory(OsVersionFactory)


class PublicImageFactory(ImageFactory):
    project = None
    category = "public"
    protected = True


class StoredBytesFactory(DjangoModelFactory):
    """A row without a file."""

    class Meta:
        model = StoredBytes

    region = factory.SubFactory(RegionFactory)
    ref = factory.Sequence(lambda n: f"stored-{n}")
    size_bytes = 1024**2
    virtual_size_bytes = 1024**3
    checksum = "sha256:" + "0" * 64


class OfStoredFactory(DjangoModelFactory):
    """A disk of bytes of its own, `ref`, unless it is told which `stored` ones; with `ref=""` it has none."""

    class Meta:
        abstract = True

    class Params:
        ref = factory.LazyFunction(lambda: f"stored-{uuid.uuid4()}")
        verified_at = None
        damaged_at = None

    size_bytes = 1024**2
    virtual_size_bytes = 1024**3
    checksum = "sha256:" + "0" * 64

    @factory.lazy_attribute
    def stored(self):
        facts = ("ref", "size_bytes", "virtual_size_bytes", "checksum", "verified_at", "damaged_at")
        region = self.image.region if hasattr(self, "image") else self.backup.project.region
        return (
            StoredBytesFactory(region=region, **{name: getattr(self, name) for name in facts})
            if self.ref
            else None
        )


def give_bytes(disk: ImageDisk | BackupDisk, made: StoredDisk) -> None:
    """Let a disk be of what an engine has stored, instead of the row without a file that it was made with."""
    former, region = (
        disk.stored,
        disk.image.region if isinstance(disk, ImageDisk) else disk.backup.project.region,
    )
    disk.stored = StoredBytes.objects.create(pk=disk.pk, region=region, **asdict(made))
    for name in SHARED:
        setattr(disk, name, getattr(made, name))
    disk.save()
    if former:
        former.delete()


class ImageDiskFactory(OfStoredFactory):
    class Meta:
        model = ImageDisk

    image = factory.SubFactory(ImageFactory)
    role = "system"


class UploadFactory(DjangoModelFactory):
    class Meta:
        model = Upload

    project = factory.SubFactory(ProjectFactory)
    user = factory.SubFactory(UserFactory)
    name = "disk.qcow2"
    size_bytes = 1024**2


class DownloadFactory(DjangoModelFactory):
    class Meta:
        model = Download

    project = factory.SubFactory(ProjectFactory)
    image = factory.SubFactory("tests.factories.ImageFactory")
    name = "disk.raw"
    format = "raw"
    expires_at = factory.LazyFunction(lambda: now() + timedelta(days=1))


class KeyPairFactory(DjangoModelFactory):
    class Meta:
        model = KeyPair

    project = factory.SubFactory(ProjectFactory)
    name = factory.Sequence(lambda n: f"key-{n}")
    public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGv0ZbyKTqNXpkyrRQ8mMlR6tqwtFFKHHlSe6JtW4Cxo test"
    fingerprint = "SHA256:test"


class UserDataFactory(DjangoModelFactory):
    class Meta:
        model = UserData

    project = factory.SubFactory(ProjectFactory)
    name = factory.Sequence(lambda n: f"user-data-{n}")
    text = "#!/bin/sh\necho saved\n"


class KeyFactory(DjangoModelFactory):
    """A custom key with real material; of a deleted one there is none."""

    class Meta:
        model = Key

    project = factory.SubFactory(ProjectFactory)
    name = factory.Sequence(lambda n: f"secret-{n}")

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        key = model_class(*args, **kwargs)
        with transaction.atomic():  # the master key is locked until the row is there
            if key.state != Key.State.DELETED:
                give_material(key)
            key.save(force_insert=True)
        return key


class KeyGrantFactory(DjangoModelFactory):
    class Meta:
        model = KeyGrant

    key = factory.SubFactory(KeyFactory)
    grantee = factory.LazyAttribute(lambda grant: ProjectFactory(region=grant.key.project.region))


class ServerFactory(DjangoModelFactory):
    """A stopped server without a machine behind it."""

    class Meta:
        model = Server

    project = factory.SubFactory(ProjectFactory)
    name = factory.Sequence(lambda n: f"server-{n}")
    zone = factory.LazyAttribute(lambda server: ZoneFactory(region=server.project.region))
    flavor = factory.SubFactory(FlavorFactory)
    image = factory.LazyAttribute(lambda server: ImageFactory(project=server.project))
    status = "stopped"
    private_ip = factory.Sequence(lambda n: f"192.168.{n // 250}.{n % 250 + 2}")
    mac = factory.Sequence(lambda n: f"fa:16:3e:00:{n // 256:02x}:{n % 256:02x}")


class DiskFactory(DjangoModelFactory):
    class Meta:
        model = Disk

    server = factory.SubFactory(ServerFactory)
    project = factory.LazyAttribute(lambda disk: disk.server.project)
    zone = factory.LazyAttribute(lambda disk: disk.server.zone)
    name = factory.Sequence(lambda n: f"disk-{n}")
    role = "system"
    size_gb = 1
    status = "in-use"


class BucketFactory(DjangoModelFactory):
    """An empty Standard bucket."""

    class Meta:
        model = Bucket

    project = factory.SubFactory(ProjectFactory)
    name = factory.Sequence(lambda n: f"bucket-{n}")


class BucketObjectFactory(DjangoModelFactory):
    """A stored object without bytes."""

    class Meta:
        model = BucketObject

    bucket = factory.SubFactory(BucketFactory)
    key = factory.Sequence(lambda n: f"object-{n}.raw")
    state = "stored"
    size_bytes = 1024
    sha256 = "0" * 64
    content_type = "application/octet-stream"


class ShareFactory(DjangoModelFactory):
    """An offer that nobody has answered yet."""

    class Meta:
        model = Share

    image = factory.SubFactory(ImageFactory)
    owner = factory.LazyAttribute(lambda share: share.image.project)
    project = factory.LazyAttribute(lambda share: ProjectFactory(region=share.image.region))


class VaultFactory(DjangoModelFactory):
    """An empty vault."""

    class Meta:
        model = Vault

    project = factory.SubFactory(ProjectFactory)
    name = factory.Sequence(lambda n: f"vault-{n}")
    capacity_gb = 10


class BackupScheduleFactory(DjangoModelFactory):
    """A daily schedule at two o'clock in Shanghai; `servers` are those it backs up."""

    class Meta:
        model = BackupSchedule
        skip_postgeneration_save = True

    project = factory.SubFactory(ProjectFactory)
    name = factory.Sequence(lambda n: f"daily-{n}")
    vault = factory.LazyAttribute(lambda schedule: VaultFactory(project=schedule.project))
    hour = 2
    time_zone = "Asia/Shanghai"
    keep = 2
    next_at = factory.LazyFunction(lambda: now() + timedelta(hours=1))

    @factory.post_generation
    def servers(self, create, servers, **_kwargs):
        for server in servers or ():
            self.members.create(server=server)


class BackupFactory(DjangoModelFactory):
    """An available backup without disks, of a server that is gone. Give `vault=None` with `kind="csbs"`."""

    class Meta:
        model = Backup

    project = factory.SubFactory(ProjectFactory)
    vault = factory.LazyAttribute(lambda backup: VaultFactory(project=backup.project))
    name = factory.Sequence(lambda n: f"backup-{n}")
    status = "available"
    size_gb = 1
    taken_at = factory.LazyFunction(now)
    server_id = factory.LazyFunction(uuid.uuid4)
    server_name = "web"
    zone = factory.LazyAttribute(lambda backup: ZoneFactory(region=backup.project.region))
    flavor = factory.SubFactory(FlavorFactory)
    image = factory.LazyAttribute(lambda backup: ImageFactory(project=backup.project))


class BackupDiskFactory(OfStoredFactory):
    class Meta:
        model = BackupDisk

    backup = factory.SubFactory(BackupFactory)
    index = 0
    role = factory.LazyAttribute(lambda disk: "data" if disk.index else "system")
    name = factory.LazyAttribute(lambda disk: f"web-{disk.role}-{disk.index}")
    disk_id = factory.LazyFunction(uuid.uuid4)
    size_gb = 1


class PublisherFactory(DjangoModelFactory):
    class Meta:
        model = Publisher

    account = factory.SubFactory(AccountFactory)
    name = factory.Sequence(lambda n: f"Publisher {n}")
    contact = "support@example.test"
    state = Publisher.State.APPROVED


class ListingFactory(DjangoModelFactory):
    class Meta:
        model = Listing

    project = factory.SubFactory(ProjectFactory)
    publisher = factory.LazyAttribute(
        lambda listing: (
            Publisher.objects.filter(account=listing.project.account).first()
            or PublisherFactory(account=listing.project.account)
        )
    )


class ListingVersionFactory(DjangoModelFactory):
    """A published version; its editions are made with `EditionFactory`."""

    class Meta:
        model = ListingVersion

    listing = factory.SubFactory(ListingFactory)
    version = factory.Sequence(lambda n: f"1.{n}")
    image = factory.LazyAttribute(
        lambda version: ImageFactory(project=version.listing.project, region=version.listing.project.region)
    )
    title = factory.Sequence(lambda n: f"Web server {n}")
    summary = "nginx on Debian, ready to serve"
    category = ListingVersion.Category.WEB
    support = "support@example.test"
    terms = "Use it as you like."
    state = ListingVersion.State.PUBLISHED
    published_at = factory.LazyFunction(now)


class EditionFactory(DjangoModelFactory):
    """A market image, offered in the region of the publisher's image."""

    class Meta:
        model = Edition

    version_of = factory.SubFactory(ListingVersionFactory)
    region = factory.LazyAttribute(lambda edition: edition.version_of.image.region)
    image = factory.LazyAttribute(
        lambda edition: ImageFactory(
            region=edition.region,
            project=None,
            category=Image.Category.MARKET,
            parent=edition.version_of.image,
            name=edition.version_of.title,
        )
    )


class PriceFactory(DjangoModelFactory):
    """Of a listing, per hour, unless told otherwise."""

    class Meta:
        model = Price

    of = Price.Of.LISTING
    listing = factory.SubFactory(ListingFactory)
    unit = Price.Unit.HOUR
    amount = "0.36"
    created_at = factory.LazyFunction(now)
    valid_from = factory.LazyAttribute(lambda price: price.created_at)
