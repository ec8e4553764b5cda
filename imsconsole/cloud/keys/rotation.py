"""Exchanging the master key. May be killed anywhere and be repeated: it finishes what was begun."""

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from imsconsole.cloud.keys.master import add_to_file, keep_only, masters_of_file, masters_of_settings
from imsconsole.cloud.keys.material import lock_master, master_of
from imsconsole.cloud.keys.wrap import Master, new_master
from imsconsole.cloud.models import Key, MasterKey
from imsconsole.core.locks import locked_all


@dataclass(frozen=True)
class Rotation:
    """What was done: the number of the master key in use, how many keys it wraps anew, how many were forgotten."""

    version: int
    rewrapped: int
    forgotten: int


def rotate() -> Rotation:
    """A new master key for all keys. Raises Unavailable when one that is needed is not at hand; nothing is changed.

    The new one is in the file, or the settings, before anything is wrapped by it; all keys are wrapped anew in
    one transaction, in which new ones wait; the old one is forgotten only when that is done.
    """
    with transaction.atomic():
        current, rewrapped = lock_master(), 0
        target = _target(current)
        if target is not None:
            current, rewrapped = _wrap_all(target, current.version + 1)
    with transaction.atomic():
        return Rotation(current.version, rewrapped, keep_only(lock_master().fingerprint))


@sensitive_variables()
def _target(current: MasterKey) -> Master | None:
    """The master key that is to come; None when only the old one is still to be forgotten, or nothing is asked."""
    master_of(current)
    if settings.IMS_MASTER_KEY:
        wanted = masters_of_settings()[0]
        return wanted if wanted.fingerprint != current.fingerprint else None
    there, used = masters_of_file(), set(MasterKey.objects.values_list("fingerprint", flat=True))
    if begun := [master for master in there if master.fingerprint not in used]:
        return begun[-1]
    if len(there) > 1:
        return None
    master = new_master()
    add_to_file(master)
    return master


@sensitive_variables()
def _wrap_all(target: Master, version: int) -> tuple[MasterKey, int]:
    """Every key that has material, by its own master key's hand into the target's."""
    master = MasterKey.objects.create(version=version, fingerprint=target.fingerprint)
    keys = locked_all(Key.objects.existing().select_related("master"))
    olds: dict[MasterKey | None, Master] = {
        row: master_of(row) for row in {key.master for key in keys} if row
    }
    for key in keys:
        key.wrapped = target.wrap(key.pk, olds[key.master].unwrap(key.pk, bytes(key.wrapped or b"")))
        key.master = master
    Key.objects.bulk_update(keys, ["wrapped", "master"], batch_size=500)
    return master, len(keys)
