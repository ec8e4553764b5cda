"""What a schedule will keep as its form is filled in now, and the most that takes of its vault."""

from django.utils.translation import gettext as _

from imsconsole.cloud.models import Vault
from imsconsole.cloud.schedules.forms import ScheduleForm, servers_with_size
from imsconsole.core.query_string import id_of, row_of
from imsconsole.core.summary import Summary
from imsconsole.core.text import size
from imsconsole.engine.types import GIB


def summary_of_schedule(form: ScheduleForm) -> Summary:
    """Of what is chosen so far, sent or not."""
    keys = {key for each in form["servers"].value() or () if (key := id_of(each))}
    sizes = [server.disks_gb for server in servers_with_size(form.actor).filter(pk__in=keys)]  # type: ignore[attr-defined]
    keep = str(form["keep"].value() or "")
    kept = int(keep) if keep.isdecimal() and len(keep) <= 2 else 0
    # the new ones are there before the oldest go
    most_bytes = sum(sizes) * (kept + 1) * GIB
    facts = [
        (_("Servers"), len(sizes)),
        (_("Backups kept"), len(sizes) * kept),
        (_("They take at most"), size(sum(sizes) * kept * GIB)),
        (_("While new ones are made"), size(most_bytes)),
    ]
    vaults = form.fields["vault"].queryset  # type: ignore[attr-defined]
    if vault := row_of(vaults, form["vault"].value()) or vaults.first():
        facts.append((_("Left in the vault"), _left(vault, most_bytes)))
    return Summary(facts, quota={"store_bytes": most_bytes})


def _left(vault: Vault, most_bytes: int) -> str:
    left = max(0, vault.capacity_bytes - vault.used_bytes)
    if most_bytes <= left:
        return size(left)
    return _(
        "%(free)s: should the backups become as large as their disks, the schedule waits until there is room"
    ) % {"free": size(left)}
