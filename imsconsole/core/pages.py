"""From a thing that is known by kind and ID to its page, which may be a higher room's: through its URL name."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.urls import NoReverseMatch, reverse

# model name → URL name of the page of one such thing
PAGES = {
    "image": "images:detail",
    "server": "servers:detail",
    "disk": "disks:detail",
    "job": "jobs:detail",
    "key": "keys:detail",
    "upload": "uploads:detail",
    "download": "images:download-of",
    "share": "sharing:detail",
    "bucket": "buckets:detail",
    "bucketobject": "buckets:object",
    "vault": "vaults:detail",
    "backup": "backups:detail",
    "backupschedule": "schedules:detail",
    "userdata": "userdata:edit",
    "publisher": "market:publisher",
    "listing": "market:detail",
    "listingversion": "market:version",
}


def page_of(kind: str, pk: Any) -> str:
    """The address of a thing's page; empty when things of its kind have none. Whether it still exists is not asked."""
    try:
        return reverse(PAGES[kind], args=[pk])
    except (KeyError, NoReverseMatch):
        return ""


def pages_found(things: Iterable[tuple[str, Any]], actor: Any) -> dict[tuple[str, str], str]:
    """The addresses of the pages that the actor finds, by kind and ID: of what is gone there is none.

    A query for each kind, however many things there are.
    """
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for kind, pk in things:
        if page_of(kind, pk):
            wanted[kind].add(str(pk))
    models = {model._meta.model_name: model for model in apps.get_models()}
    found: dict[tuple[str, str], str] = {}
    for kind, pks in wanted.items():
        rows: Any = models[kind]._default_manager.filter(pk__in=pks)
        rows = rows.visible_to(actor)
        rows = rows.existing() if hasattr(rows, "existing") else rows
        found |= {(kind, str(pk)): page_of(kind, pk) for pk in rows.values_list("pk", flat=True)}
    return found
