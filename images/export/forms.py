"""The form of an export: what the file is, what it is called, where it goes."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from images.export.names import file_name, proposed_name
from images.export.rules import Format, can_export_as, can_export_into, export_bytes
from images.fields.forms import NameField
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.buckets.names import object_key
from imsconsole.cloud.buckets.rules import can_export_to, can_upload_object, is_standard
from imsconsole.cloud.models import Bucket
from imsconsole.core.forms import RuledChoiceField
from imsconsole.core.pickers import PickingForm
from imsconsole.core.rules import ALLOWED
from imsconsole.core.summary import Summary


class TargetForm(PickingForm):
    """Format, bucket and folder: what exports of several images have in common."""

    format = forms.ChoiceField(
        label=_("File format"), choices=Format, initial=Format.QCOW2, widget=forms.RadioSelect
    )
    bucket = RuledChoiceField(
        label=_("Bucket"),
        queryset=Bucket.objects.none(),
        empty_label=None,
        help_text=_("Only Standard buckets of this region are listed."),
    )
    folder = forms.CharField(
        label=_("Folder"),
        required=False,
        help_text=_("Empty for the top; folders within folders have “/” between them."),
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        buckets = Bucket.objects.visible_to(actor).select_related("project")
        self.fields["bucket"].offer(buckets, is_standard)  # type: ignore[attr-defined]
        self.initial.setdefault(
            "bucket", next((pk for pk, _label in self.fields["bucket"].widget.choices), None)
        )

    @property
    def has_buckets(self) -> bool:
        return bool(self.fields["bucket"].widget.choices)

    def clean_folder(self) -> str:
        return str(self.cleaned_data["folder"]).strip("/")

    def key_of(self, name: str) -> str:
        """The key of a file of that name. Raises ValidationError."""
        data = self.cleaned_data
        name = file_name(name, data["format"])
        key = f"{data['folder']}/{name}" if data["folder"] else name
        object_key(key)
        return key


class SeveralForm(TargetForm):
    """Of several images at once: their names are those of the images."""

    format = forms.ChoiceField(
        label=_("File format"),
        choices=[(each.value, each.label) for each in Format if each != Format.ZVHD],
        initial=Format.QCOW2,
        widget=forms.RadioSelect,
    )

    def summary(self, images: Sequence[Image]) -> Summary:
        """The files of these images, as it is filled in now."""
        format, bucket = str(self["format"].value()), self.filled("bucket")
        size_bytes = sum(export_bytes(image, format) for image in images)
        verdict = ALLOWED
        if bucket:
            verdict = can_export_to(bucket, self.actor) and can_upload_object(bucket, self.actor, size_bytes)
        return Summary(
            facts=[
                (_("Images"), len(images)),
                (_("File format"), Format(format).label if format in Format else "–"),
                (_("Bucket"), bucket or "–"),
            ],
            quota={"bucket_bytes": size_bytes},
            verdict=verdict,
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("folder"):
            try:
                object_key(f"{data['folder']}/x")
            except forms.ValidationError as error:
                self.add_error("folder", error)
        return data


class ExportForm(TargetForm):
    """All of one export; `key` is the object it will make."""

    name = NameField(
        label=_("File name"),
        help_text=_("What the format is known by, such as .qcow2, is added."),
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )
    field_order = ("format", "name", "bucket", "folder")

    def __init__(self, *args: Any, image: Image, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, actor=actor, **kwargs)
        self.image, self.key = image, ""
        self.fields["name"].initial = proposed_name(image)

    @property
    def formats(self) -> list[dict[str, Any]]:
        """Each format with whether this image can be written so, and why not."""
        choices = [(each, can_export_as(self.image, each)) for each in Format]
        possible, chosen = [each for each, verdict in choices if verdict], self["format"].value()
        if chosen not in possible:
            chosen = next(iter(possible), "")
        return [
            {"value": each.value, "label": each.label, "verdict": verdict, "checked": each == chosen}
            for each, verdict in choices
        ]

    def summary(self) -> Summary:
        """The file as it is filled in now."""
        format = next((each["value"] for each in self.formats if each["checked"]), Format.QCOW2)
        bucket, folder = self.filled("bucket"), str(self["folder"].value() or "").strip("/")
        key = "/".join(filter(None, [folder, file_name(str(self["name"].value()), format)]))
        return Summary(
            facts=[
                (_("Image"), self.image.name),
                (_("File format"), Format(format).label),
                (_("Bucket"), bucket or "–"),
                (_("Object"), key),
            ],
            quota={"bucket_bytes": export_bytes(self.image, format)},
            verdict=can_export_into(self.image, bucket, key, format, self.actor) if bucket else ALLOWED,
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "format" in data and not (verdict := can_export_as(self.image, data["format"])):
            self.add_error("format", str(verdict.reason))
        if {"format", "name", "bucket", "folder"} <= data.keys() and not self.errors:
            self._check_target(data)
        return data

    def _check_target(self, data: dict[str, Any]) -> None:
        try:
            self.key = self.key_of(data["name"])
        except forms.ValidationError as error:
            self.add_error("folder", error)
            return
        verdict = can_export_into(self.image, data["bucket"], self.key, data["format"], self.actor)
        if not verdict:
            self.add_error("name" if verdict.code == "object-exists" else "bucket", str(verdict.reason))
