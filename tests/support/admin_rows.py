"""Rows of every page of the administration, many at once, and what an operator types into its forms."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from images.models import CloudImage, Image, ImageDisk, OsVersion, PublicSource, ReleaseNote, Upload
from imsconsole.accounts.models import (
    Account,
    Agency,
    AvailabilityZone,
    Invitation,
    Membership,
    Project,
    Region,
    SlowedSignIn,
    User,
)
from imsconsole.audit.models import Event
from imsconsole.cloud.models import (
    AccountCloud,
    Bucket,
    Disk,
    Flavor,
    ForeignThing,
    Key,
    KeyGrant,
    KeyPair,
    MasterKey,
    Reading,
    RegionReport,
    Server,
    Usage,
    UserData,
)
from imsconsole.cloud.servers.usage import hour_of
from imsconsole.core.now import now
from imsconsole.jobs.models import ClockEntry, Job, KnownHost
from imsconsole.notifications.models import Message
from market.models import Charge, Price
from sharing.models import Recipient, Share
from tests import factories

Make = Callable[[range, SimpleNamespace], None]


def _stored(numbers: range, people: SimpleNamespace) -> None:
    for number in numbers:
        image = factories.ImageFactory(project=people.bob.project, name=f"of-bytes-{number}")
        factories.ImageDiskFactory(image=image)


def _users(numbers: range, _people: SimpleNamespace) -> None:
    User.objects.bulk_create(User(username=f"person-{i}") for i in numbers)


def _accounts(numbers: range, _people: SimpleNamespace) -> None:
    Account.objects.bulk_create(Account(name=f"tenant-{i}") for i in numbers)


def _projects(numbers: range, people: SimpleNamespace) -> None:
    Project.objects.bulk_create(
        Project(account=people.carol.account, region=people.carol.region, name=f"p-{i}") for i in numbers
    )


def _members(numbers: range, people: SimpleNamespace) -> None:
    _users(numbers, people)
    users = User.objects.filter(username__startswith="person-", memberships=None)
    role = "read-only"
    Membership.objects.bulk_create(
        Membership(user=user, account=people.alice.account, role=role) for user in users
    )


def _invitations(numbers: range, people: SimpleNamespace) -> None:
    Invitation.objects.bulk_create(
        Invitation(
            account=people.alice.account, role="read-only", secret_sha256=f"{i:064}", created_by=people.alice.user,
            expires_at=now() + timedelta(days=1), note=f"for {i}",
        )
        for i in numbers
    )  # fmt: skip


def _slowed(numbers: range, _people: SimpleNamespace) -> None:
    SlowedSignIn.objects.bulk_create(
        SlowedSignIn(kind="password", name=f"person-{i}", source=f"192.0.2.{i}", failures=9) for i in numbers
    )


def _reports(numbers: range, people: SimpleNamespace) -> None:
    for number in numbers:
        region = Region.objects.create(code=f"reports-{number}")
        RegionReport.objects.create(region=region, error_code="state-unknown", free_bytes=1, total_bytes=2)


def _cloud_images(numbers: range, people: SimpleNamespace) -> None:
    said = {"size_bytes": 1}
    CloudImage.objects.bulk_create(
        CloudImage(region=people.alice.region, cloud_id=f"c-{i}", name=f"cloud {i}", format="raw", said=said)
        for i in numbers
    )


def _foreign(numbers: range, people: SimpleNamespace) -> None:
    ForeignThing.objects.bulk_create(
        ForeignThing(
            region=people.alice.region, kind="volume", cloud_id=f"v-{number}", name=f"theirs {number}"
        )
        for number in numbers
    )


def _account_clouds(numbers: range, _people: SimpleNamespace) -> None:
    region, _is_new = Region.objects.get_or_create(
        code="sky-1", defaults={"name": "Sky", "engine": "openstack", "cloud": "sky"}
    )
    accounts = Account.objects.bulk_create(Account(name=f"on-a-cloud-{i}") for i in numbers)
    AccountCloud.objects.bulk_create(
        AccountCloud(region=region, account=account, cloud=account.name) for account in accounts
    )


def _regions(numbers: range, _people: SimpleNamespace) -> None:
    Region.objects.bulk_create(Region(code=f"region-{i}", name=f"Region {i}") for i in numbers)


def _zones(numbers: range, people: SimpleNamespace) -> None:
    zones = (AvailabilityZone(code=f"zone-{i}", region=people.alice.region, name=f"AZ{i}") for i in numbers)
    AvailabilityZone.objects.bulk_create(zones)


def _flavors(numbers: range, _people: SimpleNamespace) -> None:
    Flavor.objects.bulk_create(Flavor(name=f"f-{i}", series="s6", vcpus=1, memory_mb=1) for i in numbers)


def _os_versions(numbers: range, _people: SimpleNamespace) -> None:
    OsVersion.objects.bulk_create(
        OsVersion(name=f"OS {i}", os_type="Linux", platform="OS", version=f"{i}") for i in numbers
    )


def _images(numbers: range, people: SimpleNamespace) -> None:
    version = factories.OsVersionFactory()
    images = Image.objects.bulk_create(
        Image(region=people.bob.region, project=people.bob.project, name=f"i-{i}", os_version=version)
        for i in numbers
    )
    ImageDisk.objects.bulk_create(ImageDisk(image=image, role="system", size_bytes=1) for image in images)


def _sources(numbers: range, _people: SimpleNamespace) -> None:
    PublicSource.objects.bulk_create(PublicSource(key=f"source-{i}") for i in numbers)


def _notes(numbers: range, people: SimpleNamespace) -> None:
    ReleaseNote.objects.bulk_create(
        ReleaseNote(published_on="2026-01-01", text=f"{i}", created_by=people.bob.user) for i in numbers
    )


def _uploads(numbers: range, people: SimpleNamespace) -> None:
    Upload.objects.bulk_create(
        Upload(project=people.bob.project, user=people.bob.user, name=f"{i}", size_bytes=1, expires_at=now())
        for i in numbers
    )


def _downloads(numbers: range, people: SimpleNamespace) -> None:
    for number in numbers:
        image = factories.ImageFactory(project=people.bob.project)
        factories.DownloadFactory(project=people.bob.project, image=image, name=f"{number}.raw")


def _servers(numbers: range, people: SimpleNamespace) -> None:
    image = Image.objects.filter(project=people.bob.project).first()
    image, flavor = image or factories.ImageFactory(project=people.bob.project), factories.FlavorFactory()
    zone = AvailabilityZone.objects.first()
    Server.objects.bulk_create(
        Server(
            project=people.bob.project, name=f"s-{i}", zone=zone, flavor=flavor, image=image, status="stopped",
            private_ip=f"10.0.0.{i + 1}", mac=f"fa:16:3e:00:00:{i:02x}",
        )
        for i in numbers
    )  # fmt: skip


def _disks(numbers: range, people: SimpleNamespace) -> None:
    _servers(numbers, people)
    Disk.objects.bulk_create(
        Disk(server=server, project=server.project, zone=server.zone, name=f"d-{server}", role="system", size_gb=1)
        for server in Server.objects.filter(disks=None).select_related("project", "zone")
    )  # fmt: skip


def _usage(numbers: range, people: SimpleNamespace) -> None:
    _servers(numbers, people)
    Usage.objects.bulk_create(
        Usage(
            server=server, project=server.project, image=server.image, flavor=server.flavor, state="running",
            disk_gb=1, started_at=now(),
        )
        for server in Server.objects.filter(usage=None).select_related("project", "image", "flavor")
    )  # fmt: skip


def _readings(numbers: range, people: SimpleNamespace) -> None:
    _servers(numbers, people)
    Reading.objects.bulk_create(
        Reading(server=server, minute=now(), is_kept=True, start="a", run_s=1, vcpus=1, cpu_s=1)
        for server in Server.objects.filter(readings=None)
    )


def _prices(numbers: range, _people: SimpleNamespace) -> None:
    flavors = [factories.FlavorFactory(name=f"priced-{i}") for i in numbers]
    at = now()
    Price.objects.bulk_create(
        Price(of="flavor", flavor=flavor, unit="hour", amount="0.2", created_at=at, valid_from=at)
        for flavor in flavors
    )


def _charges(numbers: range, people: SimpleNamespace) -> None:
    _usage(numbers, people)
    price = factories.PriceFactory()
    rows = Usage.objects.filter(server__in=Server.objects.exclude(pk__in=Charge.objects.values("server")))
    Charge.objects.bulk_create(
        Charge(
            project_id=usage.project_id, server_id=usage.server_id, image_id=usage.image_id, price=price,
            hour=hour_of(now()), seconds=3600, unit_seconds=3600, amount="0.36",
        )
        for usage in rows
    )  # fmt: skip


def _messages(numbers: range, people: SimpleNamespace) -> None:
    Message.objects.bulk_create(
        Message(
            user=people.bob.user, project=people.bob.project, code="job-finished", values={"name": f"{i}"}
        )
        for i in numbers
    )


def _buckets(numbers: range, people: SimpleNamespace) -> None:
    Bucket.objects.bulk_create(
        Bucket(project=people.bob.project, name=f"bucket-{i}", created_by=people.bob.user) for i in numbers
    )


def _vaults(numbers: range, people: SimpleNamespace) -> None:
    for i in numbers:
        factories.VaultFactory(project=people.bob.project, name=f"vault-{i}", created_by=people.bob.user)


def _schedules(numbers: range, people: SimpleNamespace) -> None:
    for i in numbers:
        vault = factories.VaultFactory(project=people.bob.project, name=f"of-schedule-{i}")
        factories.BackupScheduleFactory(project=vault.project, vault=vault, name=f"schedule-{i}")


def _backups(numbers: range, people: SimpleNamespace) -> None:
    for i in numbers:
        vault = factories.VaultFactory(project=people.bob.project, name=f"of-backup-{i}")
        factories.BackupDiskFactory(backup=factories.BackupFactory(project=vault.project, vault=vault))


def _objects(numbers: range, people: SimpleNamespace) -> None:
    for i in numbers:
        bucket = Bucket.objects.create(project=people.bob.project, name=f"of-object-{i}")
        factories.BucketObjectFactory(bucket=bucket, created_by=people.bob.user)


def _recipients(numbers: range, people: SimpleNamespace) -> None:
    Recipient.objects.bulk_create(
        Recipient(owner=people.bob.project, project=factories.ProjectFactory()) for _ in numbers
    )


def _shares(numbers: range, people: SimpleNamespace) -> None:
    _images(numbers, people)
    images = Image.objects.filter(shares=None, project=people.bob.project)
    Share.objects.bulk_create(
        Share(image=image, owner=image.project, project=people.carol.project, created_by=people.bob.user)
        for image in images
    )


def _user_data(numbers: range, people: SimpleNamespace) -> None:
    UserData.objects.bulk_create(
        UserData(project=people.bob.project, name=f"u-{i}", text="#!", created_by=people.bob.user)
        for i in numbers
    )


def _key_pairs(numbers: range, people: SimpleNamespace) -> None:
    KeyPair.objects.bulk_create(
        KeyPair(project=people.bob.project, name=f"k-{i}", public_key="ssh-ed25519 A", fingerprint="F")
        for i in numbers
    )


def _master_keys(numbers: range, _people: SimpleNamespace) -> None:
    first = MasterKey.objects.count() + 1
    MasterKey.objects.bulk_create(MasterKey(version=first + i, fingerprint=f"{i:016x}") for i in numbers)


def _keys(numbers: range, people: SimpleNamespace) -> None:
    """Deleted ones, which need no material."""
    Key.objects.bulk_create(
        Key(project=people.bob.project, name=f"k-{i}", state="deleted", created_by=people.bob.user)
        for i in numbers
    )


def _agencies(numbers: range, people: SimpleNamespace) -> None:
    region = people.bob.project.region
    Agency.objects.bulk_create(
        Agency(
            project=Project.objects.create(account=people.bob.account, region=region, name=f"agency-{i}"),
            grantee=people.bob.project,
            created_by=people.bob.user,
        )
        for i in numbers
    )


def _key_grants(numbers: range, people: SimpleNamespace) -> None:
    _keys(numbers, people)
    KeyGrant.objects.bulk_create(
        KeyGrant(key=key, grantee=people.carol.project, created_by=people.bob.user)
        for key in Key.objects.filter(grants=None)
    )


def _jobs(numbers: range, people: SimpleNamespace) -> None:
    _images(numbers, people)
    Job.objects.bulk_create(
        Job(
            kind="image.import", path="images.create.jobs.ImportImage", queue="bulk", project=image.project,
            user=people.bob.user, subject_kind="image", subject_id=image.pk, subject_name=image.name,
        )
        for image in Image.objects.filter(name__in=[f"i-{i}" for i in numbers]).select_related("project")
    )  # fmt: skip


def _clock(numbers: range, _people: SimpleNamespace) -> None:
    ClockEntry.objects.bulk_create(ClockEntry(name=f"room.work-{i}", due_at=now()) for i in numbers)


def _hosts(numbers: range, _people: SimpleNamespace) -> None:
    KnownHost.objects.bulk_create(KnownHost(pk=f"{i:08}", name=f"host-{i}", seen_at=now()) for i in numbers)


def _events(numbers: range, people: SimpleNamespace) -> None:
    Event.objects.bulk_create(
        Event(
            user=people.bob.user, user_name="bob", account=people.bob.account, action="a", resource_id=f"{i}"
        )
        for i in numbers
    )


def _publishers(numbers: range, _people: SimpleNamespace) -> None:
    for i in numbers:
        factories.PublisherFactory(name=f"seller-{i}", state="applied")


def _listings(numbers: range, people: SimpleNamespace) -> None:
    for i in numbers:
        version = factories.ListingVersionFactory(
            listing__project=people.bob.project, title=f"title-{i}", state="in-review"
        )
        version.regions.add(people.bob.region)


ROWS: dict[str, Make] = {
    "accounts.User": _users, "accounts.Account": _accounts, "accounts.Project": _projects,
    "accounts.Membership": _members, "accounts.Invitation": _invitations, "accounts.Region": _regions, "accounts.Agency": _agencies,
    "accounts.SlowedSignIn": _slowed, "accounts.AvailabilityZone": _zones, "audit.Event": _events, "cloud.AccountCloud": _account_clouds, "cloud.Disk": _disks, "cloud.Flavor": _flavors,
    "cloud.Bucket": _buckets, "cloud.BucketObject": _objects, "cloud.Key": _keys, "cloud.KeyGrant": _key_grants, "cloud.MasterKey": _master_keys, "cloud.KeyPair": _key_pairs, "cloud.UserData": _user_data, "cloud.Server": _servers, "cloud.Usage": _usage, "cloud.Reading": _readings, "cloud.RegionReport": _reports, "cloud.ForeignThing": _foreign, "images.CloudImage": _cloud_images, "images.Image": _images,
    "images.OsVersion": _os_versions, "images.PublicSource": _sources, "images.ReleaseNote": _notes, "images.Upload": _uploads, "images.Download": _downloads, "jobs.ClockEntry": _clock, "jobs.KnownHost": _hosts, "jobs.Job": _jobs,
    "notifications.Message": _messages, "cloud.Vault": _vaults, "cloud.Backup": _backups, "cloud.StoredBytes": _stored,
    "cloud.BackupSchedule": _schedules, "sharing.Share": _shares,
    "sharing.Recipient": _recipients, "market.Publisher": _publishers, "market.Listing": _listings,
    "market.ListingVersion": _listings, "market.Price": _prices, "market.Charge": _charges,
}  # fmt: skip

# what is typed into the form of a new row; `user` and `account` stand for people
ADDED: dict[str, dict[str, Any]] = {
    "accounts.User": {"username": "eve", "password1": "kh4Jq-oo8-wyx", "password2": "kh4Jq-oo8-wyx"},
    "accounts.Account": {"name": "initech"},
    "accounts.Project": {"region": "cn-north-4", "name": "lab", "quota_images": "3"},
    "accounts.Membership": {"role": "read-only"},
    "accounts.Region": {"code": "eu-1", "name": "Europe", "engine": "local"},
    "accounts.AvailabilityZone": {"region": "cn-north-4", "code": "cn-north-4z", "name": "AZ9"},
    "cloud.AccountCloud": {"region": "sky-1", "cloud": "her-own"},
    "cloud.Flavor": {
        "name": "x9-tiny", "series": "x9", "vcpus": "1", "memory_mb": "64", "architecture": "x86", "device": "",
    },
    "market.Price": {"of": "disk", "amount": "0.7"},
    "images.OsVersion": {
        "name": "Own 1", "os_type": "Linux", "platform": "Own", "version": "1", "bits": "64", "on_x86": "on",
        "flavor_series": "[]",
    },
}  # fmt: skip
# what a field is changed to, where not just any text, number or box will do
CHANGED: dict[tuple[str, str], Any] = {
    ("accounts.User", "email"): "a@example.com",
    ("accounts.User", "language"): "zh-hans",
    ("accounts.User", "theme"): "dark",
    ("accounts.User", "time_zone"): "Asia/Shanghai",
    ("accounts.Membership", "role"): "full-access",
    ("images.OsVersion", "os_type"): "Other",
    ("images.OsVersion", "bits"): "32",
    ("images.OsVersion", "flavor_series"): '["s6"]',
}
