"""A server by the ID in an address, and several by those that were ticked."""

import uuid

from django.db.models import QuerySet
from django.http import QueryDict
from django.shortcuts import get_object_or_404

from imsconsole.accounts.access import ActorRequest
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.keys.rules import with_locked_disks
from imsconsole.cloud.models import Server
from imsconsole.core.selection import picked_ids


def find_server(request: ActorRequest, server_id: uuid.UUID) -> Server:
    """The actor's server, or 404."""
    servers = Server.objects.visible_to(request.actor).existing()
    related = ("flavor", "image__os_version", "zone", "key_pair", "project__region", "project__account")
    return get_object_or_404(servers.select_related(*related), pk=server_id)


def chosen_servers(data: QueryDict, actor: Actor) -> QuerySet[Server]:
    """What was ticked in the list, with what rules read of each."""
    return with_locked_disks(Server.objects.for_change(actor).filter(pk__in=picked_ids(data)))
