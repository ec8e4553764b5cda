"""The first steps of a newcomer, in the order they are needed."""

from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from images.fields.rules import can_import
from images.models import Image
from images.selection.tabs import PUBLIC, of_kind
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.models import KeyPair
from imsconsole.core.paging import Total
from imsconsole.core.rules import ALLOWED, Verdict


@dataclass(frozen=True)
class StepWay:
    """A button of a step."""

    label: str
    url: str
    verdict: Verdict = ALLOWED


@dataclass(frozen=True)
class Step:
    """A step: why, the ways to do it, whether it was done, and whether it is the first that was not."""

    title: str
    text: str
    ways: tuple[StepWay, ...]
    is_done: bool = False
    is_next: bool = False


def first_steps(actor: Actor, own_images: int) -> list[Step]:
    """Key pair, image, server; two queries. `own_images`: how many private images the project has."""
    steps = [_key_pair(actor), _image(actor, own_images), _server(actor)]
    next_step = next(step for step in steps if not step.is_done)
    return [replace(step, is_next=step is next_step) for step in steps]


def _key_pair(actor: Actor) -> Step:
    return Step(
        _("Make a key pair"),
        _("With it you sign in to your servers over SSH, without a password."),
        (StepWay(_("Create key pair"), reverse("keypairs:create"), may_write(actor)),),
        KeyPair.objects.visible_to(actor).exists(),
    )


def _image(actor: Actor, own_images: int) -> Step:
    ready = Total.of(of_kind(PUBLIC, actor).filter(status=Image.Status.ACTIVE))
    text = ngettext(
        "%(number)s public image is ready to use. Or bring a disk file or an ISO of your own.",
        "%(number)s public images are ready to use. Or bring a disk file or an ISO of your own.",
        ready,
    )
    ways = (
        StepWay(_("Public images"), f"{reverse('images:list')}?tab=public"),
        StepWay(_("Import image"), reverse("images:create"), can_import(actor)),
    )
    return Step(_("Choose an image"), capfirst(text % {"number": ready}), ways, own_images > 0)


def _server(actor: Actor) -> Step:
    return Step(
        _("Create a server"),
        _("It takes seconds, however large the image is: the server shares the image's bytes."),
        (StepWay(_("Create server"), reverse("servers-create"), may_write(actor)),),
    )
