"""The forms of full-ECS images: of which server into which vault, or of which backup, and what it is called."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from images.fields.forms import ImageForm, NameField
from images.fields.rules import name_is_free
from imsconsole.cloud.backups.forms import ServerToBackUp, VaultChoice
from imsconsole.cloud.backups.vaults.filters import vaults_of
from imsconsole.cloud.models import Backup, Server, Vault
from imsconsole.core.forms import RuledChoiceField


class BackupChoice(RuledChoiceField):
    def label_from_instance(self, backup: Backup) -> str:
        return f"{backup.name} ({backup.server_name}, {backup.get_kind_display()})"


class FullForm(ImageForm):
    """What every full-ECS image is asked."""

    name = NameField(label=_("Image name"))

    def clean(self) -> dict[str, Any]:
        typed = super().clean()
        if "name" in typed:
            self.ask("name", name_is_free(typed["name"], self.actor))
        return typed


class OfServerForm(FullForm):
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
        self.fields["server"].offer(sources, offered=offered)  # type: ignore[attr-defined]
        vault: Any = self.fields["vault"]
        vault.queryset = vaults_of(self.actor)


class OfBackupForm(FullForm):
    backup = BackupChoice(Backup.objects.none(), label=_("Backup"))
    field_order = ("backup", "name")

    def __init__(self, *args: Any, sources: Any, offered: Iterable[Backup], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["backup"].offer(sources, offered=offered)  # type: ignore[attr-defined]
