"""What is typed about shares, and what narrows their lists."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

import django_filters as filters
from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Vault
from imsconsole.core.filters import ListFilter
from imsconsole.core.now import now
from imsconsole.core.rules import Verdict
from sharing.endings import COPIES, NOTICE, NOW
from sharing.models import Share, ShareQuerySet
from sharing.orders import fits_order, ids_in
from sharing.rules import MOST_IDS, is_day_of_notice, vaults_for

USUAL_NOTICE = timedelta(days=7)


class ShareForm(forms.Form):
    """The projects that get the images; cleaned, `projects` are the words that were typed.

    `keys` are the names of those that can be granted to them.
    """

    projects = forms.CharField(
        label=_("Project IDs"),
        widget=forms.Textarea({"rows": 4, "class": "mono", "spellcheck": "false", "autocomplete": "off"}),
    )
    grants_key = forms.BooleanField(
        required=False,
    )

    def __init__(self, *args: Any, images: int, keys: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.images = images
        self.fields["projects"].help_text = _(
            "Up to %(most)s, with commas between them or one in a line. Members of a project find its ID on their page "
            "Project."
        ) % {"most": MOST_IDS}
        if not keys:
            del self.fields["grants_key"]
            return
        count, grant = len(keys), self.fields["grants_key"]
        grant.label = ngettext(
            "Grant these projects the key as well", "Grant these projects the keys as well", count
        )
        grant.help_text = ngettext(
            "They may then decrypt with %(keys)s. Without the key an encrypted image is of no use to them.",
            "They may then decrypt with %(keys)s. Without the keys an encrypted image is of no use to them.",
            count,
        ) % {"keys": ", ".join(keys)}

    def clean_projects(self) -> list[str]:
        typed = ids_in(self.cleaned_data["projects"])
        if not (verdict := fits_order(self.images, len(typed))):
            raise forms.ValidationError(str(verdict.reason), verdict.code)
        return typed


class VaultForm(forms.Form):
    """The vault a full-ECS image is received with (R55)."""

    vault = forms.ModelChoiceField(
        Vault.objects.none(),
        label=_("Vault"),
        help_text=_("Vaults of this project with room for all disks of the image."),
    )

    def __init__(self, *args: Any, share: Share, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fitting = [vault.pk for vault in vaults_for(share, actor)]
        self.fields["vault"].queryset = Vault.objects.filter(pk__in=fitting)  # type: ignore[attr-defined]


class Ways(forms.RadioSelect):
    """Ways to go; one that is refused is shown with its reason."""

    refused: Mapping[str, Verdict] = {}

    def create_option(self, name: str, value: Any, label: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, label, *args, **kwargs)
        if (verdict := self.refused.get(str(value))) is not None:
            option["attrs"] |= {"disabled": True, "aria-disabled": "true"}
            option["label"] = f"{label} – {verdict.reason}"
        return option


class StopForm(forms.Form):
    """How a share ends: on a day that is named to the receiver, with a copy for it, or now (R86).

    `refused` says of those ways that cannot be gone why.
    """

    ways: ClassVar[Sequence[tuple[str, Any]]] = (
        (NOTICE, _("Tell them, and stop on a day")),
        (COPIES, _("Give each its own copy, and then stop")),
        (NOW, _("Stop now")),
    )

    how = forms.ChoiceField(label=_("How"), widget=Ways)
    ends_at = forms.DateTimeField(
        label=_("Shared until"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_(
            "Only when you tell them. In your time zone; until then they go on using the image and may copy it."
        ),
    )

    def __init__(self, *args: Any, refused: Mapping[str, Verdict], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.refused = refused
        self.fields["how"].widget.refused = refused
        self.fields["how"].choices = self.ways  # type: ignore[attr-defined]
        first = next(way for way, _label in self.ways if way not in refused)
        self.initial = {"how": first, "ends_at": now() + USUAL_NOTICE, **self.initial}

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if (refusal := self.refused.get(typed.get("how", ""))) is not None:
            self.add_error("how", str(refusal.reason))
        elif typed.get("how") == NOTICE and "ends_at" in typed:
            if not typed["ends_at"]:
                self.add_error("ends_at", _("Choose the day on which sharing ends."))
            elif not (verdict := is_day_of_notice(typed["ends_at"])):
                self.add_error("ends_at", str(verdict.reason))
        return typed


class DeleteForm(StopForm):
    """The same before a shared image is deleted."""

    ways = (
        (NOTICE, _("Tell them, and delete the image on a day")),
        (COPIES, _("Give each its own copy, and delete the image when all have one")),
        (NOW, _("Stop sharing and delete the image now")),
    )

    delete_backups = forms.BooleanField(
        label=_("Delete its cloud server backup as well, when it is removed for ever"), required=False
    )

    def __init__(self, *args: Any, image: Image, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if image.type != Image.Type.FULL:
            del self.fields["delete_backups"]


class InboxFilter(ListFilter):
    """Filters of what is shared with a project."""

    calm = ("q",)

    q = filters.CharFilter(
        label=_("Image or project"),
        method="search",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Image or project")}),
    )

    class Meta:
        model = Share
        fields = ("q",)

    def search(self, queryset: ShareQuerySet, _field: str, text: str) -> ShareQuerySet:
        """Part of the image's or the owner's name, or of an ID."""
        names = Q(image__name__icontains=text) | Q(owner__account__name__icontains=text)
        return queryset.filter(names | Q(image__id__icontains=text) | Q(owner__id__icontains=text))
