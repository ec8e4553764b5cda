"""Which object of a bucket becomes an image."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django import forms
from django.forms.models import ModelChoiceIterator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from images.create.rules import MOST_DATA_DISKS
from images.uploads.forms import FORMATS
from images.uploads.rules import TYPES
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.buckets.rules import can_import_from
from imsconsole.cloud.models import Bucket, BucketObject
from imsconsole.core.forms import RuledChoiceField, RuledMultipleChoiceField
from imsconsole.core.text import size

MOST_SHOWN = 200


class ObjectsField(RuledMultipleChoiceField):
    """Several of them."""

    def label_from_instance(self, obj: BucketObject) -> str:
        return f"{obj.bucket}: {obj.key} · {size(obj.size_bytes)}"


class ByBucket(ModelChoiceIterator):
    """The choices in groups by bucket."""

    def __iter__(self) -> Iterator[Any]:
        for bucket, objects in groupby(self.queryset, lambda each: each.bucket):
            yield (bucket.name, [self.choice(each) for each in objects])


class ObjectField(RuledChoiceField):
    """An object of a Standard bucket (R58): the latest, and the one that was asked for."""

    iterator = ByBucket

    def label_from_instance(self, obj: BucketObject) -> str:
        return f"{obj.key} · {size(obj.size_bytes)}"


class ObjectForm(forms.Form):
    """The object, and what is said of it."""

    type = forms.ChoiceField(choices=[(each.value, each.label) for each in TYPES])
    object = ObjectField(
        label=gettext_lazy("Object"),
        queryset=BucketObject.objects.none(),
        empty_label=None,
        help_text=gettext_lazy("Of the Standard buckets of this region."),
    )
    format = forms.ChoiceField(
        label=gettext_lazy("File format"),
        choices=FORMATS,
        required=False,
        help_text=gettext_lazy(
            "Name it when the file is a raw disk without a partition table; otherwise it is recognised."
        ),
    )
    is_fast = forms.BooleanField(
        label=gettext_lazy("Fast import"),
        required=False,
        help_text=gettext_lazy(
            "For large RAW disks. The system in it is not looked for: it has to be stated, and so has the architecture."
        ),
    )
    is_prepared = forms.BooleanField(
        label=gettext_lazy(
            "The file is prepared: its system has the drivers for virtual machines, DHCP and Cloud-Init"
        ),
        required=False,
    )

    data_objects = ObjectsField(
        label=gettext_lazy("Data disks along with it"),
        queryset=BucketObject.objects.none(),
        required=False,
        help_text=gettext_lazy("Up to three, each the file of a data disk. Hold Ctrl to choose several."),
        widget=forms.SelectMultiple({"size": "4"}),
    )

    def __init__(self, *args: Any, actor: Actor, asked: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        objects = BucketObject.objects.visible_to(actor).select_related("bucket__project")
        standard = objects.filter(bucket__storage_class=Bucket.StorageClass.STANDARD).order_by("-created_at")
        shown = [*standard[:MOST_SHOWN], *(standard.filter(pk=asked) if asked else [])]
        for name in ("object", "data_objects"):
            self.fields[name].offer(  # type: ignore[attr-defined]
                objects.order_by("bucket__name", "key"), lambda found: can_import_from(found, actor), shown
            )

    @property
    def has_objects(self) -> bool:
        return bool(self.fields["object"].widget.choices)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("is_fast") and not data.get("is_prepared"):
            self.add_error(
                "is_prepared", _("Fast import takes the disk as it is. Confirm that it is prepared.")
            )
        if data.get("is_fast") and data.get("type") == "iso":
            self.add_error("is_fast", _("Fast import is for RAW disks, not for ISO files."))
        if along := data.get("data_objects"):
            self._check_along(data, list(along))
        return data

    def _check_along(self, data: dict[str, Any], along: list[BucketObject]) -> None:
        if data.get("type") != "system" or len(along) > MOST_DATA_DISKS or data.get("object") in along:
            self.add_error(
                "data_objects",
                _("Only along with a system disk, at most %(most)s, and none of them the system disk itself.")
                % {"most": MOST_DATA_DISKS},
            )
