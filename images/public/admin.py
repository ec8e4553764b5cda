"""For operators: fetching public images, and saying what becomes of them. Everything goes through the services."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import widgets
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from images.models import Image, PublicSource
from images.models.public import NOTE_LENGTH, ReleaseNote
from images.public import services
from images.public.catalogue import Entry, entries, keyring_of
from images.public.platform import platform_actor
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import User
from imsconsole.accounts.service_admin import ServiceAdmin, operator_in, operator_of
from imsconsole.core.each import do_each, tell_each
from imsconsole.core.errors import ImsError, NotFound
from imsconsole.core.now import now
from imsconsole.core.sentences import sentence_of
from imsconsole.jobs.models import Job
from imsconsole.jobs.rules import can_cancel, can_retry
from imsconsole.jobs.services import cancel_job, retry_job


def operator(request: HttpRequest) -> Actor:
    """The signed-in operator, acting for the platform."""
    assert isinstance(request.user, User)  # noqa: S101 - the admin lets nobody else in
    return platform_actor(request.user, request.META.get("REMOTE_ADDR", ""))


class DeprecationForm(forms.Form):
    on = forms.DateField(
        label=gettext_lazy("Deprecated on"),
        widget=widgets.AdminDateWidget,
        help_text=gettext_lazy("From this day on the image is not kept up any more. It stays usable."),
    )
    successor = forms.ChoiceField(
        label=gettext_lazy("Successor"),
        required=False,
        help_text=gettext_lazy("The image of this name in the same region is recommended instead."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = (
            Image.objects.filter(
                category=Image.Category.PUBLIC,
                status=Image.Status.ACTIVE,
                hidden=False,
                deprecated_on=None,
            )
            .order_by("name")
            .values_list("name", flat=True)
            .distinct()
        )
        choices = self.fields["successor"]
        assert isinstance(choices, forms.ChoiceField)  # noqa: S101 - declared above
        choices.choices = [("", gettext_lazy("None")), *((name, name) for name in names)]

    def apply(self, images: "QuerySet[Image]", actor: Actor) -> None:
        """Raises ImsError for the first that is refused."""
        for image in images:
            services.deprecate_image(
                image, on=self.cleaned_data["on"], successor=self._successor(image), actor=actor
            )

    def _successor(self, image: Image) -> Image | None:
        name = self.cleaned_data["successor"]
        if not name:
            return None
        others = Image.objects.filter(region=image.region, name=name, category=Image.Category.PUBLIC)
        found = others.filter(status=Image.Status.ACTIVE, hidden=False).first()
        if found is None:
            raise NotFound("successor-missing", name=name, region=str(image.region))
        return found


class ReleaseNoteForm(forms.Form):
    published_on = forms.DateField(
        label=gettext_lazy("Published on"), widget=widgets.AdminDateWidget, initial=lambda: now().date()
    )
    text = forms.CharField(
        label=gettext_lazy("What changed"), widget=widgets.AdminTextareaWidget, max_length=NOTE_LENGTH
    )
    text_zh = forms.CharField(
        label=gettext_lazy("What changed, in Chinese"),
        widget=widgets.AdminTextareaWidget,
        max_length=NOTE_LENGTH,
        required=False,
        help_text=gettext_lazy("Left empty, readers of Chinese see the text above."),
    )

    def apply(self, images: "QuerySet[Image]", actor: Actor) -> None:
        services.write_release_note(images=images, actor=actor, **self.cleaned_data)


class PublicImageActions(ServiceAdmin):
    """The actions of the list of images. They are about public ones; others are refused by name."""

    actions: Any = (
        "hide",
        "show",
        "release",
        "withhold",
        "protect",
        "unprotect",
        "deprecate",
        "undeprecate",
        "write_note",
    )

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("images.change_image"))

    @admin.action(description=gettext_lazy("Hide from the catalogue"), permissions=["operate"])
    def hide(self, request: HttpRequest, queryset: "QuerySet[Image]") -> None:
        self._each(request, queryset, services.hide_image)

    @admin.action(description=gettext_lazy("Show in the catalogue"), permissions=["operate"])
    def show(self, request: HttpRequest, queryset: "QuerySet[Image]") -> None:
        self._each(request, queryset, services.show_image)

    @admin.action(description=gettext_lazy("Release for copies and downloads"), permissions=["operate"])
    def release(self, request: HttpRequest, queryset: "QuerySet[Image]") -> None:
        self._each(request, queryset, services.release_image)

    @admin.action(description=gettext_lazy("Withhold from copies and downloads"), permissions=["operate"])
    def withhold(self, request: HttpRequest, queryset: "QuerySet[Image]") -> None:
        self._each(request, queryset, services.withhold_image)

    @admin.action(description=gettext_lazy("Protect"), permissions=["operate"])
    def protect(self, request: HttpRequest, queryset: "QuerySet[Image]") -> None:
        self._each(request, queryset, services.protect_image)

    @admin.action(description=gettext_lazy("Unprotect"), permissions=["operate"])
    def unprotect(self, request: HttpRequest, queryset: "QuerySet[Image]") -> None:
        self._each(request, queryset, services.unprotect_image)

    @admin.action(description=gettext_lazy("Deprecate …"), permissions=["operate"])
    def deprecate(self, request: HttpRequest, queryset: "QuerySet[Image]") -> HttpResponse | None:
        return self._ask(request, queryset, DeprecationForm, "deprecate", _("Deprecate public images"))

    @admin.action(description=gettext_lazy("Withdraw the deprecation"), permissions=["operate"])
    def undeprecate(self, request: HttpRequest, queryset: "QuerySet[Image]") -> None:
        self._each(request, queryset, services.undeprecate_image)

    @admin.action(description=gettext_lazy("Write a release note …"), permissions=["operate"])
    def write_note(self, request: HttpRequest, queryset: "QuerySet[Image]") -> HttpResponse | None:
        return self._ask(request, queryset, ReleaseNoteForm, "write_note", _("Write a release note"))

    def _each(self, request: HttpRequest, images: "QuerySet[Image]", service: Callable[..., Image]) -> None:
        """As the platform; of a private image as one of its project."""

        def act(image: Image) -> Image:
            actor = operator_in(request, image.project) if image.project else operator(request)
            return service(image, actor=actor)

        tell_each(request, do_each(images, act), done="%(names)s")

    def _ask(
        self,
        request: HttpRequest,
        images: "QuerySet[Image]",
        kind: type[DeprecationForm] | type[ReleaseNoteForm],
        action: str,
        title: str,
    ) -> HttpResponse | None:
        """A page between the list and the service. None: done, back to the list."""
        form = kind(request.POST if "apply" in request.POST else None)
        if form.is_bound and form.is_valid():
            try:
                form.apply(images, operator(request))
            except ImsError as error:
                form.add_error(None, sentence_of(error))
            else:
                self.message_user(request, title, messages.SUCCESS)
                return None
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "media": self.media + form.media,
            "form": form,
            "images": images.select_related("region"),
            "action": action,
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(
            request, "admin/images/act.html", context, status=422 if form.is_bound else 200
        )


@admin.register(ReleaseNote)
class ReleaseNoteAdmin(ServiceAdmin):
    """To look at; they are written by an action of the list of images."""

    list_display = ("published_on", "text", "created_by")
    search_fields = ("text", "text_zh", "images__name")
    list_select_related = ("created_by",)
    date_hierarchy = "published_on"
    fieldsets = (
        (None, {"fields": ("published_on", "text", "text_zh", "images")}),
        (gettext_lazy("Times"), {"fields": ("created_by", "created_at")}),
    )


@admin.register(PublicSource)
class PublicSourceAdmin(ServiceAdmin):
    """Its list is the catalogue's file, with what was made of each entry."""

    fieldsets = ((None, {"fields": ("key", "digest", "signed_by", "renewed_at")}),)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Of the list, whose buttons fetch, cancel and retry; a row is only looked at."""
        return obj is None and bool(request.user.has_perm("images.change_publicsource"))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            self._act(request)
            return HttpResponseRedirect(request.path)
        rows: list[dict[str, Any]] = []
        try:
            rows = _rows(request)
        except ImsError as error:
            self.message_user(request, sentence_of(error), messages.ERROR)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Catalogue of public images"),
            "opts": self.opts,
            "rows": rows,
            "may_act": self.has_change_permission(request),
        }
        return TemplateResponse(request, "admin/images/catalogue.html", context)

    def _act(self, request: HttpRequest) -> None:
        if not self.has_change_permission(request):
            raise PermissionDenied
        key = request.POST.get("key", "")
        try:
            actor = operator(request)
            if request.POST.get("do") == "fetch":
                services.fetch_public_image(
                    key=key, boot_modes=request.POST.getlist("boot_mode"), actor=actor
                )
            else:
                _change_job(key, request.POST.get("do", ""), actor)
        except ImsError as error:
            self.message_user(request, sentence_of(error), messages.ERROR)
        else:
            self.message_user(request, _("%(key)s: asked for.") % {"key": key}, messages.SUCCESS)


def _change_job(key: str, do: str, actor: Actor) -> None:
    """Cancel or retry the newest work on an entry. Raises NotFound, Refused."""
    source = PublicSource.objects.filter(key=key).first()
    job = Job.objects.about(source.pk).first() if source else None
    if job is None:
        raise NotFound
    (retry_job if do == "retry" else cancel_job)(job, actor=actor)


def checksum_said(entry: Entry, source: PublicSource | None) -> str:
    """What vouches for the file of an entry: of the newest that was fetched, else of the next."""
    if entry.is_built:
        return _("Packages signed by Debian")
    if entry.checksum:
        return _("Checksum of this catalogue")
    if keyring_of(entry) is None:
        return _("Checksum over TLS only") if entry.checksums.startswith("https:") else _("Checksum only")
    if source and source.signed_by:
        return _("Signed by %(fingerprint)s") % {"fingerprint": source.signed_by}
    return _("Must be signed by %(publisher)s") % {"publisher": entry.publisher}


def _rows(request: HttpRequest) -> list[dict[str, Any]]:
    """Every entry with the newest work on it. Raises CatalogueBroken."""
    sources = {source.key: source for source in PublicSource.objects.all()}
    ids = [source.pk for source in sources.values()]
    newest = {job.subject_id: job for job in Job.objects.about(*ids).order_by("created_at")}
    images = Image.objects.filter(source_id__in=ids, status=Image.Status.ACTIVE).order_by()
    counts = dict(images.values_list("source_id").annotate(Count("pk")))
    actor = operator_of(request)

    def row(entry: Entry) -> dict[str, Any]:
        pk = sources[entry.key].pk if entry.key in sources else None
        job = newest.get(pk) if pk else None
        return {
            "entry": entry,
            "job": job,
            "checksum": checksum_said(entry, sources.get(entry.key)),
            "images_count": counts.get(pk, 0),
            "can_cancel": can_cancel(job, actor) if job else None,
            "can_retry": can_retry(job, actor) if job else None,
        }

    return [row(entry) for entry in entries()]
