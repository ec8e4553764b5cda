"""The forms of full-ECS images: of which server into which vault, or of which backup, and what it is called."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from images.fields.forms import ImageForm, NameField
from images.fields.rules import name_is_free
from imsconsole.cloud.backups.forms import VaultChoice
from imsconsole.cloud.backups.vaults.filters import vaults_of
from imsconsole.cloud.models import Backup, Vault
from imsconsole.cloud.servers.pickers import ServerPicker
from imsconsole.core.cells import day_and_time
from imsconsole.core.pickers import PickerField
from imsconsole.core.rules import Verdict


class BackupPicker(PickerField):
    """A backup, found by its name or that of its server."""

    heads: ClassVar[Sequence[str | Promise]] = (_("Name"), _("Server"), _("Kind"), _("Created"))
    nothing = _("There is no backup to choose from.")

    def search(self, rows: "QuerySet[Backup]", word: str) -> "QuerySet[Backup]":
        return rows.filter(Q(name__icontains=word) | Q(server_name__icontains=word))

    def described(self, backup: Backup) -> str:
        return backup.name

    def cells(self, backup: Backup) -> Iterable[Any]:
        yield backup.server_name
        yield backup.get_kind_display()
        yield day_and_time(backup.created_at)

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
    server = ServerPicker()
    vault = VaultChoice(
        Vault.objects.none(),
        label=_("Vault"),
        empty_label=None,
        help_text=_("The image is made through a backup, which takes its place here."),
    )
    field_order = ("server", "vault", "name")

    def __init__(self, *args: Any, sources: Any, rule: Callable[[Any], Verdict], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["server"].offer(sources, rule)  # type: ignore[attr-defined]
        vault: Any = self.fields["vault"]
        vault.queryset = vaults_of(self.actor)


class OfBackupForm(FullForm):
    backup = BackupPicker(Backup.objects.none(), label=_("Backup"))
    field_order = ("backup", "name")

    def __init__(self, *args: Any, sources: Any, rule: Callable[[Any], Verdict], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["backup"].offer(sources, rule)  # type: ignore[attr-defined]
