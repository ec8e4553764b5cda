"""The forms of the copy wizard."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from images.copy.rows import free_names, taken_names
from images.copy.rules import Copy, fits_key, may_be_backed_up, may_be_placed, new_bytes
from images.fields.forms import DescriptionField, NameField, fitting_name
from images.models import Image
from imsconsole.accounts.actor import Actor, projects_elsewhere
from imsconsole.accounts.models import Project
from imsconsole.cloud.models import Key, Vault
from imsconsole.core.forms import RuledChoiceField
from imsconsole.core.pickers import PickerField, PickingForm
from imsconsole.core.rules import ALLOWED, Verdict, first_refusal
from imsconsole.core.summary import Summary
from imsconsole.core.text import size
from imsconsole.jobs.quotas import fits_quota

NOT_ENCRYPTED = gettext_lazy("Not encrypted")
NAME = "name-"
MOST_WAYS = 5  # to other projects, where something is missing


class VaultField(forms.ModelChoiceField):
    """A vault, with what is left in it and where it is."""

    def label_from_instance(self, vault: Any) -> str:
        left = size(max(0, vault.capacity_bytes - vault.used_bytes))
        return _("%(vault)s (%(left)s left) · %(place)s") % {
            "place": f"{vault.project.region} · {vault.project}",
            "vault": vault,
            "left": left,
        }


class ProjectPicker(PickerField):
    """A project of the account, with where it is."""

    heads: ClassVar[Sequence[str | Promise]] = (gettext_lazy("Name"), gettext_lazy("Region"))
    nothing = gettext_lazy("The account has no project in another region. Ask the operator for one.")

    def cells(self, project: Project) -> Iterable[Any]:
        yield project.region


class CopyForm(PickingForm):
    """What the copies are called. `name-0`, `name-1`, … are those of `images`, in this order.

    `begun`: keys of images whose copies have been begun already, by an order that was cut short.
    """

    renames = forms.BooleanField(
        label=gettext_lazy("Where a name is taken already, add a number to it"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )
    description = DescriptionField(
        label=gettext_lazy("Description"), widget=forms.Textarea(attrs={"rows": "2"})
    )

    def __init__(
        self,
        *args: Any,
        images: Sequence[Image],
        actor: Actor,
        begun: Collection[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.images, self.actor, self.begun = images, actor, begun
        for number, wanted in enumerate(self.proposed()):
            self.fields[f"{NAME}{number}"] = NameField(label=_("Name"), initial=wanted)
        if len(images) > 1:
            del self.fields["description"]  # each keeps its own
        else:
            del self.fields["renames"]
            self.fields["description"].initial = images[0].description

    @property
    def named(self) -> Iterable[tuple[Image, Any]]:
        """Each image with the field of its copy's name."""
        return [(image, self[f"{NAME}{number}"]) for number, image in enumerate(self.images)]

    def project(self) -> Project | None:
        """Where the copies go; None while that is not chosen."""
        raise NotImplementedError

    def proposed(self) -> list[str]:
        raise NotImplementedError

    def foreseen(self) -> tuple[Project | None, int, Verdict]:
        """As it is filled in now: where the copies go, how many bytes they take there, and what is against it."""
        raise NotImplementedError

    def summary(self) -> Summary:
        """Which copies there would be; what is against a name is said when the form is sent."""
        project, store_bytes, verdict = self.foreseen()
        names = [str(field.value()) for _image, field in self.named]
        quota = {"images": len(names), "store_bytes": store_bytes} if project else {}
        return Summary(
            facts=[
                (gettext_lazy("Target project"), f"{project} · {project.region}" if project else "–"),
                (gettext_lazy("Images"), len(names)) if len(names) > 1 else (gettext_lazy("Name"), names[0]),
                (gettext_lazy("Image size"), size(self.size_bytes)),
            ],
            quota=quota,
            verdict=verdict and fits_quota(project, quota) if project else ALLOWED,
            project=project,
        )

    @property
    def size_bytes(self) -> int:
        return sum(image.size_bytes for image in self.images)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        fields = [f"{NAME}{number}" for number in range(len(self.images))]
        project = self.project()
        if project is None or any(field not in given for field in fields):
            return given
        wanted = [given[field] for field in fields]
        own = {name for image, name in zip(self.images, wanted, strict=True) if str(image.pk) in self.begun}
        free = free_names(wanted, taken_names(project, wanted) - own)
        for field, name, instead in zip(fields, wanted, free, strict=True):
            if name != instead and not given.get("renames"):
                self.add_error(field, _("This name is taken there. “%(name)s” is free.") % {"name": instead})
        return {**given, "names": free}


class CopyHereForm(CopyForm):
    """In the region: also what the copies are encrypted with (R24, R89)."""

    key = RuledChoiceField(
        queryset=Key.objects.none(),
        required=False,
        empty_label=NOT_ENCRYPTED,
        label=gettext_lazy("Encryption"),
    )

    def __init__(self, *args: Any, images: Sequence[Image], actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, images=images, actor=actor, **kwargs)
        usable = Key.objects.usable_by(actor)
        if len(images) == 1 and images[0].key_id:
            usable = usable.exclude(pk=images[0].key_id)
        self.fields["key"].offer(Key.objects.known_to(actor), offered=usable)  # type: ignore[attr-defined]

    def project(self) -> Project:
        return self.actor.project

    def proposed(self) -> list[str]:
        """`copy_<region>_<name>` (§2.12), or with a number behind it."""
        copied = [f"copy_{self.actor.region.code}_{image.name}" for image in self.images]
        wanted = [fitting_name(name[:120].rstrip()) for name in copied]
        return free_names(wanted, taken_names(self.actor.project, wanted))

    def foreseen(self) -> tuple[Project, int, Verdict]:
        key: Key | None = self.filled("key")
        links = [image for image in self.images if Copy(image, "", key).is_link]
        written = sum(image.size_bytes for image in self.images if image not in links)
        fit = first_refusal(fits_key(image, key, self.actor) for image in self.images)
        return self.project(), new_bytes(links, self.project()) + written, fit

    def clean_key(self) -> Key | None:
        key: Key | None = self.cleaned_data["key"]
        for image in self.images:
            if not (verdict := fits_key(image, key, self.actor)):
                raise forms.ValidationError(str(verdict.reason))
        return key


class CopyAcrossForm(CopyForm):
    """To another region: also which project of the account it goes to (R81, R82)."""

    target = ProjectPicker(
        queryset=Project.objects.none(),
        label=gettext_lazy("Target project"),
        error_messages={"required": gettext_lazy("Choose the project that the copies go to.")},
    )
    vault = VaultField(
        queryset=Vault.objects.none(),
        label=gettext_lazy("Vault in the target project"),
        error_messages={"required": gettext_lazy("Choose a vault of the target project.")},
    )

    def __init__(self, *args: Any, images: Sequence[Image], actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, images=images, actor=actor, **kwargs)
        elsewhere = Project.objects.filter(account=actor.account).exclude(region=actor.region)
        self.fields["target"].offer(  # type: ignore[attr-defined]
            elsewhere.select_related("region").prefetch_related("agencies"),
            lambda project: may_be_placed(project, actor.project),
        )
        open_ones = elsewhere.filter(agencies__grantee=actor.project)
        if len(only := open_ones[:2]) == 1:
            self.fields["target"].initial = only[0].pk
        own = projects_elsewhere(actor)
        self.open = own.filter(agencies__grantee=actor.project)[:MOST_WAYS]
        self.closed = own.exclude(agencies__grantee=actor.project)[:MOST_WAYS]
        if any(image.backup_id for image in images):
            vaults = Vault.objects.existing().filter(project__in=open_ones).with_facts()
            self.fields["vault"].queryset = vaults.select_related("project__region")  # type: ignore[attr-defined]
        else:
            del self.fields["vault"]

    def project(self) -> Project | None:
        return self.cleaned_data.get("target")

    def proposed(self) -> list[str]:
        """Those they have; what is taken there is found out when the target is chosen."""
        return [fitting_name(image.name) for image in self.images]

    def foreseen(self) -> tuple[Project | None, int, Verdict]:
        target: Project | None = self["target"].chosen  # type: ignore[attr-defined]
        vault = self.filled("vault") if "vault" in self.fields else None
        fit = may_be_placed(target, self.actor.project) if target else ALLOWED
        return (
            target,
            self.size_bytes,
            fit and (may_be_backed_up(self.images, target, vault) if target and vault else ALLOWED),
        )

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        target, vault = given.get("target"), given.get("vault")
        if target and vault and not (verdict := may_be_backed_up(self.images, target, vault)):
            self.add_error("vault", str(verdict.reason))
        return given
