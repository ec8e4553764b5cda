"""From a key's row to its material and back. The one gate: whoever needs the bytes comes through here."""

import os
from functools import partial
from uuid import UUID

from django.views.decorators.debug import sensitive_variables

from imsconsole.cloud.keys.master import first_master, known_masters
from imsconsole.cloud.keys.wrap import SIZE_BYTES, Master
from imsconsole.cloud.models import Key, MasterKey
from imsconsole.core.errors import Conflict, NotFound, Unavailable
from imsconsole.core.locks import locked_all
from imsconsole.core.rules import ALLOWED, Verdict
from imsconsole.core.sentences import refuse_as
from imsconsole.engine import types as engine


def engine_key(key: Key, project_id: UUID) -> engine.Key:
    """A key as an engine knows it: its material is unwrapped when, and only when, the engine asks for it.

    `project_id` is whose image or disk it is: one of another project must be granted to it then (R48).
    """
    return engine.Key(key.pk, partial(material_of, key.pk, project_id))


@sensitive_variables()
def material_of(key_id: UUID, project_id: UUID) -> bytes:
    """The 256 bits of a key that is enabled, for a project that may use it, both now.

    Raises NotFound, Conflict, Unavailable, ImsError.

    The row is read twice when its master key is not at hand: it may have been rotated in between.
    """
    row = _usable(key_id, project_id)
    try:
        return _unwrapped(row)
    except Unavailable:
        again = _usable(key_id, project_id)
        if again.master_id == row.master_id:
            raise
        return _unwrapped(again)


@sensitive_variables()
def give_material(key: Key) -> None:
    """New material for a new key, wrapped by the master key in use, in the caller's transaction. Raises Unavailable."""
    master = lock_master()
    secret = master_of(master)
    key.master, key.wrapped = master, secret.wrap(key.pk, os.urandom(SIZE_BYTES))


def lock_master() -> MasterKey:
    """The master key in use; no other comes into use until the transaction ends. Raises Unavailable.

    All rows are locked and the newest is asked for afterwards: whoever waited sees what was added.
    """
    if not MasterKey.objects.exists():
        MasterKey.objects.get_or_create(version=1, defaults={"fingerprint": first_master().fingerprint})
    locked_all(MasterKey.objects.all())
    return MasterKey.objects.latest("version")


def master_of(row: MasterKey) -> Master:
    """The master key of that number. Raises Unavailable: it is not at hand, and nothing is lost yet."""
    for master in known_masters():
        if master.fingerprint == row.fingerprint:
            return master
    raise Unavailable("master-key-missing", version=row.version, fingerprint=row.fingerprint)


def masters_needed() -> list[str]:
    """Fingerprints of the master key in use and of those that wrap keys."""
    rows = MasterKey.objects.filter(keys__wrapped__isnull=False).distinct()
    return sorted({row.fingerprint for row in (*rows, *MasterKey.objects.order_by("-version")[:1])})


def is_master_at_hand() -> Verdict:
    """Whether new keys can be made: the master key in use is there, or none was needed yet."""
    row = MasterKey.objects.order_by("-version").first()
    try:
        if row is None:
            known_masters()
        else:
            master_of(row)
    except Unavailable as error:
        return refuse_as(error.code, **error.values)
    return ALLOWED


def _usable(key_id: UUID, project_id: UUID) -> Key:
    key = Key.objects.select_related("master").filter(pk=key_id).first()
    if key is None or key.state == Key.State.DELETED:
        raise NotFound("key-gone", id=str(key_id))
    if key.project_id != project_id and not key.grants.filter(grantee=project_id).exists():
        raise Conflict("key-not-granted")
    if key.state != Key.State.ENABLED:
        raise Conflict("key-not-enabled", name=key.name)
    return key


@sensitive_variables()
def _unwrapped(key: Key) -> bytes:
    """The material of a row that has some: a constraint says that all but deleted ones do."""
    if key.master is None or key.wrapped is None:
        raise NotFound("key-gone", id=str(key.pk))
    return master_of(key.master).unwrap(key.pk, bytes(key.wrapped))
