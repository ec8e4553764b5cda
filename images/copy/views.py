"""Copy one or several images: which kind of copy, where to and under which names, and once more before it begins."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from images.copy.forms import CopyAcrossForm, CopyForm, CopyHereForm
from images.copy.rules import COPY_FACTS, Copy, CopyAcross, can_copy, can_copy_across
from images.copy.services import copy_image, copy_image_across
from images.models import Image, ImageQuerySet
from images.selection.chosen import chosen_images
from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Draft
from imsconsole.accounts.wizards import Made, Typed, Wizard, leave_for
from imsconsole.core.each import tell_each
from imsconsole.core.rules import Verdict
from imsconsole.core.selection import Partition, split_by
from imsconsole.jobs.models import Job

COPY = Wizard(
    "images.copy",
    gettext_lazy("Copy image"),
    "images:copy",
    {
        "kind": gettext_lazy("Kind of copy"),
        "target": gettext_lazy("Target"),
        "confirm": gettext_lazy("Confirm"),
    },
)
MOST_AT_ONCE = 100
BEGUN = ngettext_lazy("%(n)s copy is being made: %(names)s.", "%(n)s copies are being made: %(names)s.", "n")


@dataclass(frozen=True)
class Kind:
    """A kind of copy: whether an image can be copied so, and what is asked."""

    key: str
    title: str | Promise
    meaning: str | Promise
    rule: Callable[[Image, Actor], Verdict]
    form: type[CopyForm]
    target_template: str

    def split(self, images: Sequence[Image], actor: Actor) -> Partition[Image]:
        return split_by(images, lambda image: self.rule(image, actor))


KINDS = {
    "here": Kind(
        "here",
        gettext_lazy("In this region"),
        gettext_lazy(
            "A second image in this project, independent of the first one. It can be encrypted, decrypted or "
            "encrypted with another key; else it is there at once."
        ),
        can_copy,
        CopyHereForm,
        "images/copy/_here.html",
    ),
    "across": Kind(
        "across",
        gettext_lazy("To another region"),
        gettext_lazy(
            "An image in a project of this account in another region, whose quotas it takes. Its bytes are brought "
            "there and compared at the end; it takes a while. A full-ECS image goes into a vault there."
        ),
        can_copy_across,
        CopyAcrossForm,
        "images/copy/_across.html",
    ),
}


class CopyOrder:
    """A draft with its images that are still there, and the kind of copy."""

    def __init__(self, draft: Draft, actor: Actor) -> None:
        self.actor, self.kind, self.back = actor, KINDS[draft.data["kind"]], draft.data["back"]
        found = {str(image.pk): image for image in _images(actor).filter(pk__in=draft.data["images"])}
        self.begun = COPY.begun(draft)
        self.images = [found[pk] for pk in draft.data["images"] if pk in found]

    def problem(self) -> str:
        """Why it cannot go on; empty when it can."""
        if not self.images:
            return _("The image was deleted meanwhile, or is not shared any more.")
        refused = self.kind.split(self.images, self.actor).refused
        return str(refused[0][1].reason) if refused else ""

    def form(self, typed: Typed) -> CopyForm:
        return self.kind.form(typed, prefix="target", images=self.images, actor=self.actor, begun=self.begun)

    def read_again(self, given: dict[str, Any]) -> dict[str, Any]:
        """What will be copied."""
        named = zip(self.images, given["names"], strict=True)
        if target := given.get("target"):
            across = [CopyAcross(image, name, target, given.get("vault")) for image, name in named]
            return {"copies": across, "given": given}
        here = [Copy(image, name, given["key"]) for image, name in named]
        return {
            "copies": here,
            "given": given,
            "are_links": all(order.is_link for order in here),
            "decrypted": [order for order in here if order.image.key_id and not order.key],
        }

    def copy(self, image: Image, name: str, given: dict[str, Any]) -> str:
        """Begin one; its ID."""
        description = given.get("description", image.description)
        if target := given.get("target"):
            order = {"target": target, "vault": given.get("vault"), "name": name, "description": description}
            return str(copy_image_across(image, **order, actor=self.actor).pk)
        copied = copy_image(image, name=name, description=description, key=given["key"], actor=self.actor)
        return str(copied.pk)


@form_view
def copy(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """Step 1 for one image."""
    image = get_object_or_404(_images(request.actor), pk=image_id)
    if request.method == "POST" and (kind := KINDS.get(request.POST.get("kind", ""))):
        kind.rule(image, request.actor).require()
    return _choose_kind(request, [image], image.get_absolute_url())


@form_view
def copy_several(request: ActorRequest) -> HttpResponse:
    """Step 1 for the images that were chosen in the list."""
    back = f"{reverse('images:list')}?{request.POST.get('state', '') or 'tab=private'}"
    chosen = chosen_images(request.POST, request.actor).with_facts(request.actor, *COPY_FACTS)
    images = list(chosen.select_related("key")[:MOST_AT_ONCE])
    if request.method == "POST" and not images:
        messages.warning(request, _("No image is selected. Tick the images you want to copy first."))
    if not images:
        return redirect(back)
    if len(images) == 1 and "kind" not in request.POST:
        return redirect("images:copy", images[0].pk)
    return _choose_kind(request, images, back)


def _choose_kind(request: ActorRequest, images: list[Image], back: str) -> HttpResponse:
    """The kinds with what keeps some of the images back; the chosen one begins a draft."""
    ways = [(kind, kind.split(images, request.actor)) for kind in KINDS.values()]
    asked = request.POST.get("kind", "")
    for kind, partition in ways:
        if kind.key == asked and partition.allowed:
            ids = [str(image.pk) for image in partition.allowed]
            return COPY.go(COPY.begin(request.actor, images=ids, kind=kind.key, back=back), "target")
    possible = [kind.key for kind, partition in ways if partition.allowed]
    context = {
        **_shown(images, back),
        "heading": _heading(images),
        "ways": ways,
        "chosen": asked or request.GET.get("kind") or (possible[0] if possible else ""),
        "is_dead_end": not possible,
        "pick": ",".join(str(image.pk) for image in images),
        "state": request.POST.get("state", ""),
    }
    return COPY.page(request, "images/copy/copy.html", "kind", status=422 if asked else 200, **context)


@COPY.step
def target(request: ActorRequest, draft: Draft) -> HttpResponse:
    """Step 2: where to, and under which names."""
    order = CopyOrder(draft, request.actor)
    if problem := order.problem():
        return _turn_back(request, order, problem)
    form = order.form(COPY.typed(request, draft, "target"))
    if COPY.takes(request, draft, "target", form):
        return COPY.go(draft, "confirm")
    before = _first_url(order)
    return _page(request, "target", order, form, back_url=before, summary=form.summary())


@COPY.step
def confirm(request: ActorRequest, draft: Draft) -> HttpResponse:
    """Step 3: read once more."""
    order = CopyOrder(draft, request.actor)
    if problem := order.problem():
        return _turn_back(request, order, problem)
    form = order.form(COPY.kept(draft, "target"))
    if not form.is_valid():
        return COPY.go(draft, "target")
    if request.method != "POST":
        before = COPY.url(draft, "target")
        again = order.read_again(form.cleaned_data)
        return _page(request, "confirm", order, back_url=before, summary=form.summary(), **again)
    given = form.cleaned_data
    named = zip(order.images, given["names"], strict=True)
    outcome = COPY.each(
        draft, {str(image.pk): (image, name) for image, name in named}, lambda pair: order.copy(*pair, given)
    )
    tell_each(request, outcome, done=BEGUN, name=lambda pair: pair[1])
    made = list(Image.objects.filter(pk__in=[line.result for line in outcome.done]))
    if not made:
        COPY.try_again(draft)
        return COPY.go(draft, "target")
    return COPY.finish(request, draft, lambda: Made(_url_of(made, order.kind)))


def _url_of(made: list[Image], kind: Kind) -> str:
    """The page of the copy, or of what is being done where it is not seen from here."""
    if kind.key == "across":
        job = Job.objects.about(made[0].pk).first() if len(made) == 1 else None
        return job.get_absolute_url() if job else reverse("jobs:list")
    return made[0].get_absolute_url() if len(made) == 1 else f"{reverse('images:list')}?tab=private"


def _turn_back(request: ActorRequest, order: CopyOrder, problem: str) -> HttpResponse:
    messages.warning(request, problem)
    return leave_for(request, order.back if order.images else reverse("images:list"))


def _page(
    request: ActorRequest, step: str, order: CopyOrder, form: Form | None = None, **context: Any
) -> HttpResponse:
    shown = _shown(order.images, order.back)
    context = {**shown, "heading": order.kind.title, "kind": order.kind, **context}
    return COPY.page(request, f"images/copy/{step}.html", step, form, **context)


def _shown(images: Sequence[Image], back: str) -> dict[str, Any]:
    crumbs = [(f"{reverse('images:list')}?tab=private", _("Private images"))]
    crumbs += [(image.get_absolute_url(), image.name) for image in images if len(images) == 1]
    return {"active": "images", "images": images, "crumbs": crumbs, "cancel_url": back}


def _heading(images: Sequence[Image]) -> str:
    if len(images) == 1:
        text = _("Copy the shared image %(name)s") if images[0].is_received else _("Copy %(name)s")
        return text % {"name": images[0].name}
    return ngettext("Copy %(n)s image", "Copy %(n)s images", len(images)) % {"n": len(images)}


def _first_url(order: CopyOrder) -> str:
    """Step 1, this kind chosen; of several images it has no address."""
    if len(order.images) > 1:
        return ""
    return f"{reverse('images:copy', args=[order.images[0].pk])}?kind={order.kind.key}"


def _images(actor: Actor) -> ImageQuerySet:
    images = Image.objects.visible_to(actor).with_facts(actor, *COPY_FACTS)
    return images.select_related("key", "region", "backup").prefetch_related("disks")
