"""A rule is asked, never retyped: the button on the page, the rule and the answer to the form agree.

Walks every action × every state of its subject × Alice (administrator), Bob (full access), Dave (read-only)
and Carol (another account). A new verb is one `Action` in the table; a rule nobody lists fails the last test.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.urls import resolve, reverse
from django.utils.html import VOID_ELEMENTS

import images
import imsconsole
import market
import sharing
from images.capture import rules as capture
from images.capture.full import rules as full_ecs
from images.capture.full.services import make_of_backup
from images.capture.services import capture_disk, capture_server
from images.change_os import rules as change_os
from images.change_os.services import change_os as change_os_service
from images.change_os.services import reinstall_os
from images.copy import rules as copy
from images.copy.services import copy_image, copy_image_across
from images.create import rules as import_image
from images.create.from_object import rules as take_object
from images.create.services import import_image as import_service
from images.delete import rules as delete
from images.export import rules as export
from images.export.services import export_image
from images.fields import rules as fields
from images.launch import rules as launch
from images.launch.backup import rules as rules_restore_backup
from images.launch.disk import rules as create_disk_rules
from images.launch.disk.services import create_disk_from
from images.launch.install import rules as install
from images.launch.services import create_servers, install_server
from images.models import Image, Upload
from images.modify import rules as modify
from images.modify import rules as tag
from images.product import rules as offer
from images.product import rules as share
from images.public import rules as public
from images.uploads import rules as uploads
from images.verify import rules as verify
from imsconsole.accounts import rules as accounts
from imsconsole.accounts import rules_views as views
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Membership
from imsconsole.audit.models import Event
from imsconsole.cloud.backups import rules as backups
from imsconsole.cloud.backups.services import create_backup, restore_backup
from imsconsole.cloud.backups.vaults import rules as vaults
from imsconsole.cloud.buckets import rules as buckets
from imsconsole.cloud.buckets.arrivals import Arrival
from imsconsole.cloud.disks import rules as cloud_capture
from imsconsole.cloud.disks import rules as volumes
from imsconsole.cloud.disks.services import attach_disk, create_disk
from imsconsole.cloud.key_pairs import rules as key_pairs
from imsconsole.cloud.keys import rules as keys
from imsconsole.cloud.keys.services import grant_key
from imsconsole.cloud.models import Backup, Bucket, Disk, Key, KeyGrant, Server, Vault
from imsconsole.cloud.screens import rules as screens
from imsconsole.cloud.servers import rules as cloud
from imsconsole.cloud.servers.jobs import CreateServer, StartServer
from imsconsole.cloud.system_disk import rules as cloud_change_os
from imsconsole.core.now import now
from imsconsole.core.rules import ALLOWED, Refused, Verdict
from imsconsole.jobs import rules as jobs
from imsconsole.jobs.models import Job
from imsconsole.jobs.services import cancel_job
from imsconsole.jobs.start import start_job
from market.listings import rules as listings
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
from sharing.models import Share
from sharing.share import rules as share_rules
from sharing.share.services import share_image
from tests import factories
from tests.cloud.disks.disks import free_disk
from tests.conftest import HTMX, client_of
from tests.jobs.test_quotas import complete_upload_of
from tests.market import selling
from tests.support.walks import undone

MEMBERS = ("alice", "bob", "dave")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGv0ZbyKTqNXpkyrRQ8mMlR6tqwtFFKHHlSe6JtW4Cxo test"


@dataclass(frozen=True)
class Action:
    """A verb: who is asked, what its button is called, where it leads and what its form sends.

    `url` makes the address of a thing. A verb whose form comes after others names its `service`, which
    is called instead. Without a `label` it has no button of its own; `is_shown` says which things have one.
    """

    rule: Callable[..., Verdict]
    label: str
    url: Callable[[Any], str]
    typed: Mapping[str, Any] = field(default_factory=dict)
    service: Callable[[Any, Actor], Any] | None = None
    is_shown: Callable[[Any], bool] = lambda _thing: True


@dataclass(frozen=True)
class Subject:
    """What actions are done to: `make` makes one in each of `states`, `pages` are where its buttons stand.

    `ask` calls a rule when it takes more than the thing and the actor. Not `is_private`: everybody has
    one's own, so that there is no stranger.
    """

    make: Callable[..., Any]
    states: Mapping[str, Mapping[str, Any]]
    pages: Callable[[Any], list[str]]
    actions: tuple[Action, ...]
    ask: Callable[[Callable[..., Verdict], Any, Actor], Verdict] = lambda rule, thing, actor: rule(
        thing, actor
    )
    is_private: bool = True


def at(name: str) -> Callable[[Any], str]:
    """The address of that name; its place is the thing."""
    return lambda thing: reverse(name, args=[thing.pk])


def always(name: str) -> Callable[[Any], str]:
    return lambda _thing: reverse(name)


# servers ----------------------------------------------------------------------------------------------


def a_server(actor: Actor, *, with_job: bool = True, **fields: Any) -> Server:
    flavor = factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=1)
    server = factories.ServerFactory(**{"project": actor.project, "flavor": flavor, "ref": "there", **fields})
    factories.ImageDiskFactory(image=server.image, ref="none")
    factories.DiskFactory(server=server, image=server.image, ref="there")
    if server.status in cloud.BUSY and with_job:
        start_job(StartServer, server, actor=actor)
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
    },
    pages_of_server,
    (
        Action(cloud.can_start, "Start", at("servers:start")),
        Action(cloud.can_stop, "Stop", at("servers:stop")),
        Action(cloud.can_reboot, "Restart", at("servers:reboot")),
        Action(cloud.can_rename, "Rename", at("servers:rename"), {"name": "other"}),
        Action(
            cloud.can_set_auto_start,
            "Switch on",
            at("servers:auto-start"),
            {"auto_start": "on"},
            is_shown=has_own_page,
        ),
        Action(cloud.can_delete, "Delete", at("servers:delete"), {"delete_disks": "on"}),
        Action(
            volumes.can_take_disk,
            "Attach disk",
            at("servers:attach-disk"),
            service=lambda server, actor: attach_disk(
                free_disk(actor, zone=server.zone), server=server, actor=actor
            ),
            is_shown=has_own_page,
        ),
        Action(
            backups.can_back_up,
            "Back up",
            at("servers:back-up"),
            service=lambda server, actor: create_backup(
                server, vault=factories.VaultFactory(project=actor.project), name="new", actor=actor
            ),
            is_shown=has_own_page,
        ),
        Action(
            cloud_capture.can_capture_server,
            "Create image",
            lambda server: f"{reverse('images:create-from-server')}?server={server.pk.hex}",
            service=lambda server, actor: capture_server(server, name="captured", actor=actor),
        ),
        Action(
            cloud_change_os.can_change_os,
            "Change OS",
            at("servers-change-os"),
            service=lambda server, actor: change_os_service(server, image=server.image, actor=actor, **LOGIN),
        ),
        Action(
            cloud_change_os.can_reinstall_os,
            "Reinstall OS",
            at("servers-reinstall-os"),
            service=lambda server, actor: reinstall_os(server, actor=actor, **LOGIN),
        ),
    ),
)


def a_kept_disk(actor: Actor, *, server: Mapping[str, Any] | None = None, **fields: Any) -> Disk:
    kept = {"beside": True, "status": "kept", "kept_until": now() + timedelta(days=1), **fields}
    there = a_server(actor, **(server or {}))
    login = {"key_pair": "", "ssh_key": "", "password_hash": "", "user_data": ""}
    return factories.DiskFactory(server=there, image=there.image, login=login, ref="disk", **kept)


def at_disk(name: str) -> Callable[[Disk], str]:
    return lambda disk: reverse(name, args=[disk.server_id, disk.pk])


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
    (
        Action(cloud_change_os.can_undo_change_os, "Undo", at_disk("servers:undo-change-os")),
        Action(cloud_change_os.can_delete_kept_disk, "Delete now", at_disk("servers:delete-kept-disk")),
    ),
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
    (
        Action(
            volumes.can_attach_disk,
            "Attach",
            at("disks:attach"),
            service=lambda disk, actor: attach_disk(disk, server=taker(disk), actor=actor),
            is_shown=lambda disk: disk.server is None,
        ),
        Action(
            volumes.can_detach_disk,
            "Detach",
            at("disks:detach"),
            is_shown=lambda disk: disk.server is not None,
        ),
        Action(volumes.can_grow_disk, "Expand", at("disks:grow"), {"size_gb": 2}),
        Action(
            cloud_capture.can_capture_disk,
            "Create image",
            lambda disk: f"{reverse('images:create-from-disk')}?type={disk.role}&disk={disk.pk.hex}",
            service=lambda disk, actor: capture_disk(disk, name="captured", os_version=None, actor=actor),
        ),
        Action(volumes.can_rename_disk, "Rename", at("disks:rename"), {"name": "other"}),
        Action(volumes.can_delete_disk, "Delete", at("disks:delete")),
    ),
)

KEY_PAIR = Subject(
    lambda actor: factories.KeyPairFactory(project=actor.project),
    {"there": {}},
    lambda _pair: [reverse("keypairs:list")],
    (Action(key_pairs.can_delete_key_pair, "Delete", at("keypairs:delete")),),
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
    (
        Action(keys.can_edit_key, "Modify", at("keys:edit"), {"name": "other"}),
        Action(keys.can_enable_key, "Enable", at("keys:enable")),
        Action(keys.can_disable_key, "Disable", at("keys:disable")),
        Action(
            keys.can_schedule_key_deletion, "Schedule deletion", at("keys:schedule-deletion"), {"days": "7"}
        ),
        Action(keys.can_cancel_key_deletion, "Cancel deletion", at("keys:cancel-deletion")),
        Action(
            keys.can_grant_key,
            "Grant",
            at("keys:grant"),
            service=lambda key, actor: grant_key(
                key, grantee=factories.ProjectFactory(region=actor.region), actor=actor
            ),
        ),
    ),
)


def a_grant(actor: Actor, **fields: Any) -> KeyGrant:
    key: Key = factories.KeyFactory(project=actor.project, **fields)
    return factories.KeyGrantFactory(key=key)


KEY_GRANT = Subject(
    a_grant,
    {name: fields for name, fields in KEY_STATES.items() if name != "default"},
    lambda grant: [grant.key.get_absolute_url()],
    (
        Action(
            keys.can_revoke_grant,
            "Revoke",
            lambda grant: reverse("keys:revoke", args=[grant.key_id, grant.pk]),
        ),
    ),
)


# vaults and backups -----------------------------------------------------------------------------------


def a_vault(actor: Actor, *, holds: str = "") -> Vault:
    vault = factories.VaultFactory(project=actor.project)
    if holds:
        factories.BackupFactory(project=actor.project, vault=vault, status=holds)
    return Vault.objects.with_facts().get(pk=vault.pk)


VAULT = Subject(
    a_vault,
    {"empty": {}, "holds a backup": {"holds": "available"}, "holds a failed one": {"holds": "failed"}},
    lambda vault: [reverse("vaults:list"), vault.get_absolute_url()],
    (
        Action(vaults.can_edit_vault, "Modify", at("vaults:edit"), {"name": "other", "capacity_gb": "20"}),
        Action(vaults.can_delete_vault, "Delete", at("vaults:delete")),
    ),
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
    (
        Action(
            backups.can_restore_backup,
            "Restore",
            at("backups:restore"),
            service=lambda backup, actor: restore_backup(backup, actor=actor, stop_first=True),
        ),
        Action(
            backups.can_become_image,
            "Create image",
            lambda backup: f"{reverse('images:create-full-of-backup')}?backup={backup.pk.hex}",
            service=lambda backup, actor: make_of_backup(backup, name="of-it", actor=actor),
        ),
        Action(backups.can_delete_backup, "Delete", at("backups:delete")),
    ),
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
    (
        Action(buckets.can_delete_bucket, "Delete bucket", at("buckets:delete")),
        Action(
            buckets.can_upload_object,
            "Upload object",
            at("buckets:upload"),
            service=lambda bucket, actor: Arrival(bucket, key="a", size_bytes=1, actor=actor).abandon(),
        ),
    ),
    ask=lambda rule, bucket, actor: rule(Bucket.objects.with_facts().get(pk=bucket.pk), actor),
)

OBJECT = Subject(
    lambda actor: factories.BucketObjectFactory(bucket=factories.BucketFactory(project=actor.project)),
    {"stored": {}},
    lambda each: [each.bucket.get_absolute_url(), each.get_absolute_url()],
    (
        Action(buckets.can_delete_object, "Delete", at("buckets:delete-object")),
        Action(buckets.can_link_object, "Create link", at("buckets:link"), {"hours": "1"}),
    ),
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
    factories.ImageDiskFactory(image=image, ref="none")
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


FACTS_OF = {
    copy.can_begin_copy: copy.COPY_FACTS,
    copy.can_copy_across: copy.COPY_FACTS,
    delete.can_delete: delete.DELETE_FACTS,
    delete.can_purge: delete.PURGE_FACTS,
    export.can_export: export.EXPORT_FACTS,
    offer.can_offer: offer.OFFER_FACTS,
    share.can_share: share.SHARE_FACTS,
    verify.can_verify: verify.VERIFY_FACTS,
}


def asked_of_image(rule: Callable[..., Verdict], image: Image, actor: Actor) -> Verdict:
    """With the facts that the rule's room says it reads, and no others."""
    images = Image.objects.select_related("os_version")
    if rule in FACTS_OF:
        images = images.with_facts(actor, *FACTS_OF[rule])
    return rule(images.get(pk=image.pk), actor)


IMAGE = Subject(
    an_image,
    {
        "private": {},
        "protected": {"protected": True},
        "public": {"category": "public", "project": None, "region": "ours"},
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
    (
        Action(delete.can_delete, "Delete", at("images:delete")),
        Action(verify.can_verify, "Verify", at("images:verify")),
        Action(
            modify.can_modify,
            "Modify",
            at("images:modify"),
            {"name": "other", "boot_mode": "bios", "min_disk_gb": 1},
        ),
        Action(export.can_export, "Export", at("images:export"), service=exported),
        Action(tag.can_tag, "Edit tags", at("images:tag"), {"tags-key": "env", "tags-value": "prod"}),
        Action(copy.can_begin_copy, "Copy", at("images:copy"), service=copied),
        Action(copy.can_copy_across, "", at("images:copy"), service=copied_across),
        Action(
            install.can_install,
            "Install server",
            at("images:install"),
            service=installed,
            is_shown=lambda image: image.type == "iso",
        ),
        Action(share.can_share, "Share", at("sharing:share"), service=offered),
        Action(
            offer.can_offer,
            "Publish as market image",
            lambda image: f"{reverse('market:create-listing')}?image={image.pk.hex}",
            service=put_up,
            is_shown=lambda image: image.category == "private",
        ),
        Action(
            create_disk_rules.can_create_disk_from,
            "Create data disk",
            lambda image: f"{reverse('disks-create')}?image={image.pk}",
            service=filled,
            is_shown=lambda image: image.type == "data",
        ),
        Action(
            launch.can_launch,
            "Apply for server",
            lambda image: f"{reverse('servers-create')}?image={image.pk}",
            service=launched,
        ),
    ),
    ask=asked_of_image,
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
    (
        Action(delete.can_restore, "Restore", at("images:restore"), {"name": "again"}),
        Action(delete.can_purge, "Delete for ever", at("images:purge")),
    ),
    ask=IMAGE.ask,
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
    (
        Action(ending.can_stop_sharing, "Stop sharing", at("sharing:stop"), {"how": "now"}),
        Action(
            ending.can_withdraw_notice,
            "Go on sharing",
            at("sharing:go-on"),
            is_shown=lambda each: bool(each.ends_at),
        ),
    ),
    ask=lambda rule, each, actor: rule(Share.objects.with_facts().get(pk=each.pk), actor),
)
RECEIVED_SHARE = Subject(
    received,
    {**ANSWERS, "full-ECS": {"image": {"type": "full"}}},
    lambda each: [f"{reverse('sharing:list')}?tab={each.status}", each.get_absolute_url()],
    (
        Action(
            inbox.can_accept,
            "Accept",
            at("sharing:accept"),
            is_shown=lambda each: each.status != "accepted",
        ),
        Action(
            inbox.can_reject,
            "Reject",
            at("sharing:reject"),
            is_shown=lambda each: each.status != "rejected",
        ),
    ),
    ask=lambda rule, each, actor: rule(Share.objects.with_facts().get(pk=each.pk), actor),
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
    lambda upload: [reverse("uploads:list"), reverse("uploads:detail", args=[upload.pk])],
    (Action(uploads.can_discard, "Discard", at("uploads:discard")),),
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
    (
        Action(jobs.can_cancel, "Cancel the job", at("jobs:cancel"), is_shown=lambda job: job.is_live),
        Action(
            jobs.can_retry,
            "Retry from the failed step",
            at("jobs:retry"),
            is_shown=lambda job: job.state == "failed",
        ),
    ),
)


# the project and its people ---------------------------------------------------------------------------


def the_project(actor: Actor, *, quotas: Any = None) -> None:
    actor.project.quotas = quotas or {}
    actor.project.save(update_fields=["quotas"])


A_BUCKET = {"name": "new-bucket", "storage_class": "standard"}
PROJECT = Subject(
    the_project,
    {"with room": {}, "full": {"quotas": {"images": 0, "buckets": 0}}},
    lambda _: [
        reverse(name)
        for name in (
            "keypairs:list",
            "keys:list",
            "images:list",
            "servers:list",
            "disks:list",
            "buckets:list",
            "vaults:list",
            "backups:list",
            "project",
        )
    ],
    (
        Action(key_pairs.can_create_key_pair, "Create key pair", always("keypairs:create"), {"name": "mine"}),
        Action(
            key_pairs.can_create_key_pair,
            "Import public key",
            always("keypairs:import"),
            {"name": "mine", "public_key": KEY},
        ),
        Action(keys.can_create_key, "Create key", always("keys:create"), {"name": "mine"}),
        Action(
            volumes.can_create_disk,
            "Create disk",
            always("disks-create"),
            service=lambda _, actor: create_disk(
                name="mine", size_gb=1, zone=actor.region.zones.first(), actor=actor
            ),
        ),
        Action(
            fields.can_import,
            "Import image",
            always("images:create"),
            service=lambda _, actor: import_service(
                actor=actor, upload=complete_upload_of(actor, 1), name="new", type="system", min_disk_gb=1
            ),
        ),
        Action(
            vaults.can_create_vault,
            "Create vault",
            always("vaults:create"),
            {"name": "mine", "capacity_gb": "1"},
        ),
        Action(
            backups.can_create_backup,
            "Create backup",
            always("backups:create"),
            service=lambda _, actor: create_backup(
                a_server(actor), vault=factories.VaultFactory(project=actor.project), name="new", actor=actor
            ),
        ),
        Action(buckets.can_create_bucket, "Create bucket", always("buckets:create"), A_BUCKET),
        Action(accounts.can_invite, "Invite someone", always("invite"), {"role": "read-only"}),
    ),
    ask=lambda rule, _project, actor: rule(actor),
    is_private=False,
)


def a_member(actor: Actor, *, role: str, alone: bool = True) -> Membership:
    """A new member; an administrator is the last one, unless others are left."""
    if role == "administrator" and alone:
        return Membership.objects.get(account=actor.account, role=role)
    return factories.MembershipFactory(account=actor.account, role=role)


MEMBER = Subject(
    a_member,
    {
        "read-only": {"role": "read-only"},
        "full access": {"role": "full-access"},
        "last administrator": {"role": "administrator"},
        "one of two administrators": {"role": "administrator", "alone": False},
    },
    lambda member: [reverse("change-role", args=[member.pk])],
    (
        Action(accounts.can_change_role, "", at("change-role"), {"role": "full-access"}),
        Action(accounts.can_remove_member, "Remove from the account", at("remove-member")),
    ),
)

ONESELF = Subject(
    lambda actor: Membership.objects.get(user=actor.user, account=actor.account),
    {"member": {}},
    lambda _membership: [reverse("project")],
    (Action(accounts.can_leave_account, "Leave the account", always("leave-account")),),
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
        factories.ImageDiskFactory(image=version.image, ref="none")
    return listing


def in_question(listing: Listing) -> ListingVersion:
    return listing.in_making or listing.latest


def new_words(actor: Actor) -> VersionDraft:
    return selling.words(factories.ImageFactory(project=actor.project), version="new")


def asked_of_listing(rule: Callable[..., Verdict], listing: Listing, actor: Actor) -> Verdict:
    listing = Listing.objects.select_related("publisher").get(pk=listing.pk)
    version = in_question(listing)
    if rule is listings.can_submit_version:
        image = Image.objects.with_facts(actor, *offer.OFFER_FACTS).get(pk=version.image_id)
        return rule(version, image, actor)
    return rule(
        version
        if rule.__name__.endswith("_version") and rule is not listings.can_create_version
        else listing,
        actor,
    )


def is_making(listing: Listing) -> bool:
    return listing.in_making is not None


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
    (
        Action(listings.can_submit_version, "Send in", at("market:submit"), is_shown=is_making),
        Action(
            listings.can_edit_version,
            "Edit draft",
            at("market:edit-listing"),
            service=lambda listing, actor: edit_version(
                in_question(listing), selling.words(in_question(listing).image), actor=actor
            ),
            is_shown=is_making,
        ),
        Action(
            listings.can_recall_version,
            "Take back",
            at("market:recall"),
            is_shown=lambda listing: is_making(listing) and listing.in_making.state == "in-review",
        ),
        Action(listings.can_discard_version, "Discard draft", at("market:discard"), is_shown=is_making),
        Action(
            listings.can_create_version,
            "New version",
            at("market:create-version"),
            service=lambda listing, actor: create_version(listing, new_words(actor), actor=actor),
        ),
        Action(
            prices.can_price_listing,
            "Set price",
            at("market:set-price"),
            service=lambda listing, actor: set_price(
                Price(of=Price.Of.LISTING, listing=listing, unit=Price.Unit.FREE), actor=actor
            ),
        ),
        Action(
            listings.can_withdraw_listing,
            "Withdraw from the market",
            at("market:withdraw"),
            {"reason": "No more support."},
        ),
    ),
    ask=asked_of_listing,
)

SUBJECTS = {
    "server": SERVER,
    "kept disk": KEPT_DISK,
    "disk": DISK,
    "key pair": KEY_PAIR,
    "bucket": BUCKET,
    "object": OBJECT,
    "vault": VAULT,
    "backup": BACKUP,
    "encryption key": ENCRYPTION_KEY,
    "key grant": KEY_GRANT,
    "image": IMAGE,
    "image in the trash": TRASHED_IMAGE,
    "given share": GIVEN_SHARE,
    "received share": RECEIVED_SHARE,
    "upload": UPLOAD,
    "job": JOB,
    "listing": LISTING,
    "project": PROJECT,
    "member": MEMBER,
    "oneself": ONESELF,
}

# rules that have no button of their own, and the tests that ask page and service about them
ELSEWHERE = {
    accounts.can_accept_invitation: "accounts/test_accept_invitation.py",
    accounts.can_change_quotas: "jobs/test_quotas.py",
    accounts.can_change_user: "accounts/test_operate.py",
    accounts.can_delete_account: "accounts/test_operate.py",
    accounts.can_delete_project: "accounts/test_operate.py",
    accounts.can_withdraw_invitation: "accounts/test_withdraw_invitation.py",
    buckets.can_export_to: "cloud/buckets/test_rules.py",
    buckets.can_import_from: "cloud/buckets/test_rules.py",
    capture.can_capture: "images/capture/test_capture.py",
    cloud_capture.can_capture_disks: "images/capture/test_capture.py",
    change_os.can_become: "images/change_os/test_change_os.py",
    change_os.can_order_change: "images/change_os/test_change_os.py",
    change_os.can_order_changes: "images/change_os/many/test_change_os_many.py",
    copy.can_copy: "images/copy/test_copy.py",
    copy.can_order_copy: "images/copy/test_copy.py",
    copy.can_order_copy_across: "images/copy/test_copy_across.py",
    accounts.can_create_agency: "accounts/test_agencies.py",
    accounts.can_revoke_agency: "accounts/test_agencies.py",
    change_os.can_order_reinstall: "images/change_os/test_reinstall_os.py",
    delete.can_delete_unasked: "sharing/ending/test_delete.py",
    delete.can_withdraw_deletion: "sharing/ending/test_delete.py",
    delete.can_restore_each: "images/delete/test_trash_pages.py",
    take_object.can_take_object: "images/create/test_import_object.py",
    export.can_export_as: "images/export/test_export.py",
    export.can_export_into: "images/export/test_export.py",
    cloud.can_open_screen: "cloud/screens/test_screen.py",
    cloud.can_run_guests: "images/launch/test_launch.py",
    screens.can_operate_screen: "cloud/screens/test_open.py",
    keys.can_encrypt_with: "cloud/disks/test_create_and_delete.py",
    keys.can_use_key: "cloud/keys/test_use.py",
    keys.can_encrypt_with: "cloud/disks/test_create_and_delete.py",
    keys.can_unlock: "images/fields/test_encryption.py",
    keys.can_unlock_disks: "images/fields/test_encryption.py",
    keys.can_unlock_system: "images/fields/test_encryption.py",
    fields.can_encrypt: "images/fields/test_encryption.py",
    import_image.can_import_file: "images/create/test_import.py",
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
    copies.can_give_copies: "sharing/ending/test_copies.py",
    copies.can_give_copy: "sharing/ending/test_copies.py",
    inbox.can_answer_all: "sharing/inbox/test_answer.py",
    ending.can_give_notice: "sharing/ending/test_stop.py",
    share_rules.can_share_with: "sharing/share/test_share.py",
    uploads.can_resume: "images/uploads/test_upload_tus.py",
    uploads.can_upload: "images/uploads/test_upload.py",
    full_ecs.can_capture_full: "images/capture/full/test_full_ecs.py",
    full_ecs.can_capture_full_into: "images/capture/full/test_full_ecs.py",
    full_ecs.can_make_of_backup: "images/capture/full/test_full_ecs.py",
    rules_restore_backup.can_restore_to_new: "images/launch/backup/test_restore_backup.py",
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


QUICK = {("key pair", "there"), ("vault", "empty"), ("received share", "pending"), ("upload", "on its way")}
SLOW = pytest.mark.slow(reason="three people press every button")

# the walk ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "state"),
    [
        pytest.param(name, state, marks=() if (name, state) in QUICK else SLOW, id=f"{name}-{state}")
        for name, subject in SUBJECTS.items()
        for state in subject.states
    ],
)
def test_button_rule_and_answer_agree(people: SimpleNamespace, name: str, state: str) -> None:
    subject = SUBJECTS[name]
    for who in MEMBERS:
        with undone():
            actor = getattr(people, who)
            thing = made(subject, state, actor)
            client = client_of(actor)
            verdicts = [subject.ask(action.rule, thing, actor) for action in subject.actions]
            buttons_agree(subject, thing, client, verdicts, who)
            for action, verdict in zip(subject.actions, verdicts, strict=True):
                with undone():
                    answer_agrees(action, thing, actor, client, verdict)


@pytest.mark.parametrize("name", [name for name, subject in SUBJECTS.items() if subject.is_private])
def test_a_stranger_meets_neither_button_nor_form(people: SimpleNamespace, name: str) -> None:
    subject, client = SUBJECTS[name], client_of(people.carol)
    thing = made(subject, next(iter(subject.states)), people.bob)
    pages = [client.get(page) for page in subject.pages(thing)]
    buttons = [Buttons(page) for page in pages if page.status_code != 404]
    for action in subject.actions:
        url = action.url(thing)
        if str(thing.pk) in url.partition("?")[0]:
            assert client.post(url, action.typed, headers=HTMX).status_code in (404, 405)
        assert not any(each.is_live(url) for each in buttons)
    assert not Event.objects.filter(user=people.carol.user, result=Event.Result.NORMAL).exists()


def test_every_rule_stands_in_the_table() -> None:
    listed = {action.rule for subject in SUBJECTS.values() for action in subject.actions} | set(ELSEWHERE)
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


def buttons_agree(subject: Subject, thing: Any, client: Client, verdicts: list[Verdict], who: str) -> None:
    """On each page a button is live, or grey beside the reason, as the rule says; and on one page it is."""
    pages = [
        client.get(page, headers=HTMX if is_list(page) and subject is not PROJECT else None)
        for page in subject.pages(thing)
    ]
    buttons = [Buttons(page) for page in pages if page.status_code == 200]
    for action, verdict in zip(subject.actions, verdicts, strict=True):
        seen = [each.state_of(action, thing) for each in buttons]
        wanted = "live" if verdict else str(verdict.reason)
        assert set(seen) <= {wanted, ""}, f"{who}: {action.label}"
        refused = [page for page in pages if page.status_code == 409]
        assert all(str(verdict.reason) in text_of(page) for page in refused)
        expected = action.label and action.is_shown(thing)
        assert wanted in seen or refused or not expected, f"{who}: {action.label} is nowhere"


def is_list(page: str) -> bool:
    """Whether its buttons stand in the fragment that htmx asks for."""
    return resolve(page.partition("?")[0]).url_name == "list"


def answer_agrees(action: Action, thing: Any, actor: Actor, client: Client, verdict: Verdict) -> None:
    if action.service:
        assert verdict_of(lambda: action.service(thing, actor)) == verdict, action.label
        return
    answer = client.post(action.url(thing), action.typed, headers=None if verdict else HTMX)
    if verdict:
        assert answer.status_code in (200, 302), (action.label, text_of(answer))
        assert Event.objects.filter(user=actor.user, result=Event.Result.NORMAL).exists()
    else:
        assert (answer.status_code, answer.ims_error.verdict) == (409, verdict), action.label
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
        self.live.add((there.get("href") or there.get("action") or "").replace("-", ""))
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
        if not action.label:
            return ""
        return "live" if self.is_live(action.url(thing)) else self.reasons.get(action.label, "")

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
