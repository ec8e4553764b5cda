"""The forms of full-ECS images: of which server into which vault, or of which backup, and what it is called."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from images.fields.forms import MOST_MEMORY_MB, DescriptionField, NameField, TagsField
from images.fields.rules import memory_fits, name_is_free, tags_fit
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.backups.forms import ServerToBackUp, VaultChoice
from imsconsole.cloud.backups.vaults.filters import vaults_of
from imsconsole.cloud.models import Backup, Server, Vault


class BackupChoice(forms.ModelChoiceField[Backup]):
    def label_from_instance(self, backup: Backup) -> str:
        return f"{backup.name} ({backup.server_name}, {backup.get_kind_display()})"


class ImageFields(forms.Form):
    """What every full-ECS image is asked."""

    name = NameField(label=_("Image name"))
    min_ram_mb = forms.IntegerField(
        label=_("Minimum memory (MB)"),
        min_value=0,
        max_value=MOST_MEMORY_MB,
        required=False,
        help_text=_("0: any."),
    )
    max_ram_mb = forms.IntegerField(
        label=_("Maximum memory (MB)"),
        min_value=1,
        max_value=MOST_MEMORY_MB,
        required=False,
        help_text=_("Empty: any."),
    )
    description = DescriptionField(label=_("Description"), widget=forms.Textarea(attrs={"rows": "2"}))
    tags = TagsField(label=_("Tags"), help_text=_("One a line: key=value. At most 10."))

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor

    def clean_min_ram_mb(self) -> int:
        return int(self.cleaned_data["min_ram_mb"] or 0)

    def clean(self) -> dict[str, Any]:
        """Said at its field before the service is asked."""
        typed = self.cleaned_data
        if "name" in typed:
            self._check("name", name_is_free(typed["name"], self.actor))
        if "min_ram_mb" in typed and "max_ram_mb" in typed:
            self._check("max_ram_mb", memory_fits(typed["min_ram_mb"], typed["max_ram_mb"]))
        if "tags" in typed:
            self._check("tags", tags_fit(typed["tags"]))
        return typed

    def _check(self, field: str, verdict: Any) -> None:
        if not verdict:
            self.add_error(field, str(verdict.reason))

    def _offer(self, name: str, queryset: Any, offered: Iterable[Any]) -> None:
        """Every row is read, so that one that was offered a moment ago gets its own answer."""
        field: Any = self.fields[name]
        field.queryset = queryset
        options = ((row.pk, field.label_from_instance(row)) for row in offered)
        field.widget.choices = [("", "---------"), *options]


class OfServerForm(ImageFields):
    server = ServerToBackUp(Server.objects.none(), label=_("Server"))
    vault = VaultChoice(
        Vault.objects.none(),
        label=_("Vault"),
        empty_label=None,
        help_text=_("The image is made through a backup, which takes its place here."),
    )
    field_order = ("server", "vault", "name")

    def __init__(self, *args: Any, sources: Any, offered: Iterable[Server], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer("server", sources, offered)
        vault: Any = self.fields["vault"]
        vault.queryset = vaults_of(self.actor)


class OfBackupForm(ImageFields):
    backup = BackupChoice(Backup.objects.none(), label=_("Backup"))
    field_order = ("backup", "name")

    def __init__(self, *args: Any, sources: Any, offered: Iterable[Backup], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer("backup", sources, offered)
