"""What may be done with an encryption key: who, then whose and which, then its state."""

from collections.abc import Iterable
from typing import Protocol

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Project
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.hosts import is_able
from imsconsole.cloud.keys.material import is_master_at_hand
from imsconsole.cloud.models import Disk, Key, KeyGrant, Server
from imsconsole.cloud.models.disks import DiskQuerySet
from imsconsole.core.rules import ALLOWED, Verdict, first_refusal, refuse
from imsconsole.core.sentences import refuse_as

DELETION_DAYS = range(7, 1097)
DEFAULT_NAME = "ims/default"


def can_use_key(key: Key, actor: Actor) -> Verdict:
    """Whether something may be encrypted with a key, or read that is (R47, R48, R90). For jobs as well."""
    return is_usable_in(key, actor.project)


def can_encrypt_with(key: Key, actor: Actor) -> Verdict:
    """Whether something new may be encrypted with a key: the region's host must be able to."""
    return is_encrypting(actor) and can_use_key(key, actor)


def is_encrypting(actor: Actor) -> Verdict:
    """Whether disks can be encrypted in the region at all."""
    return is_able("encryption", actor.region)


def is_usable_in(key: Key, project: Project) -> Verdict:
    """The same of any project. In lists prefetch the key's `grants`."""
    if key.state == Key.State.DELETED:
        return refuse_as("key-gone", id=str(key.pk))
    if key.project_id != project.pk and project.pk not in [grant.grantee_id for grant in key.grants.all()]:
        return refuse_as("key-not-granted")
    if key.state != Key.State.ENABLED:
        return refuse_as("key-not-enabled", name=key.name)
    return ALLOWED


class Encrypted(Protocol):
    """An image or a disk; in lists load its `key` with it."""

    @property
    def key(self) -> Key | None: ...


def can_unlock(thing: Encrypted, actor: Actor) -> Verdict:
    """Whether what may be encrypted can be read: with its key, which must be usable here and now (R48, R90)."""
    return can_use_key(thing.key, actor) if thing.key else ALLOWED


def can_unlock_disks(server: Server, actor: Actor, *, but_system: bool = False) -> Verdict:
    """Whether a server could be started with the disks it has (R90). In lists it comes from `with_locked_disks`."""
    verdicts = (can_unlock(disk, actor) for disk in _encrypted(server) if disk.index or not but_system)
    return first_refusal(verdicts)


def can_unlock_system(server: Server, actor: Actor) -> Verdict:
    """Whether a server's system disk can be read (R90). In lists it comes from `with_locked_disks`."""
    verdicts = (can_unlock(disk, actor) for disk in _encrypted(server) if not disk.index)
    return first_refusal(verdicts)


def _encrypted(server: Server) -> Iterable[Disk]:
    disks: Iterable[Disk] | None = getattr(server, "locked_disks", None)
    return encrypted_disks().filter(server=server) if disks is None else disks


def encrypted_disks() -> DiskQuerySet:
    """The encrypted disks that servers run with, each with its key."""
    disks: DiskQuerySet = Disk.objects.attached().exclude(key=None)
    return disks.select_related("key").order_by("index")


def with_locked_disks(servers: QuerySet[Server]) -> QuerySet[Server]:
    """The servers with what `can_unlock_disks` asks about, in two queries for all of them."""
    return servers.prefetch_related(Prefetch("disks", encrypted_disks(), to_attr="locked_disks"))


def can_create_key(actor: Actor) -> Verdict:
    """Who writes makes keys, while there is a master key to keep them by."""
    return may_write(actor) and is_master_at_hand()


def is_free_key_name(name: str, actor: Actor, other_than: Key | None = None) -> Verdict:
    """Names of keys are unique in a project, as long as the key exists."""
    keys = Key.objects.visible_to(actor).existing().filter(name=name)
    if (keys.exclude(pk=other_than.pk) if other_than else keys).exists():
        return refuse("key-name", _("A key of this name exists already. Choose another name."))
    return ALLOWED


def can_edit_key(key: Key, actor: Actor) -> Verdict:
    """Name and description of a key of one's own making can be changed until it waits for its deletion."""
    return may_write(actor) and _is_custom(key) and _is_kept(key)


def can_enable_key(key: Key, actor: Actor) -> Verdict:
    """A disabled key can be enabled."""
    if not (verdict := can_edit_key(key, actor)):
        return verdict
    if key.state == Key.State.ENABLED:
        return refuse("key-enabled", _("The key is enabled already."))
    return ALLOWED


def can_disable_key(key: Key, actor: Actor) -> Verdict:
    """An enabled key can be disabled; then nothing that is encrypted with it can be used (R90)."""
    if not (verdict := can_edit_key(key, actor)):
        return verdict
    if key.state == Key.State.DISABLED:
        return refuse("key-disabled", _("The key is disabled already."))
    return ALLOWED


def can_schedule_key_deletion(key: Key, actor: Actor) -> Verdict:
    """A key of one's own making can be deleted, after 7 to 1096 days; who uses it is shown before."""
    return can_edit_key(key, actor)


def can_cancel_key_deletion(key: Key, actor: Actor) -> Verdict:
    """Until it is deleted, a key can be had back."""
    if not (verdict := may_write(actor)):
        return verdict
    if key.state != Key.State.PENDING:
        return refuse("key-not-pending", _("The key does not wait for its deletion."))
    return ALLOWED


def can_grant_key(key: Key, actor: Actor) -> Verdict:
    """An enabled key of one's own making can be granted; the default key never (R46, C2)."""
    if not (verdict := can_edit_key(key, actor)):
        return verdict
    if key.state == Key.State.DELETED:
        return refuse_as("key-gone", id=str(key.pk))
    if key.state != Key.State.ENABLED:
        return refuse("grant-disabled", _("A disabled key cannot be granted. Enable it first."))
    return ALLOWED


def is_grantable_to(key: Key, grantee: Project) -> Verdict:
    """To another project of the region, also of another account, once."""
    if grantee.pk == key.project_id:
        return refuse("own-project", _("This is the ID of the key's own project, which may use it anyway."))
    if grantee.region_id != key.project.region_id:
        return no_such_project()
    if key.grants.filter(grantee=grantee).exists():
        return refuse("granted-already", _("The key is granted to this project already."))
    return ALLOWED


def no_such_project() -> Verdict:
    """One that is not there and one of another region read the same."""
    return refuse(
        "no-such-project",
        _(
            "There is no project with this ID in this region. Ask its members for the ID on their page Project."
        ),
    )


def can_revoke_grant(grant: KeyGrant, actor: Actor) -> Verdict:
    """The owner takes a grant back in every state of the key; what was not copied is lost to the other (R48)."""
    return may_write(actor)


def _is_custom(key: Key) -> Verdict:
    if not key.is_default:
        return ALLOWED
    return refuse(
        "default-key",
        _(
            "The default key of a project can be neither changed, disabled, deleted nor granted to others. Create "
            "a key of your own for that."
        ),
    )


def _is_kept(key: Key) -> Verdict:
    if key.state != Key.State.PENDING:
        return ALLOWED
    return refuse("key-pending", _("The key waits for its deletion. Cancel the deletion first."))
