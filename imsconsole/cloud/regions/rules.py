"""May a region's cloud be looked at, and left? May an account have a project of it for itself?"""

from collections.abc import Iterator

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import OPENSTACK, Account, Region
from imsconsole.cloud.models import AccountCloud, Backup, Disk, Server, StoredBytes
from imsconsole.core.rules import ALLOWED, Verdict, first_refusal, refuse
from imsconsole.jobs.models import Job


def can_check(region: Region) -> Verdict:
    """Only a region on a cloud has one."""
    if region.engine == OPENSTACK:
        return ALLOWED
    return refuse(
        "region-without-cloud",
        _("The region “%(name)s” is on no cloud. There is nothing to look at."),
        name=region,
    )


def can_leave(region: Region) -> Verdict:
    """One in which nothing is left. Hard only while its row is locked."""
    return can_check(region) and first_refusal(leaving(region))


def leaving(region: Region) -> Iterator[Verdict]:
    """What is to be done before, in this order."""
    yield _ended(region)
    yield _without_servers(region)
    yield _without_disks(region)
    yield _without_backups(region)
    yield _without_images(region)


def _ended(region: Region) -> Verdict:
    jobs = Job.objects.live().filter(Q(project__region=region) | Q(target__region=region))
    if not (count := jobs.count()):
        return ALLOWED
    return refuse(
        "region-has-jobs",
        _("Work is still going on in this region (jobs: %(count)s). Wait until it has ended, or cancel it."),
        count=count,
        way=f"{reverse('admin:jobs_job_changelist')}?project__region__code__exact={region.pk}",
        way_label=_("Jobs"),
    )


def _without_servers(region: Region) -> Verdict:
    if not (count := Server.objects.existing().filter(project__region=region).count()):
        return ALLOWED
    return refuse(
        "region-has-servers",
        _(
            "There are servers in this region (%(count)s). Make images or backups of what is needed, and delete them."
        ),
        count=count,
        way=reverse("admin:cloud_server_changelist"),
        way_label=_("Servers"),
    )


def _without_disks(region: Region) -> Verdict:
    if not (count := Disk.objects.existing().filter(project__region=region, server=None).count()):
        return ALLOWED
    return refuse(
        "region-has-disks",
        _("There are disks in this region that no server has (%(count)s). Delete them."),
        count=count,
        way=reverse("admin:cloud_disk_changelist"),
        way_label=_("Disks"),
    )


def _without_backups(region: Region) -> Verdict:
    if not (count := Backup.objects.existing().filter(project__region=region).count()):
        return ALLOWED
    return refuse(
        "region-has-backups",
        _(
            "There are backups in this region (%(count)s). Make images of those that are needed, and delete them."
        ),
        count=count,
        way=f"{reverse('admin:cloud_backup_changelist')}?project__region__code__exact={region.pk}",
        way_label=_("Backups"),
    )


def _without_images(region: Region) -> Verdict:
    """By the bytes that images have there: those in the trash, too, and those that the cloud lends."""
    if not (count := StoredBytes.objects.filter(region=region).count()):
        return ALLOWED
    return refuse(
        "region-has-images",
        _(
            "Bytes of images lie in this region (%(count)s). Copy the images to another region or export them, delete them, and "
            "empty the trash."
        ),
        count=count,
        way=f"{reverse('admin:cloud_storedbytes_changelist')}?region__code__exact={region.pk}",
        way_label=_("Stored bytes"),
    )


def can_place(row: AccountCloud) -> Verdict:
    """Whether the account may have that project of the region's cloud, or, of a row that is there, another one."""
    if not (verdict := can_check(row.region)):
        return verdict
    if row.cloud == row.region.cloud:
        return refuse(
            "own-cloud-of-region",
            _(
                "“%(cloud)s” is where all accounts without a cloud project of their own are. Leave the account out of the list, or "
                "name another cloud of clouds.yaml."
            ),
            cloud=row.cloud,
        )
    return can_move(row.region, row.account)


def can_move(region: Region, account: Account) -> Verdict:
    """Machines and disks stay in the cloud project in which they were made, so there must be none."""
    servers = Server.objects.existing().filter(project__region=region, project__account=account).count()
    disks = Disk.objects.existing().filter(project__region=region, project__account=account).count()
    if not (servers or disks):
        return ALLOWED
    return refuse(
        "account-has-things-there",
        _(
            "%(account)s has servers (%(servers)s) and disks (%(disks)s) in the region “%(region)s”. They stay in the cloud project "
            "in which they were made: delete them first, old system disks too."
        ),
        account=account,
        servers=servers,
        disks=disks,
        region=region,
    )
