"""The form of a resize: the flavor, and that a running server may be stopped."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from images.resize.rules import can_have, can_order_resize, more_of
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Flavor, Server
from imsconsole.cloud.servers.jobs import ResizeServer
from imsconsole.cloud.system_disk.rules import is_stopped_first
from imsconsole.core.forms import RuledChoiceField
from imsconsole.core.rules import ALLOWED, Verdict
from imsconsole.core.summary import Costs, Summary
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by


@dataclass(frozen=True)
class Choice:
    """A flavor, whether the server can have it, and whether it has it now or had it before."""

    thing: Flavor
    verdict: Verdict
    is_present: bool
    is_former: bool


class ResizeForm(forms.Form):
    """Every flavor that is offered stands there; one that does not fit is refused in its rule's sentence."""

    stop_first = forms.BooleanField(
        label=_("Stop the server first"),
        required=False,
        help_text=_(
            "It is running. Its guest is asked to power off; what is not saved in it is lost. It is started again with its new size."
        ),
    )
    flavor = RuledChoiceField(Flavor.objects.none(), label=_("New flavor"))

    def __init__(self, *args: Any, server: Server, actor: Actor, host: Host, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.server, self.actor, self.host = server, actor, host
        used: Mapping[str, int] = used_by(actor.project, ("vcpus", "memory_mb"))
        former = _former_of(server)
        rows = Flavor.objects.filter(hidden=False) | Flavor.objects.filter(pk=server.flavor_id)
        self.choices = [
            Choice(
                flavor,
                can_have(server, flavor, actor, host, used),
                flavor.pk == server.flavor_id,
                flavor.pk == former,
            )
            for flavor in rows
        ]
        verdicts = {choice.thing.pk: choice.verdict for choice in self.choices}
        self.fields["flavor"].offer(  # type: ignore[attr-defined]
            Flavor.objects.all(),
            lambda flavor: verdicts.get(flavor.pk) or can_have(server, flavor, actor, host, used),
            [choice.thing for choice in self.choices if choice.verdict],
        )

    @cached_property
    def chosen_flavor(self) -> Flavor | None:
        """The one that is chosen now, if the server can have it."""
        asked = str(self["flavor"].value() or "")
        return next((each.thing for each in self.choices if each.verdict and each.thing.pk == asked), None)

    def summary(self) -> Summary:
        """The order as it is filled in now."""
        server, flavor = self.server, self.chosen_flavor
        stop_first = bool(self["stop_first"].value())
        verdict = (
            can_order_resize(server, flavor, self.actor, stop_first=stop_first, host=self.host)
            if flavor
            else ALLOWED
        )
        return Summary(
            facts=[
                (_("Present flavor"), f"{server.flavor.name} · {server.flavor.size}"),
                (_("New flavor"), f"{flavor.name} · {flavor.size}" if flavor else "–"),
            ],
            quota={"vcpus": 0, "memory_mb": 0, **(more_of(server, flavor) if flavor else {})},
            verdict=verdict,
            costs=Costs(server=server, flavor=flavor),
        )

    def clean_stop_first(self) -> bool:
        typed: bool = self.cleaned_data["stop_first"]
        if not (verdict := is_stopped_first(self.server, stop_first=typed)):
            raise forms.ValidationError(verdict.reason, verdict.code)
        return typed


def _former_of(server: Server) -> str:
    """What it was before it was resized last, if it was."""
    resized = Job.objects.about(server.pk).filter(kind=ResizeServer.kind, state=Job.State.DONE)
    former: str | None = resized.order_by("-created_at").values_list("args__former", flat=True).first()
    return former or ""
