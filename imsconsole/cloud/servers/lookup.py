"""A server by the ID in an address."""

import uuid

from django.shortcuts import get_object_or_404

from imsconsole.accounts.access import ActorRequest
from imsconsole.cloud.models import Server


def find_server(request: ActorRequest, server_id: uuid.UUID) -> Server:
    """The actor's server, or 404."""
    servers = Server.objects.visible_to(request.actor).existing()
    related = ("flavor", "image__os_version", "zone", "key_pair", "project__region", "project__account")
    return get_object_or_404(servers.select_related(*related), pk=server_id)
