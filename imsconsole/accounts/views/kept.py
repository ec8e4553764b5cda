"""Leave a form for something that it misses."""

from dataclasses import dataclass

from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.access import ActorRequest, NotInProject, post_view
from imsconsole.accounts.actor import actor_in
from imsconsole.accounts.kept_forms import is_form_of_ours, keep_form, waits_at
from imsconsole.accounts.wizards import leave_for
from imsconsole.core.project_urls import in_project
from imsconsole.core.query_string import id_of


@dataclass(frozen=True)
class Missed:
    """What may be missing: where it is made (a URL name, of a higher room as well), and what leads there."""

    urls: str
    label: str | Promise


MISSED = {
    "vault": Missed("vaults:create", _("Create vault")),
    "bucket": Missed("buckets:create", _("Create bucket")),
    "key": Missed("keys:create", _("Create key")),
    "key-pair": Missed("keypairs:create", _("Create key pair")),
    "user-data": Missed("userdata:create", _("Save user data")),
    "agency": Missed("project", _("Create agency")),
}


@post_view
def leave_form(request: ActorRequest) -> HttpResponse:
    """Keep what was typed, and lead to where what it misses is made; in another project if that is asked for."""
    missed = MISSED.get(request.GET.get("what", ""))
    back = (request.htmx.current_url_abs_path if request.htmx else "") or request.GET.get("back", "")
    if missed is None or not is_form_of_ours(back):
        raise SuspiciousOperation("a form that is not ours")
    url = reverse(missed.urls)
    if project := request.GET.get("project"):
        if not ((key := id_of(project)) and actor_in(request.user, key)):
            raise NotInProject
        url = in_project(key, url)
    return leave_for(request, waits_at(url, keep_form(request, back, request.GET.get("field", ""))))
