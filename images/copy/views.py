"""Copy one or several images: which kind of copy, where to and under which names, and once more before it begins."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from images.copy.forms import CopyAcrossForm, CopyForm, CopyHereForm
from images.copy.rules import COPY_FACTS, Copy, CopyAcross, can_copy, can_copy_across
from images.copy.services import copy_image, copy_image_across
from images.fields.forms import ConfirmForm
from images.models import Image
from images.selection.chosen import chosen_images
from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.drafts import begin_draft, find_draft
from imsconsole.core.each import do_each, tell_each
from imsconsole.core.rules import Verdict
from imsconsole.core.selection import Partition, split_by
from imsconsole.core.wizard import DraftWizard
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import quota_lines

WIZARD = "images.copy"
TITLES = {
    "kind": gettext_lazy("Kind of copy"),
    "target": gettext_lazy("Target"),
    "confirm": gettext_lazy("Confirm"),
}
MOST_AT_ONCE = 100
BEGUN = ngettext_lazy("%(n)s copy is being made: %(names)s.", "%(n)s copies are being made: %(names)s.", "n")


@dataclass(frozen=True)
class Kind:
    """A kind of copy: whether an image can be copied so, what is asked, and what begins it."""

    key: str
    title: str | Promise
    meaning: str | Promise
    rule: Callable[[Image, Actor], Verdict]
    form: type[CopyForm]
    target_template: str


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


@dataclass(frozen=True)
class CopyWay:
    """A kind of copy and which of the images can be copied so."""

    kind: Kind
    partition: Partition[Image]


@form_view
def copy(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """Step 1 for one image."""
    image = get_object_or_404(_images(request.actor), pk=image_id)
    if request.method == "POST" and (kind := KINDS.get(request.POST.get("kind", ""))):
        kind.rule(image, request.actor).require()
    return _choose_kind(request, [image], reverse("images:copy", args=[image.pk]), image.get_absolute_url())


@form_view
def copy_several(request: ActorRequest) -> HttpResponse:
    """Step 1 for the images that were chosen in the list."""
    state = request.POST.get("state", "") or "tab=private"
    back = f"{reverse('images:list')}?{state}"
    chosen = chosen_images(request.POST, request.actor).with_facts(request.actor, *COPY_FACTS)
    images = list(chosen.select_related("key")[:MOST_AT_ONCE])
    if request.method == "POST" and not images:
        messages.warning(request, _("No image is selected. Tick the images you want to copy first."))
    if not images:
        return redirect(back)
    if len(images) == 1 and "kind" not in request.POST:
        return redirect("images:copy", images[0].pk)
    return _choose_kind(request, images, reverse("images:copy-several"), back)


def _choose_kind(request: ActorRequest, images: list[Image], url: str, back: str) -> HttpResponse:
    """The kinds with what keeps some of the images back; the chosen one begins a draft."""
    ways = {key: CopyWay(kind, _part(images, kind, request.actor)) for key, kind in KINDS.items()}
    way = ways.get(request.POST.get("kind", ""))
    if way and way.partition.allowed:
        ids = [str(image.pk) for image in way.partition.allowed]
        draft = begin_draft(WIZARD, request.actor, images=ids, kind=way.kind.key, back=back)
        return redirect("images:copy-step", draft_id=draft.pk, step="target")
    possible = [way.kind.key for way in ways.values() if way.partition.allowed]
    context = {
        "active": "images",
        "images": images,
        "ways": list(ways.values()),
        "chosen": request.POST.get("kind") or (possible[0] if possible else ""),
        "is_possible": bool(possible),
        "pick": ",".join(str(image.pk) for image in images),
        "state": request.POST.get("state", ""),
        "url": url,
        "back_url": back,
        "steps": list(TITLES.items()),
        "current": "kind",
    }
    return render(request, "images/copy/copy.html", context, status=422 if "kind" in request.POST else 200)


def _part(images: Sequence[Image], kind: Kind, actor: Actor) -> Partition[Image]:
    return split_by(images, lambda image: kind.rule(image, actor))


def _images(actor: Actor) -> Any:
    images = Image.objects.visible_to(actor).with_facts(actor, *COPY_FACTS)
    return images.select_related("key", "region", "backup").prefetch_related("disks")


class CopyWizard(DraftWizard):
    """Steps 2 and 3, on a draft that knows its images and the kind of copy."""

    form_list = [("target", CopyForm), ("confirm", ConfirmForm)]
    storage_name = "imsconsole.accounts.drafts.DraftStorage"
    url_name = "images:copy-step"
    done_step_name = "done"
    titles = TITLES
    template_names: ClassVar[dict[str, str]] = {
        "target": "images/copy/target.html",
        "confirm": "images/copy/confirm.html",
    }
    images: list[Image]
    kind: Kind
    back: str

    def dispatch(self, request: ActorRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        draft = request.draft = find_draft(WIZARD, kwargs["draft_id"], request.actor)  # type: ignore[attr-defined]
        self.kind, self.back = KINDS[draft.data["kind"]], draft.data["back"]
        found = {str(image.pk): image for image in _images(request.actor).filter(pk__in=draft.data["images"])}
        self.images = [found[pk] for pk in draft.data["images"] if pk in found]
        partition = _part(self.images, self.kind, request.actor)
        if not self.images or partition.refused:
            gone = _("The image was deleted meanwhile, or is not shared any more.")
            messages.warning(request, str(partition.refused[0][1].reason if partition.refused else gone))
            return redirect(self.back if self.images else "images:list")
        return super().dispatch(request, *args, **kwargs)

    def get_form(self, step: str | None = None, data: Any = None, files: Any = None) -> Any:
        """The form of the target is that of the kind of copy."""
        if (step or self.steps.current) != "target":
            return super().get_form(step, data, files)
        prefix = self.get_form_prefix("target", CopyForm)
        return self.kind.form(data, prefix=prefix, images=self.images, actor=self.request.actor)

    def get_context_data(self, form: Any, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(form=form, **kwargs)
        if self.steps.current == "confirm":
            context |= self._order()
        images = self.images
        return context | {"active": "images", "images": images, "kind": self.kind, "back_url": self.back}

    def _order(self) -> dict[str, Any]:
        given = self.get_cleaned_data_for_step("target") or {}
        named = zip(self.images, given.get("names", []), strict=True)
        if target := given.get("target"):
            across = [CopyAcross(image, name, target, given.get("vault")) for image, name in named]
            quotas = [order.quota for order in across]
            return {"copies": across, "given": given, "quotas": quota_lines(target, _sum(quotas))}
        here = [Copy(image, name, given.get("key")) for image, name in named]
        wanted = _sum([order.quota(self.request.actor) for order in here])
        return {
            "copies": here,
            "given": given,
            "quotas": quota_lines(self.request.actor.project, wanted),
            "are_links": all(order.is_link for order in here),
            "decrypted": [order for order in here if order.image.key_id and not order.key],
        }

    def done(self, form_list: Any, form_dict: dict[str, Any], **kwargs: Any) -> HttpResponse:
        """Each on its own, so that one that is refused by now does not keep the others back."""
        given = form_dict["target"].cleaned_data
        named = list(zip(self.images, given["names"], strict=True))
        outcome = do_each(named, lambda pair: self._copy(*pair, given))
        tell_each(self.request, outcome, done=BEGUN, name=lambda pair: pair[1])
        if not outcome.done:
            return redirect(self.get_step_url("target"))
        self.storage.draft.delete()
        return self._after([line.result for line in outcome.done if line.result])

    def _copy(self, image: Image, name: str, given: dict[str, Any]) -> Image:
        actor, description = self.request.actor, given.get("description", image.description)
        if target := given.get("target"):
            order = {"target": target, "vault": given.get("vault"), "name": name, "description": description}
            return copy_image_across(image, **order, actor=actor)
        return copy_image(image, name=name, description=description, key=given["key"], actor=actor)

    def _after(self, made: list[Image]) -> HttpResponse:
        """To the copy, or to what is being done where it is not seen from here."""
        if self.kind.key == "across":
            job = Job.objects.about(made[0].pk).first()
            return redirect(job if job and len(made) == 1 else "jobs:list")
        return redirect(made[0] if len(made) == 1 else f"{reverse('images:list')}?tab=private")


def _sum(quotas: list[dict[str, int]]) -> dict[str, int]:
    return {name: sum(quota[name] for quota in quotas) for name in quotas[0]} if quotas else {}


copy_step = form_view(CopyWizard.as_view(url_name=CopyWizard.url_name, done_step_name="done"))
