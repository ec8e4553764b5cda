"""Make, change, grant and delete encryption keys."""

from datetime import timedelta

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.accounts.models import Project
from imsconsole.cloud.keys.material import give_material
from imsconsole.cloud.keys.rules import (
    DEFAULT_NAME,
    can_cancel_key_deletion,
    can_create_key,
    can_disable_key,
    can_edit_key,
    can_enable_key,
    can_grant_key,
    can_revoke_grant,
    can_schedule_key_deletion,
    is_free_key_name,
    is_grantable_to,
)
from imsconsole.cloud.models import Key, KeyGrant
from imsconsole.core.contention import one_wins
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked
from imsconsole.core.now import now


@service("createKey")
def create_key(*, name: str, description: str = "", actor: Actor) -> Key:
    """A new key with 256 random bits. Raises Refused, also for a name that is taken."""
    can_create_key(actor).require()
    is_free_key_name(name, actor).require()
    key = Key(project=actor.project, name=name, description=description, created_by=actor.user)
    with one_wins(lambda: is_free_key_name(name, actor)):
        give_material(key)
        key.save(force_insert=True)
    return key


@service("createKey")
def create_default_key(*, actor: Actor) -> Key:
    """The key `ims/default` of the actor's project; use `default.default_key`, which makes it once."""
    can_create_key(actor).require()
    key = Key(project=actor.project, name=DEFAULT_NAME, is_default=True, created_by=actor.user)
    give_material(key)
    key.save(force_insert=True)
    return key


@service("updateKey")
def edit_key(key: Key, *, name: str, description: str, actor: Actor) -> Key:
    """Change name and description. Raises Refused, NotFound."""
    key = locked(Key.objects.for_change(actor), key.pk)
    can_edit_key(key, actor).require()
    is_free_key_name(name, actor, other_than=key).require()
    key.name, key.description = name, description
    with one_wins(lambda: is_free_key_name(name, actor, other_than=key)):
        key.save(update_fields=["name", "description"])
    return key


@service("enableKey")
def enable_key(key: Key, *, actor: Actor) -> Key:
    """Let a disabled key be used again. Raises Refused, NotFound."""
    key = locked(Key.objects.for_change(actor), key.pk)
    can_enable_key(key, actor).require()
    return _in_state(key, Key.State.ENABLED)


@service("disableKey")
def disable_key(key: Key, *, actor: Actor) -> Key:
    """Nothing that is encrypted with it can be used until it is enabled (R90). Raises Refused, NotFound."""
    key = locked(Key.objects.for_change(actor), key.pk)
    can_disable_key(key, actor).require()
    return _in_state(key, Key.State.DISABLED)


@service("scheduleKeyDeletion")
def schedule_key_deletion(key: Key, *, days: int, actor: Actor) -> Key:
    """Delete a key after `days` days (`rules.DELETION_DAYS`); until then it cannot be used. Raises Refused, NotFound."""
    key = locked(Key.objects.for_change(actor), key.pk)
    can_schedule_key_deletion(key, actor).require()
    key.delete_at = now() + timedelta(days=days)
    return _in_state(key, Key.State.PENDING)


@service("cancelKeyDeletion")
def cancel_key_deletion(key: Key, *, actor: Actor) -> Key:
    """Keep a key after all; it is disabled until somebody enables it. Raises Refused, NotFound."""
    key = locked(Key.objects.for_change(actor), key.pk)
    can_cancel_key_deletion(key, actor).require()
    key.delete_at = None
    return _in_state(key, Key.State.DISABLED)


@service("deleteKey")
def delete_due_key(key: Key, *, actor: Actor) -> Key:
    """Destroy the material of a key whose time has come, and its grants. Raises NotFound when it has not."""
    key = locked(Key.objects.for_change(actor), key.pk)
    if key.state != Key.State.PENDING or key.delete_at is None or key.delete_at > now():
        raise NotFound
    key.wrapped = key.master = key.delete_at = None
    key.state, key.deleted_at = Key.State.DELETED, now()
    key.save(update_fields=["wrapped", "master", "delete_at", "state", "deleted_at"])
    key.grants.all().delete()
    return key


@service("createGrant")
def grant_key(key: Key, *, grantee: Project, actor: Actor) -> KeyGrant:
    """Let another project of the region use a key (R47). Raises Refused, NotFound."""
    key = locked(Key.objects.for_change(actor), key.pk)
    can_grant_key(key, actor).require()
    is_grantable_to(key, grantee).require()
    return KeyGrant.objects.create(key=key, grantee=grantee, created_by=actor.user)


@service("revokeGrant")
def revoke_grant(grant: KeyGrant, *, actor: Actor) -> KeyGrant:
    """Take a grant back, at once (R48). Raises Refused, NotFound."""
    row = locked(KeyGrant.objects.visible_to(actor), grant.pk)
    can_revoke_grant(row, actor).require()
    row.delete()
    row.pk = grant.pk  # for the audit row
    return row


def _in_state(key: Key, state: Key.State) -> Key:
    key.state = state
    key.save(update_fields=["state", "delete_at"])
    return key
