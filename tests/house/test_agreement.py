"""A rule is asked, never retyped: the button on the page, the rule and the answer to the form agree.

Walks every action of the rooms' `actions.py` × every state of its subject × Alice (administrator), Bob (full access),
Dave (read-only) and Carol (another account). A new verb is one `Action` in its room; a rule nobody lists fails the last test.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client
from django.urls import resolve, reverse
from django.utils.html import VOID_ELEMENTS

import images
import imsconsole
import market
import sharing
from images.adopt import rules as adopting
from images.capture import rules as capture
from images.capture.full import rules as full_ecs
from images.capture.full.services import make_of_backup
from images.capture.services import capture_disk, capture_server
from images.catalogue.actions import IMAGE_ACTIONS, IMAGE_LIST_ACTIONS
from images.change_os import rules as change_os
from images.change_os.services import change_os as change_os_service
from images.change_os.services import reinstall_os
from images.copy import rules as copy
from images.copy.services import copy_image, copy_image_across
from images.create import rules as import_image
from images.create.from_object import rules as take_object
from images.create.services import import_image as import_service
from images.delete import rules as delete
from images.delete.actions import TRASH_ACTIONS
from images.delete.services import delete_image
from images.download import rules as download
from images.download.services import prepare_download
from images.export import rules as export
from images.export.services import export_image
from images.fetch import rules as fetch_url
from images.fields import rules as fields
from images.launch import rules as launch
from images.launch.disk import rules as create_disk_rules
from images.launch.disk.services import create_disk_from
from images.launch.install import rules as install
from images.launch.services import create_servers, install_server
from images.models import Image, Upload
from images.mount import rules as mount
from images.mount.services import mount_iso
from images.public import rules as public
from images.resize import rules as resize
from images.resize.services import resize_server
from images.restore import rules as rules_restore_backup
from images.uploads import rules as uploads
from images.uploads.actions import UPLOAD_ACTIONS
from imsconsole.accounts import rules as accounts
from imsconsole.accounts import rules_views as views
from imsconsole.accounts.actions import (
    AGENCY_ACTIONS,
    MEMBER_ACTIONS,
    ONESELF_ACTIONS,
    PROJECT_ACTIONS,
)
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Membership
from imsconsole.audit.models import Event
from imsconsole.cloud.backups import rules as backups
from imsconsole.cloud.backups.actions import BACKUP_ACTIONS, BACKUP_LIST_ACTIONS
from imsconsole.cloud.backups.services import create_backup, restore_backup
from imsconsole.cloud.backups.vaults import rules as vaults
from imsconsole.cloud.backups.vaults.actions import VAULT_ACTIONS, VAULT_LIST_ACTIONS
from imsconsole.cloud.buckets import rules as buckets
from imsconsole.cloud.buckets.actions import BUCKET_ACTIONS, BUCKET_LIST_ACTIONS, OBJECT_ACTIONS
from imsconsole.cloud.buckets.arrivals import Arrival
from imsconsole.cloud.disks import rules as cloud_capture
from imsconsole.cloud.disks import rules as volumes
from imsconsole.cloud.disks.actions import DISK_ACTIONS, DISK_LIST_ACTIONS
from imsconsole.cloud.disks.services import attach_disk, create_disk
from imsconsole.cloud.key_pairs.actions import KEY_PAIR_ACTIONS, KEY_PAIR_LIST_ACTIONS
from imsconsole.cloud.keys import rules as keys
from imsconsole.cloud.keys.actions import GRANT_ACTIONS, KEY_ACTIONS, KEY_LIST_ACTIONS
from imsconsole.cloud.keys.services import grant_key
from imsconsole.cloud.models import Backup, BackupSchedule, Bucket, Disk, Key, KeyGrant, Server, Vault
from imsconsole.cloud.regions import rules as regions
from imsconsole.cloud.schedules import rules as schedules
from imsconsole.cloud.schedules.actions import SCHEDULE_ACTIONS, SCHEDULE_LIST_ACTIONS
from imsconsole.cloud.schedules.services import Plan, create_schedule, edit_schedule
from imsconsole.cloud.screens import rules as screens
from imsconsole.cloud.server_pages.actions import SERVER_ACTIONS, SERVER_LIST_ACTIONS
from imsconsole.cloud.servers import rules as cloud
from imsconsole.cloud.servers.jobs import CreateServer, RebootServer, StartServer, StopServer
from imsconsole.cloud.user_data.actions import USER_DATA_ACTIONS, USER_DATA_LIST_ACTIONS
from imsconsole.core.actions import ROW, Action, always
from imsconsole.core.now import now
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import ALLOWED, Refused, Verdict
from imsconsole.jobs.actions import JOB_ACTIONS
from imsconsole.jobs.models import Job
from imsconsole.jobs.services import cancel_job
from imsconsole.jobs.start import start_job
from market.deploy import rules as deploy_rules
from market.listings import rules as listings
from market.listings.actions import LISTING_ACTIONS, version_of
from market.listings.drafts import VersionDraft
from market.listings.services import create_listing, create_version, edit_version
from market.models import Listing, ListingVersion, Price
from market.prices import rules as prices
from market.prices.services import set_price
from market.publishers import rules as publishers
from market.shop import rules as shop_rules
from sharing.ending import rules as ending
from sharing.ending.copies import rules as copies
from sharing.inbox import rules as inbox
from sharing.inbox.actions import RECEIVED_ACTIONS
from sharing.models import Share
from sharing.share import rules as share_rules
from sharing.share.actions import GIVEN_ACTIONS, MEMBERS_ACTIONS
from sharing.share.services import share_image
from tests import factories
from tests.cloud.disks.disks import free_disk
from tests.conftest import HTMX, client_of
from tests.jobs.test_quotas import complete_upload_of
from tests.market import selling
from tests.support.sweep import is_whole, some
from tests.support.walks import stop, undone

MEMBERS = ("bob", "alice", "dave")  # Alice may all that Bob may
TAGGED = {"tags-key": "env", "tags-value": "prod"}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGv0ZbyKTqNXpkyrRQ8mMlR6tqwtFFKHHlSe6JtW4Cxo test"


@dataclass(frozen=True)
class Subject:
    """What actions are done to: `make` makes one in each of `states`, `pages` are where its buttons stand.

    By the label of an action: what its form sends (`typed`), or when that form comes after others the service that is
    called instead (`services`); neither for a way that only leads somewhere (`ways`). `load` gets a thing as its rules want
    it, `has_page` says whether it has a page of its own. Not `is_private`: everybody has one's own, so that there is no stranger.
    """

    make: Callable[..., Any]
    states: Mapping[str, Mapping[str, Any]]
    pages: Callable[[Any], list[str]]
    actions: Sequence[Action]
    typed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    services: Mapping[str, Callable[[Any, Actor], Any]] = field(default_factory=dict)
    ways: tuple[str, ...] = ()
    load: Callable[[Any, Action, Actor], Any] = lambda thing, _action, _actor: thing
    has_page: Callable[[Any], bool] = lambda _thing: True
    is_private: bool = True


UNLISTED = ("unlisted",)  # where an action without a button of its own stands
RARE = {"notice", "failed", "deletion", "create-agency", *UNLISTED}  # places that are not on every page


# servers ----------------------------------------------------------------------------------------------


def a_server(actor: Actor, *, with_job: bool = True, **fields: Any) -> Server:
    flavor = factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=1)
    if fields.get("iso"):
        fields["iso"] = an_iso(actor)
    server = factories.ServerFactory(**{"project": actor.project, "flavor": flavor, "ref": "there", **fields})
    factories.ImageDiskFactory(image=server.image)
    factories.DiskFactory(server=server, image=server.image, ref="there")
    if server.status in cloud.BUSY and with_job:
        kinds = {Server.Status.STOPPING: StopServer, Server.Status.REBOOTING: RebootServer}
        start_job(kinds.get(server.status, StartServer), server, actor=actor)
    return server


def has_own_page(server: Server) -> bool:
    """Its page looks at the process first: without a guest it shows these states as they are."""
    return server.status in (*cloud.BUSY, Server.Status.STOPPED, Server.Status.FAILED)


def pages_of_server(server: Server) -> list[str]:
    return [reverse("servers:list"), *([server.get_absolute_url()] if has_own_page(server) else [])]


LOGIN = {"user_data": "#!", "stop_first": True}
SERVER = Subject(
    a_server,
    {
        **{status: {"status": status} for status in Server.Status.values if status != "deleted"},
        "without a machine": {"ref": ""},
        "with a task": {"task": "image"},
        "temporary": {"status": "stopped", "is_temporary": True},
        "mounted": {"status": "stopped", "iso": True},
    },
    pages_of_server,
    SERVER_ACTIONS,
    typed={"Rename": {"name": "other"}, "Edit tags": TAGGED, "Delete": {"delete_disks": "on"}},
    ways=("Open screen",),
    services={
        "Attach disk": lambda server, actor: attach_disk(
            free_disk(actor, zone=server.zone), server=server, actor=actor
        ),
        "Back up": lambda server, actor: create_backup(
            server, vault=factories.VaultFactory(project=actor.project), name="new", actor=actor
        ),
        "Back up regularly": lambda server, actor: create_schedule(
            Plan("new", factories.VaultFactory(project=actor.project), [server], [], 3, "UTC", 1), actor=actor
        ),
        "Create image": lambda server, actor: capture_server(server, name="captured", actor=actor),
        "Change OS": lambda server, actor: change_os_service(
            server, image=server.image, actor=actor, **LOGIN
        ),
        "Reinstall OS": lambda server, actor: reinstall_os(server, actor=actor, **LOGIN),
        "Mount ISO": lambda server, actor: mount_iso(server, image=an_iso(actor), actor=actor),
        "Resize": lambda server, actor: resize_server(
            server, flavor=factories.FlavorFactory(name="t6-other"), stop_first=True, actor=actor
        ),
    },
    has_page=has_own_page,
)


def an_iso(actor: Actor) -> Image:
    """Whose bytes are not there: the work fails, the order does not."""
    image = factories.ImageFactory(project=actor.project, os_version=None, type="iso")
    factories.ImageDiskFactory(image=image, format="iso")
    return image


def a_kept_disk(actor: Actor, *, server: Mapping[str, Any] | None = None, **fields: Any) -> Disk:
    kept = {"beside": True, "status": "kept", "kept_until": now() + timedelta(days=1), **fields}
    there = a_server(actor, **(server or {}))
    login = {"key_pair": "", "ssh_key": "", "password_hash": "", "user_data": ""}
    return factories.DiskFactory(server=there, image=there.image, login=login, ref="disk", **kept)


KEPT_DISK = Subject(
    a_kept_disk,
    {
        "kept": {},
        "over": {"kept_until": now() - timedelta(days=1)},
        "being deleted": {"status": "deleting"},
        "server busy": {"server": {"status": "changing-os"}},
        "server failed": {"server": {"status": "failed"}},
    },
    lambda disk: [disk.server.get_absolute_url(), disk.get_absolute_url()],
    [each for each in DISK_ACTIONS if "server" in each.where],
)


def a_disk(actor: Actor, *, server: Mapping[str, Any] | None = None, **fields: Any) -> Disk:
    """A free data disk, or one of a server; beside it another server that could take it."""
    other = a_server(actor)
    plain = {
        "server": None,
        "project": actor.project,
        "zone": other.zone,
        "role": "data",
        "status": "available",
    }
    if server is not None:
        plain |= {"server": a_server(actor, **server), "status": "in-use", "index": 1}
    return factories.DiskFactory(**{**plain, "ref": "disk", **fields})


def taker(disk: Disk) -> Server:
    """The server that could take it."""
    return Server.objects.filter(project=disk.project).earliest("created_at")


DISK = Subject(
    a_disk,
    {
        "available": {},
        "failed": {"status": "failed"},
        **{status: {"status": status} for status in volumes.WORKING},
        "attached": {"server": {}},
        "of a running server": {"server": {"status": "running"}},
        "of a busy server": {"server": {"status": "starting"}},
        "of a failed server": {"server": {"status": "failed"}, "status": "failed"},
        "system disk": {"server": {}, "role": "system"},
    },
    lambda disk: [f"{reverse('disks:list')}?q={disk.pk}", disk.get_absolute_url()],
    [each for each in DISK_ACTIONS if ROW in each.where and "server" not in each.where],
    typed={"Expand": {"size_gb": 2}, "Rename": {"name": "other"}, "Edit tags": TAGGED},
    services={
        "Attach": lambda disk, actor: attach_disk(disk, server=taker(disk), actor=actor),
        "Create image": lambda disk, actor: capture_disk(disk, name="captured", os_version=None, actor=actor),
    },
)

KEY_PAIR = Subject(
    lambda actor: factories.KeyPairFactory(project=actor.project),
    {"there": {}},
    lambda _pair: [reverse("keypairs:list")],
    KEY_PAIR_ACTIONS,
)

USER_DATA = Subject(
    lambda actor: factories.UserDataFactory(project=actor.project),
    {"there": {}},
    lambda _user_data: [reverse("userdata:list")],
    USER_DATA_ACTIONS,
    typed={"Modify": {"name": "other", "text": "#!"}},
)

KEY_STATES: dict[str, dict[str, Any]] = {
    "enabled": {},
    "disabled": {"state": "disabled"},
    "pending deletion": {"state": "pending-deletion", "delete_at": now() + timedelta(days=7)},
    "default": {"is_default": True, "name": keys.DEFAULT_NAME},
}
ENCRYPTION_KEY = Subject(
    lambda actor, **fields: factories.KeyFactory(project=actor.project, **fields),
    KEY_STATES,
    lambda key: [reverse("keys:list"), key.get_absolute_url()],
    KEY_ACTIONS,
    typed={"Modify": {"name": "other"}, "Schedule deletion": {"days": "7"}},
    services={
        "Grant": lambda key, actor: grant_key(
            key, grantee=factories.ProjectFactory(region=actor.region), actor=actor
        )
    },
)


def a_grant(actor: Actor, **fields: Any) -> KeyGrant:
    key: Key = factories.KeyFactory(project=actor.project, **fields)
    return factories.KeyGrantFactory(key=key)


KEY_GRANT = Subject(
    a_grant,
    {name: fields for name, fields in KEY_STATES.items() if name != "default"},
    lambda grant: [grant.key.get_absolute_url()],
    GRANT_ACTIONS,
)


# vaults and backups -----------------------------------------------------------------------------------


def a_vault(actor: Actor, *, holds: str = "", receives: bool = False) -> Vault:
    vault = factories.VaultFactory(project=actor.project)
    if receives:
        received(actor, image={"type": "full"}, status="accepted", vault=vault)
    if holds:
        factories.BackupFactory(project=actor.project, vault=vault, status=holds)
    return Vault.objects.with_facts().get(pk=vault.pk)


VAULT = Subject(
    a_vault,
    {
        "empty": {},
        "holds a backup": {"holds": "available"},
        "holds a failed one": {"holds": "failed"},
        "holds a received image": {"receives": True},
    },
    lambda vault: [reverse("vaults:list"), vault.get_absolute_url()],
    VAULT_ACTIONS,
    typed={"Modify": {"name": "other", "capacity_gb": "20"}},
)


def a_backup(actor: Actor, *, image: str = "", **fields: Any) -> Backup:
    server = a_server(actor)
    backup = factories.BackupFactory(project=actor.project, server_id=server.pk, **fields)
    factories.BackupDiskFactory(backup=backup)
    if image:
        factories.ImageFactory(
            project=actor.project, type="full", name="of-backup", backup=backup, status=image
        )
    return backup


BACKUP = Subject(
    a_backup,
    {
        **{status: {"status": status} for status in Backup.Status.values if status != "deleted"},
        "has an image": {"image": "active"},
        "had an image": {"image": "deleted"},
        "legacy": {"kind": "csbs", "vault": None},
    },
    lambda backup: [reverse("backups:list"), backup.get_absolute_url()],
    BACKUP_ACTIONS,
    services={
        "Restore": lambda backup, actor: restore_backup(backup, actor=actor, stop_first=True),
        "Create image": lambda backup, actor: make_of_backup(backup, name="of-it", actor=actor),
    },
)


def a_schedule(actor: Actor, *, servers: int = 1, **fields: Any) -> BackupSchedule:
    vault = factories.VaultFactory(project=actor.project)
    members = [a_server(actor) for _ in range(servers)]
    made = factories.BackupScheduleFactory(project=actor.project, vault=vault, servers=members, **fields)
    return BackupSchedule.objects.with_facts().get(pk=made.pk)


SCHEDULE = Subject(
    a_schedule,
    {
        **{state: {"state": state} for state in BackupSchedule.State.values},
        "without servers": {"servers": 0},
    },
    lambda schedule: [reverse("schedules:list"), schedule.get_absolute_url()],
    SCHEDULE_ACTIONS,
    services={
        "Modify": lambda schedule, actor: edit_schedule(
            schedule, Plan("other", schedule.vault, [a_server(actor)], [], 3, "UTC", 1), actor=actor
        ),
    },
)


# buckets and objects ----------------------------------------------------------------------------------


def a_bucket(actor: Actor, *, holds: str = "", quota: Any = None) -> Bucket:
    bucket = factories.BucketFactory(project=actor.project)
    if holds:
        factories.BucketObjectFactory(bucket=bucket, state=holds)
    actor.project.quotas = quota or {}
    actor.project.save(update_fields=["quotas"])
    return bucket


BUCKET = Subject(
    a_bucket,
    {
        "empty": {},
        "with an object": {"holds": "stored"},
        "with an upload": {"holds": "arriving"},
        "full": {"quota": {"bucket_bytes": 0}},
    },
    lambda bucket: [reverse("buckets:list"), bucket.get_absolute_url()],
    BUCKET_ACTIONS,
    services={
        "Upload object": lambda bucket, actor: Arrival(bucket, key="a", size_bytes=1, actor=actor).abandon()
    },
    load=lambda bucket, _action, _actor: Bucket.objects.with_facts().get(pk=bucket.pk),
)

OBJECT = Subject(
    lambda actor: factories.BucketObjectFactory(bucket=factories.BucketFactory(project=actor.project)),
    {"stored": {}},
    lambda each: [each.bucket.get_absolute_url(), each.get_absolute_url()],
    OBJECT_ACTIONS,
    typed={"Create link": {"hours": "1"}},
    ways=("Import image",),
)

# images and uploads -----------------------------------------------------------------------------------


def an_image(
    actor: Actor,
    *,
    launching: bool = False,
    held: bool = False,
    offered: bool = False,
    shared: bool = False,
    **fields: Any,
) -> Image:
    image = factories.ImageFactory(**{"project": actor.project, "os_version": None, **fields})
    factories.ImageDiskFactory(image=image)
    factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=1)
    if launching:
        factories.ServerFactory(project=actor.project, image=image, status="creating")
    if offered:
        factories.ListingVersionFactory(listing__project=actor.project, image=image)
    if shared:
        factories.ShareFactory(image=image, owner=actor.project)
    if held:
        Job.objects.create(
            kind="image.import", path="images.create.jobs.ImportImage", queue="bulk", project=actor.project,
            subject_kind="image", subject_id=image.pk, subject_name=image.name,
        )  # fmt: skip
    return image


def launched(image: Image, actor: Actor) -> list[Server]:
    flavor = factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=1)
    return create_servers(actor=actor, image=image, flavor=flavor, name="web", user_data="#!")


def offered(image: Image, actor: Actor) -> Share:
    return share_image(image, project=factories.ProjectFactory(region=actor.region), actor=actor)


def put_up(image: Image, actor: Actor) -> Listing:
    selling.publisher(actor)
    return create_listing(selling.words(image), actor=actor)


def copied(image: Image, actor: Actor) -> Image:
    return copy_image(image, name="a copy", actor=actor)


def exported(image: Image, actor: Actor) -> Image:
    bucket = factories.BucketFactory(project=actor.project)
    return export_image(image, bucket=bucket, key="disk.qcow2", format="qcow2", actor=actor)


def filled(image: Image, actor: Actor) -> Disk:
    zone = actor.region.zones.earliest("code")
    return create_disk_from(image, name="filled", size_gb=image.min_disk_gb, zone=zone, actor=actor)


def installed(image: Image, actor: Actor) -> Server:
    flavor = factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=1)
    return install_server(actor=actor, image=image, flavor=flavor, name="web")


def copied_across(image: Image, actor: Actor) -> Image:
    far = factories.RegionFactory(code="cn-east-3", name="CN East-Shanghai1")
    target = factories.ProjectFactory(account=actor.account, region=far)
    factories.AgencyFactory(project=target, grantee=actor.project)
    return copy_image_across(image, target=target, name="a copy", actor=actor)


def image_for(image: Image, action: Action, actor: Actor) -> Image:
    """With the facts that the rule's room says it reads, and no others."""
    images = Image.objects.select_related("os_version")
    return (images.with_facts(actor, *action.facts) if action.facts else images).get(pk=image.pk)


ACROSS = Action(
    "Copy to another region", "images:copy", copy.can_copy_across, facts=copy.COPY_FACTS, where=UNLISTED
)
IMAGE = Subject(
    an_image,
    {
        "private": {},
        "protected": {"protected": True},
        "public": {"category": "public", "project": None, "region": "ours"},
        "released": {"category": "public", "project": None, "region": "ours", "released": True},
        "launching": {"launching": True},
        "held": {"held": True},
        "ISO": {"type": "iso"},
        "data disk": {"type": "data"},
        "offered": {"offered": True},
        "shared": {"shared": True},
        **{
            status: {"status": status}
            for status in Image.Status.values
            if status not in ("active", "trashed", "deleted")
        },
    },
    lambda image: [f"{reverse('images:list')}?tab={image.category}", image.get_absolute_url()],
    (*IMAGE_ACTIONS, ACROSS),
    typed={
        "Modify": {"name": "other", "boot_mode": "bios", "min_disk_gb": 1},
        "Edit tags": TAGGED,
    },
    services={
        "Delete": lambda image, actor: delete_image(image, from_all=True, actor=actor),
        "Export": exported,
        "Download": lambda image, actor: prepare_download(image, format="raw", actor=actor),
        "Copy": copied,
        ACROSS.label: copied_across,
        "Install server": installed,
        "Share": offered,
        "Publish as market image": put_up,
        "Create data disk": filled,
        "Create server": launched,
    },
    ways=("Reject",),
    load=image_for,
)


def a_trashed_image(actor: Actor, *, held: bool = False, full: bool = False) -> Image:
    image = an_image(actor, held=held)
    kept = {"status": "trashed", "status_before": "active", "kept_until": now() + timedelta(days=1)}
    Image.objects.filter(pk=image.pk).update(**kept)
    if full:
        actor.project.quotas = {"images": 0}
        actor.project.save(update_fields=["quotas"])
    return Image.objects.get(pk=image.pk)


TRASHED_IMAGE = Subject(
    a_trashed_image,
    {"in the trash": {}, "held": {"held": True}, "no room": {"full": True}},
    lambda image: [f"{reverse('images:list')}?tab=trash"],
    TRASH_ACTIONS,
    typed={"Restore": {"name": "again"}},
    load=image_for,
)


def given(actor: Actor, **fields: Any) -> Share:
    return factories.ShareFactory(image=factories.ImageFactory(project=actor.project), **fields)


def received(actor: Actor, *, image: Any = None, **fields: Any) -> Share:
    owner = factories.ProjectFactory(region=actor.region)
    theirs = factories.ImageFactory(project=owner, **(image or {}))
    return factories.ShareFactory(image=theirs, project=actor.project, **fields)


ANSWERS = {status: {"status": status} for status in Share.Status.values}
GIVEN_SHARE = Subject(
    given,
    {**ANSWERS, "announced": {"status": "accepted", "ends_at": "2100-01-01T00:00Z"}},
    lambda each: [reverse("sharing:members", args=[each.image_id])],
    GIVEN_ACTIONS,
    typed={"Stop sharing": {"how": "now"}},
    load=lambda share, _action, _actor: Share.objects.with_facts().get(pk=share.pk),
)
SHARED_IMAGE = Subject(
    lambda actor, **fields: given(actor, **fields).image,
    ANSWERS,
    lambda image: [reverse("sharing:members", args=[image.pk])],
    MEMBERS_ACTIONS,
    typed={"Stop sharing with all": {"how": "now"}},
    services={"Add members": offered},
    load=image_for,
)
RECEIVED_SHARE = Subject(
    received,
    {**ANSWERS, "full-ECS": {"image": {"type": "full"}}},
    lambda each: [f"{reverse('sharing:list')}?tab={each.status}", each.get_absolute_url()],
    RECEIVED_ACTIONS,
    load=lambda share, _action, _actor: Share.objects.with_facts().get(pk=share.pk),
)


def an_upload(actor: Actor, *, complete: bool = False, used: bool = False, **fields: Any) -> Upload:
    kept = {"expires_at": now() + timedelta(days=1), "is_resumable": True, **fields}
    if not complete:
        return factories.UploadFactory(project=actor.project, user=actor.user, **kept)
    upload = complete_upload_of(actor, 1)
    if used:
        factories.ImageFactory(
            project=actor.project, status="saving", source_kind="file", source_id=upload.pk
        )
    return upload


UPLOAD = Subject(
    an_upload,
    {
        "on its way": {},
        "complete": {"complete": True},
        "becoming an image": {"complete": True, "used": True},
        "refused": {"state": "refused", "error_code": "no-space"},
        "expired": {"expires_at": now() - timedelta(days=1)},
    },
    lambda upload: [f"{reverse('uploads:list')}?abandoned", reverse("uploads:detail", args=[upload.pk])],
    UPLOAD_ACTIONS,
    services={
        "Import image": lambda upload, actor: import_service(
            import_image.Import(upload, name="new", type="system", min_disk_gb=1), actor=actor
        )
    },
    ways=("Resume",),
)


# jobs -------------------------------------------------------------------------------------------------


def a_job(
    actor: Actor, *, kind: Any = CreateServer, newer: bool = False, quota: Any = None, **fields: Any
) -> Job:
    """A failed job, unless `fields` say something else."""
    server = a_server(actor, with_job=False, status="creating")
    job = start_job(kind, server, actor=actor, reserves={"store_bytes": 1}, image_ref="none")
    if kind is CreateServer and fields.get("state") != "queued":
        cancel_job(job, actor=actor_who_writes(actor))
    if newer:
        other = start_job(StartServer, server, actor=actor)
        Job.objects.filter(pk=other.pk).update(state="failed")
    actor.project.quotas = quota or {}
    actor.project.save(update_fields=["quotas"])
    Job.objects.filter(pk=job.pk).update(**{"state": "failed", "cancel_requested": False, **fields})
    return Job.objects.get(pk=job.pk)


def actor_who_writes(actor: Actor) -> Actor:
    return Actor(None, actor.project, "administrator")


JOB = Subject(
    a_job,
    {
        "failed": {},
        "failed, done anew": {"newer": True},
        "failed, over quota": {"quota": {"store_bytes": 0}},
        "queued": {"state": "queued"},
        "running": {"state": "running", "attempt": 1},
        "being cancelled": {"state": "running", "attempt": 1, "cancel_requested": True},
        "being undone": {"state": "running", "attempt": 1, "outcome": "failed"},
        "done": {"state": "done"},
        "cancelled": {"state": "cancelled"},
        "not to be cancelled": {"kind": StartServer, "state": "running", "attempt": 1},
    },
    lambda job: [job.get_absolute_url()],
    JOB_ACTIONS,
)


# the project and its people ---------------------------------------------------------------------------


def the_project(actor: Actor, *, quotas: Any = None) -> None:
    actor.project.quotas = quotas or {}
    actor.project.save(update_fields=["quotas"])


PROJECT = Subject(
    the_project,
    {"with room": {}, "full": {"quotas": {"images": 0, "buckets": 0}}},
    lambda _: [
        reverse(name)
        for name in (
            "keypairs:list",
            "userdata:list",
            "keys:list",
            "images:list",
            "servers:list",
            "disks:list",
            "buckets:list",
            "vaults:list",
            "backups:list",
            "schedules:list",
            "project",
        )
    ],
    (
        *KEY_PAIR_LIST_ACTIONS,
        *USER_DATA_LIST_ACTIONS,
        *KEY_LIST_ACTIONS,
        *DISK_LIST_ACTIONS,
        *IMAGE_LIST_ACTIONS,
        *SERVER_LIST_ACTIONS,
        *VAULT_LIST_ACTIONS,
        *BACKUP_LIST_ACTIONS,
        *SCHEDULE_LIST_ACTIONS,
        *BUCKET_LIST_ACTIONS,
        *PROJECT_ACTIONS,
    ),
    typed={
        "Create key pair": {"name": "mine"},
        "Create user data": {"name": "mine", "text": "#!"},
        "Import public key": {"name": "imported", "public_key": KEY},
        "Create key": {"name": "mine"},
        "Create vault": {"name": "mine", "capacity_gb": "1"},
        "Create bucket": {"name": "new-bucket", "storage_class": "standard"},
        "Invite someone": {"role": "read-only"},
    },
    services={
        "Create disk": lambda _, actor: create_disk(
            name="mine", size_gb=1, zone=actor.region.zones.first(), actor=actor
        ),
        "Import image": lambda _, actor: import_service(
            import_image.Import(complete_upload_of(actor, 1), name="new", type="system", min_disk_gb=1),
            actor=actor,
        ),
        "Create schedule": lambda _, actor: create_schedule(
            Plan("new", factories.VaultFactory(project=actor.project), [a_server(actor)], [], 3, "UTC", 1),
            actor=actor,
        ),
        "Create backup": lambda _, actor: create_backup(
            a_server(actor), vault=factories.VaultFactory(project=actor.project), name="new", actor=actor
        ),
    },
    ways=("Create server", "Create agency"),
    is_private=False,
)


def a_member(actor: Actor, *, role: str, alone: bool = True) -> Membership:
    """A new member; an administrator is the last one, unless others are left."""
    if role == "administrator" and alone:
        return Membership.objects.get(account=actor.account, role=role)
    return factories.MembershipFactory(account=actor.account, role=role)


CHANGE_ROLE = Action("Change the role", "change-role", accounts.can_change_role, where=UNLISTED)
MEMBER = Subject(
    a_member,
    {
        "read-only": {"role": "read-only"},
        "full access": {"role": "full-access"},
        "last administrator": {"role": "administrator"},
        "one of two administrators": {"role": "administrator", "alone": False},
    },
    lambda member: [reverse("change-role", args=[member.pk])],
    (*MEMBER_ACTIONS, CHANGE_ROLE),
    typed={CHANGE_ROLE.label: {"role": "full-access"}},
)

AGENCY = Subject(
    lambda actor: factories.AgencyFactory(
        project=actor.project,
        grantee=factories.ProjectFactory(
            account=actor.account, region=factories.RegionFactory(code="cn-east-3", name="Far")
        ),
    ),
    {"given": {}},
    lambda _agency: [reverse("project")],
    AGENCY_ACTIONS,
)

ONESELF = Subject(
    lambda actor: Membership.objects.get(user=actor.user, account=actor.account),
    {"member": {}},
    lambda _membership: [reverse("project")],
    ONESELF_ACTIONS,
    is_private=False,
)

# listings ---------------------------------------------------------------------------------------------


def a_listing(actor: Actor, *states: str, seller: str = "approved", **fields: Any) -> Listing:
    """With a version in each of `states`, the first one the latest."""
    publisher = selling.publisher(actor)
    publisher.state = seller
    publisher.save()
    listing = factories.ListingFactory(project=actor.project, publisher=publisher, **fields)
    for state in reversed(states):
        version = factories.ListingVersionFactory(listing=listing, state=state)
        version.regions.add(actor.region)
        factories.ImageDiskFactory(image=version.image)
    return listing


def new_words(actor: Actor) -> VersionDraft:
    return selling.words(factories.ImageFactory(project=actor.project), version="new")


GONE = {"withdrawn_at": now(), "reinstall_until": now() + timedelta(days=180)}
LISTING = Subject(
    lambda actor, states, **fields: a_listing(actor, *states, **fields),
    {
        **{state: {"states": [state]} for state in ListingVersion.State.values if state != "replaced"},
        "published with a draft": {"states": ["draft", "published"]},
        "published with a scan": {"states": ["scanning", "published"]},
        "of a suspended publisher": {"states": ["draft", "published"], "seller": "suspended"},
        "withdrawn": {"states": ["withdrawn"], **GONE},
    },
    lambda listing: [reverse("market:listing", args=[listing.pk])],
    LISTING_ACTIONS,
    typed={"Withdraw from the market": {"reason": "No more support."}},
    services={
        "Edit draft": lambda listing, actor: edit_version(
            version_of(listing), selling.words(version_of(listing).image), actor=actor
        ),
        "New version": lambda listing, actor: create_version(listing, new_words(actor), actor=actor),
        "Set price": lambda listing, actor: set_price(
            Price(of=Price.Of.LISTING, listing=listing, unit=Price.Unit.FREE), actor=actor
        ),
    },
    load=lambda listing, _action, _actor: Listing.objects.select_related("publisher").get(pk=listing.pk),
)

SUBJECTS = {
    "server": SERVER,
    "kept disk": KEPT_DISK,
    "disk": DISK,
    "key pair": KEY_PAIR,
    "user data": USER_DATA,
    "bucket": BUCKET,
    "object": OBJECT,
    "vault": VAULT,
    "backup": BACKUP,
    "schedule": SCHEDULE,
    "encryption key": ENCRYPTION_KEY,
    "key grant": KEY_GRANT,
    "image": IMAGE,
    "image in the trash": TRASHED_IMAGE,
    "given share": GIVEN_SHARE,
    "members of an image": SHARED_IMAGE,
    "received share": RECEIVED_SHARE,
    "upload": UPLOAD,
    "job": JOB,
    "listing": LISTING,
    "project": PROJECT,
    "member": MEMBER,
    "oneself": ONESELF,
    "agency": AGENCY,
}

# rules that have no button of their own, and the tests that ask page and service about them
ELSEWHERE = {
    accounts.can_accept_invitation: "accounts/test_accept_invitation.py",
    accounts.can_change_quotas: "jobs/test_quotas.py",
    accounts.can_change_user: "accounts/test_operate.py",
    accounts.can_delete_account: "accounts/test_operate.py",
    accounts.can_delete_project: "accounts/test_operate.py",
    adopting.can_adopt: "images/adopt/test_adopt.py",
    regions.can_check: "cloud/regions/test_check.py",
    regions.can_leave: "cloud/regions/test_leave.py",
    regions.can_move: "cloud/regions/test_account_clouds.py",
    regions.can_place: "cloud/regions/test_account_clouds.py",
    accounts.can_withdraw_invitation: "accounts/test_withdraw_invitation.py",
    buckets.can_export_to: "cloud/buckets/test_rules.py",
    capture.can_capture: "images/capture/test_capture.py",
    cloud_capture.can_capture_disks: "images/capture/test_capture.py",
    change_os.can_become: "images/change_os/test_change_os.py",
    change_os.can_order_change: "images/change_os/test_change_os.py",
    change_os.can_order_changes: "images/change_os/many/test_change_os_many.py",
    copy.can_copy: "images/copy/test_copy.py",
    copy.can_order_copy: "images/copy/test_copy.py",
    copy.can_order_copy_across: "images/copy/test_copy_across.py",
    accounts.can_revoke_agency: "accounts/test_agencies.py",
    change_os.can_order_reinstall: "images/change_os/test_reinstall_os.py",
    mount.can_mount: "images/mount/test_mount.py",
    mount.can_mount_on: "images/mount/test_mount.py",
    resize.can_have: "images/resize/test_resize.py",
    resize.can_order_resize: "images/resize/test_resize.py",
    delete.can_delete_unasked: "sharing/ending/test_delete.py",
    cloud.can_start_each: "cloud/servers/test_power.py",
    delete.can_restore_each: "images/delete/test_trash_pages.py",
    fetch_url.can_fetch_url: "images/fetch/test_fetch_url.py",
    take_object.can_take_object: "images/create/test_import_object.py",
    download.can_choose: "images/download/test_download.py",
    download.can_discard_download: "images/download/test_download.py",
    download.can_download_stored: "images/download/test_download.py",
    download.can_fetch_download: "images/download/test_download.py",
    download.can_prepare: "images/download/test_download.py",
    export.can_export_as: "images/export/test_export.py",
    export.can_export_into: "images/export/test_export.py",
    cloud.can_open_screen: "cloud/screens/test_screen.py",
    cloud.can_run_guests: "images/launch/test_launch.py",
    screens.can_operate_screen: "cloud/screens/test_open.py",
    screens.can_operate_serial: "cloud/screens/test_serial.py",
    screens.can_operate: "cloud/screens/test_serial.py",
    cloud.can_open_serial: "house/test_unable.py",
    import_image.can_store: "house/test_unable.py",
    keys.can_encrypt_with: "cloud/disks/test_create_and_delete.py",
    keys.can_use_key: "cloud/keys/test_use.py",
    keys.can_encrypt_with: "cloud/disks/test_create_and_delete.py",
    keys.can_unlock: "images/fields/test_encryption.py",
    keys.can_unlock_disks: "images/fields/test_encryption.py",
    keys.can_unlock_system: "images/fields/test_encryption.py",
    fields.can_encrypt: "images/fields/test_encryption.py",
    import_image.can_import_file: "images/create/test_import.py",
    import_image.can_order_import: "images/create/test_import.py",
    install.can_install_server: "images/launch/install/test_install.py",
    launch.can_create_servers: "images/launch/test_launch.py",
    launch.can_unlock_disks: "images/capture/full/test_full_ecs.py",
    public.can_deprecate: "images/public/test_notices.py",
    public.can_fetch: "images/public/test_fetch.py",
    public.can_keep: "images/public/test_keep.py",
    listings.can_create_listing: "market/review/test_review.py",
    listings.can_approve_version: "market/review/test_review.py",
    listings.can_reject_version: "market/review/test_review.py",
    prices.can_set_price: "market/prices/test_prices.py",
    publishers.can_apply_as_publisher: "market/publishers/test_publishers.py",
    publishers.can_edit_publisher: "market/publishers/test_publishers.py",
    publishers.can_approve_publisher: "market/publishers/test_publishers.py",
    publishers.can_reject_publisher: "market/publishers/test_publishers.py",
    publishers.can_suspend_publisher: "market/publishers/test_publishers.py",
    shop_rules.can_accept_terms: "market/shop/test_shop.py",
    deploy_rules.can_deploy: "market/deploy/test_deploy.py",
    copies.can_give_copies: "sharing/ending/test_copies.py",
    copies.can_give_copy: "sharing/ending/test_copies.py",
    inbox.can_answer_all: "sharing/inbox/test_answer.py",
    ending.can_give_notice: "sharing/ending/test_stop.py",
    share_rules.can_share_with: "sharing/share/test_share.py",
    share_rules.can_forget_recipient: "sharing/share/test_recipients.py",
    uploads.can_upload: "images/uploads/test_upload.py",
    full_ecs.can_capture_full_into: "images/capture/full/test_full_ecs.py",
    full_ecs.can_make_of_backup: "images/capture/full/test_full_ecs.py",
    rules_restore_backup.can_restore_to_new: "images/restore/test_restore_backup.py",
    schedules.can_order_schedule: "cloud/schedules/test_pages.py",
    backups.can_back_up_into: "cloud/backups/test_create.py",
    backups.can_restore_to: "cloud/backups/test_restore.py",
    vaults.can_order_vault: "cloud/backups/vaults/test_vaults.py",
    vaults.can_resize_vault: "cloud/backups/vaults/test_vaults.py",
    volumes.can_attach_to: "cloud/disks/test_attach.py",
    volumes.can_grow_to: "cloud/disks/test_grow.py",
    volumes.can_order_disk: "cloud/disks/test_create_and_delete.py",
    create_disk_rules.can_order_disk_from: "images/launch/disk/test_create_disk.py",
    views.can_change_view: "accounts/test_saved_views.py",
    views.can_delete_view: "accounts/test_saved_views.py",
    views.can_save_view: "accounts/test_saved_views.py",
    views.can_share_view: "accounts/test_saved_views.py",
}


QUICK = {"key pair", "user data"}
SLOW = pytest.mark.slow(reason="three people look at every button, and press it")

# the walk ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else SLOW) for name in SUBJECTS]
)
def test_button_rule_and_answer_agree(people: SimpleNamespace, subtests: pytest.Subtests, name: str) -> None:
    """In each state. Where each answer was met before one does not look once more, nor press what gets the same one.

    What is done is pressed in the state in which it first is, and in some more.
    """
    subject = SUBJECTS[name]
    looked: set[Any] = set()
    pressed: set[Any] = set()
    clients = {who: client_of(getattr(people, who)) for who in MEMBERS}
    more = some(list(subject.states), 6)
    for state in states_of(subject):
        for who in MEMBERS:
            with stop(subtests, f"{state}: {who}"):
                actor, client = getattr(people, who), clients[who]
                thing = made(subject, state, actor)
                asked = [Asked.of(subject, action, thing, actor) for action in subject.actions]
                pages = len(subject.pages(thing))
                answers = [
                    (pages, str(each.action.label), each.is_shown, each.verdict.code) for each in asked
                ]
                new = [is_new(answer, looked) for answer in answers]
                if any(new):
                    buttons_agree(subject, thing, client, asked, who)
                for each in asked:
                    answer = each.verdict.code or f"done when {state}" * (state in more)
                    if is_new((str(each.action.label), each.is_shown, answer), pressed):
                        with undone():
                            answer_agrees(subject, each, thing, actor, client)


def is_new(answer: tuple[Any, ...], before: set[Any]) -> bool:
    try:
        return is_whole() or answer not in before
    finally:
        before.add(answer)


def states_of(subject: Subject) -> list[str]:
    """All; PostgreSQL, which is asked the same in each of them, has some."""
    states = list(subject.states)
    return some(states) if connection.vendor == "postgresql" else states


@pytest.mark.parametrize("name", [name for name, subject in SUBJECTS.items() if subject.is_private])
def test_a_stranger_meets_neither_button_nor_form(people: SimpleNamespace, name: str) -> None:
    subject, client = SUBJECTS[name], client_of(people.carol)
    thing = made(subject, next(iter(subject.states)), people.bob)
    pages = [client.get(page, headers=HTMX) for page in subject.pages(thing)]
    buttons = [Buttons(page) for page in pages if page.status_code != 404]
    for action in subject.actions:
        if not action.is_shown(subject.load(thing, action, people.bob)):
            continue
        url = action.address(thing)
        if str(thing.pk) in url.partition("?")[0]:
            assert client.post(url, typed_for(subject, action), headers=HTMX).status_code in (404, 405)
        assert not any(each.is_live(url) for each in buttons)
    assert not Event.objects.filter(user=people.carol.user, result=Event.Result.NORMAL).exists()


def test_every_rule_stands_in_the_table() -> None:
    listed = {inspect.unwrap(action.rule) for subject in SUBJECTS.values() for action in subject.actions}
    listed |= set(ELSEWHERE)
    forgotten = [f"{rule.__module__}.{rule.__name__}" for rule in rules() if rule not in listed]
    assert forgotten == [], "add an Action for it, or say in ELSEWHERE which test asks page and service"
    assert [
        path for path in ELSEWHERE.values() if not Path(__file__).parents[1].joinpath(path).exists()
    ] == []


def made(subject: Subject, state: str, actor: Actor) -> Any:
    fields = dict(subject.states[state])
    if fields.get("region") == "ours":
        fields["region"] = actor.region
    return subject.make(actor, **fields)


@dataclass(frozen=True)
class Asked:
    """An action, what its rule says of a thing, and whether it has a button there."""

    action: Action
    verdict: Verdict
    is_shown: bool

    @classmethod
    def of(cls, subject: Subject, action: Action, thing: Any, actor: Actor) -> "Asked":
        thing = subject.load(thing, action, actor)
        return cls(action, action.ask(thing, actor), action.is_shown(thing))


def typed_for(subject: Subject, action: Action) -> dict[str, Any]:
    return {**action.sends, **subject.typed.get(str(action.label), {})}


def buttons_agree(subject: Subject, thing: Any, client: Client, asked: list[Asked], who: str) -> None:
    """On each page a button is live, or grey with the reason, as the rule says; and on one page it is."""
    pages = [
        client.get(page, headers=HTMX if is_list(page) and subject is not PROJECT else None)
        for page in subject.pages(thing)
    ]
    buttons = [Buttons(page) for page in pages if page.status_code == 200]
    refused = [page for page in pages if page.status_code == 409]
    for each in asked:
        if not each.is_shown or {*each.action.where} == {*UNLISTED}:
            continue
        seen = [page.state_of(each.action, thing) for page in buttons]
        wanted = "live" if each.verdict else str(each.verdict.reason)
        assert set(seen) <= {wanted, ""}, f"{who}: {each.action.label}"
        assert all(str(each.verdict.reason) in text_of(page) for page in refused)
        is_there = ROW in each.action.where or (subject.has_page(thing) and not {*each.action.where} <= RARE)
        assert wanted in seen or refused or not is_there, f"{who}: {each.action.label} is nowhere"


def is_list(page: str) -> bool:
    """Whether its buttons stand in the fragment that htmx asks for."""
    return resolve(page.partition("?")[0]).url_name == "list"


def answer_agrees(subject: Subject, asked: Asked, thing: Any, actor: Actor, client: Client) -> None:
    """What is offered is done; what is refused is refused to whoever asks for it all the same."""
    action, verdict, label = asked.action, asked.verdict, str(asked.action.label)
    if action.rule is always or label in subject.ways or (verdict and not asked.is_shown):
        return
    if service := subject.services.get(label):
        assert verdict_of(lambda: service(thing, actor)) == verdict, label
        return
    answer = client.post(action.address(thing), typed_for(subject, action), headers=None if verdict else HTMX)
    if verdict:
        assert answer.status_code in (200, 302), (label, text_of(answer))
        assert Event.objects.filter(user=actor.user, result=Event.Result.NORMAL).exists()
    else:
        assert (answer.status_code, answer.ims_error.verdict) == (409, verdict), label
        assert str(verdict.reason) in text_of(answer)
        assert not Event.objects.filter(user=actor.user, result=Event.Result.NORMAL).exists()


def verdict_of(call: Callable[[], object]) -> Verdict:
    """What a service answers as a verdict."""
    try:
        call()
    except Refused as refused:
        return refused.verdict
    return ALLOWED


def text_of(response: HttpResponseBase) -> str:
    return unescape(response.content.decode())


class Buttons(HTMLParser):
    """The buttons of a page: the addresses that are live, and the reason beside each that is not."""

    def __init__(self, page: HttpResponseBase) -> None:
        super().__init__()
        self.live: set[str] = set()
        self._open: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._grey: list[tuple[str, str]] = []
        self._why: dict[str, str] = {}
        self.feed(page.content.decode())
        self.reasons = {text.removesuffix(self._why[by]).strip(): self._why[by] for text, by in self._grey}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        there = dict(attrs)
        self.live.add(bare(there.get("href") or there.get("action") or "").replace("-", ""))
        if tag not in VOID_ELEMENTS:
            self._open.append((tag, there, []))

    def handle_data(self, data: str) -> None:
        for _, there, text in self._open:
            if "id" in there or "aria-describedby" in there:
                text.append(data)

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            opened, there, parts = self._open.pop()
            text = " ".join("".join(parts).split())
            if "id" in there:
                self._why[there["id"]] = text
            if there.get("aria-disabled") == "true" and "aria-describedby" in there:
                self._grey.append((text, there["aria-describedby"]))
            if opened == tag:
                break

    def state_of(self, action: Action, thing: Any) -> str:
        """`live`, the reason why not, or nothing when it is not there."""
        return "live" if self.is_live(action.address(thing)) else self.reasons.get(str(action.label), "")

    def is_live(self, url: str) -> bool:
        return url.replace("-", "") in self.live


def rules() -> Iterator[Callable[..., Verdict]]:
    """Every function `can_…` of every module of rules."""
    for room in (imsconsole, images, sharing, market):
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if any(part.startswith("rules") for part in module.name.split(".")):
                for name, value in vars(importlib.import_module(module.name)).items():
                    if (
                        name.startswith("can_")
                        and inspect.isfunction(value)
                        and value.__module__ == module.name
                    ):
                        yield value
