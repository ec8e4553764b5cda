"""May the file at an address be fetched, to become an image? (ims-facts §2.4)"""

from django.utils.translation import gettext_lazy as _

from images.create.from_object.rules import has_fit_format
from images.fetch.addresses import file_policy, name_in
from images.models import Upload
from images.uploads.rules import can_upload
from imsconsole.accounts.actor import Actor
from imsconsole.core.addresses import AddressRefused
from imsconsole.core.downloads import check_address
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.core.sentences import refuse_as

MOST_WAITING = 20  # of a project
URL_LENGTH = 2000


def can_fetch_url(url: str, actor: Actor, *, checksums: str = "") -> Verdict:
    """Who, the addresses as far as they show it, format, what is left of quota and room; size and host are found out later."""
    return (
        can_upload(actor, 1)
        and is_open_address(url)
        and (is_open_address(checksums) if checksums else ALLOWED)
        and has_fit_format(name_in(url))
        and _is_not_one_too_many(actor)
    )


def is_open_address(url: str) -> Verdict:
    """http or https, without a password, and leading to no address that is not public."""
    if len(url) > URL_LENGTH:
        return refuse("url-too-long", _("The address is longer than %(most)s characters."), most=URL_LENGTH)
    try:
        check_address(url, file_policy().allowed_hosts)
    except AddressRefused as error:
        return refuse_as(error.code, **error.values)
    return ALLOWED


def _is_not_one_too_many(actor: Actor) -> Verdict:
    waiting = Upload.objects.filter(project=actor.project, state=Upload.State.RECEIVING).exclude(url="")
    if waiting.count() < MOST_WAITING:
        return ALLOWED
    return refuse(
        "too-many-fetches",
        _(
            "%(most)s files are being fetched for this project already. Wait until one has arrived, or cancel it."
        ),
        most=MOST_WAITING,
    )
