"""What is typed on the pages of schedules."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Q, QuerySet, Sum
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.forms.me import zone_choices
from imsconsole.cloud.backups.forms import VaultChoice
from imsconsole.cloud.backups.vaults.filters import vaults_of
from imsconsole.cloud.models import BackupSchedule, Server, Vault
from imsconsole.cloud.names import NAME_LENGTH, server_name
from imsconsole.cloud.schedules.rules import MOST_KEPT, MOST_SERVERS, are_bound_to, can_schedule
from imsconsole.cloud.schedules.services import Plan
from imsconsole.core.forms import NumberField, RuledMultipleChoiceField
from imsconsole.core.pickers import PickingForm
from imsconsole.core.query_string import id_of

DAILY, WEEKLY = "daily", "weekly"
LISTED = 200  # servers to choose from; others are added from their own pages
HOURS = [(hour, f"{hour:02}:00") for hour in range(24)]


class ServersField(RuledMultipleChoiceField):
    """Servers with the size of all their disks."""

    def label_from_instance(self, server: Any) -> str:
        return f"{server.name} ({server.private_ip}, {server.disks_gb} GB)"


class ScheduleForm(PickingForm):
    """Which servers, into which vault, when, and how many backups of each are kept."""

    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH, validators=[server_name])
    servers = ServersField(
        Server.objects.none(),
        label=_("Servers"),
        widget=forms.CheckboxSelectMultiple({"class": "choice-list"}),
    )
    vault = VaultChoice(Vault.objects.none(), label=_("Vault"), empty_label=None)
    how_often = forms.ChoiceField(
        label=_("How often"),
        choices=[(DAILY, _("Daily")), (WEEKLY, _("Weekly"))],
        initial=DAILY,
        widget=forms.RadioSelect,
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Days of the week"),
        coerce=int,
        choices=list(WEEKDAYS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Of a weekly schedule."),
    )
    hour = forms.TypedChoiceField(label=_("Hour"), coerce=int, choices=HOURS, initial=2)
    time_zone = forms.ChoiceField(label=_("Time zone"))
    keep = NumberField(
        label=_("Backups kept of each server"), min_value=1, max_value=MOST_KEPT, initial=7,
        help_text=_("An older one is deleted after a new one was made. Those that you make yourself are never deleted."),
    )  # fmt: skip

    def __init__(self, *args: Any, actor: Actor, chosen: Sequence[Any] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        offered = _offered(actor, [*chosen, *self._sent("servers")])
        servers: Any = self.fields["servers"]
        servers.offer(servers_with_size(actor), lambda server: can_schedule(server, actor), offered)
        vaults: Any = self.fields["vault"]
        vaults.queryset = vaults_of(actor)
        zones: Any = self.fields["time_zone"]
        zones.choices = zone_choices()[1:]
        zones.initial = (actor.user and actor.user.time_zone) or settings.IMS_TIME_ZONE

    def _sent(self, name: str) -> list[str]:
        return list(self.data.getlist(name)) if self.is_bound else []  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or self.cleaned_data
        if typed.get("how_often") == WEEKLY and not typed.get("weekdays"):
            self.add_error("weekdays", _("Choose at least one day."))
        servers, vault = typed.get("servers"), typed.get("vault")
        if servers and len(servers) > MOST_SERVERS:
            self.add_error(
                "servers", _("Choose at most %(limit)s servers for a schedule.") % {"limit": MOST_SERVERS}
            )
        elif servers and vault and not (verdict := are_bound_to(servers, vault)):
            self.add_error("vault", verdict.reason)
        return typed

    def plan(self) -> Plan:
        typed = dict(self.cleaned_data)
        weekdays = sorted(typed.pop("weekdays"))
        is_weekly = typed.pop("how_often") == WEEKLY
        return Plan(**typed, weekdays=weekdays if is_weekly else [])


def servers_with_size(actor: Actor) -> "QuerySet[Server]":
    """Those that can be in a schedule."""
    servers = Server.objects.visible_to(actor).existing().filter(is_temporary=False).order_by("name", "pk")
    attached = Q(disks__deleted_at=None, disks__beside=False)
    return servers.annotate(disks_gb=Sum("disks__size_gb", filter=attached, default=0))


def _offered(actor: Actor, chosen: Sequence[Any]) -> list[Server]:
    """The first of them, and those that are chosen whichever they are."""
    servers = servers_with_size(actor)
    first = list(servers[:LISTED])
    keys = {key for each in chosen if (key := id_of(each))} - {server.pk for server in first}
    return [*first, *servers.filter(pk__in=list(keys)[:LISTED])] if keys else first


def began_with(schedule: BackupSchedule) -> dict[str, Any]:
    """What the form of a schedule that there is begins with."""
    servers = schedule.members.filter(server__deleted_at=None).values_list("server", flat=True)
    return {
        "name": schedule.name,
        "servers": list(servers),
        "vault": schedule.vault_id,
        "how_often": WEEKLY if schedule.weekdays else DAILY,
        "weekdays": schedule.weekdays,
        "hour": schedule.hour,
        "time_zone": schedule.time_zone,
        "keep": schedule.keep,
    }
