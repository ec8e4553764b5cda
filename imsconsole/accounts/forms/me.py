"""One's own settings."""

import zoneinfo
from collections import defaultdict
from datetime import datetime
from functools import lru_cache
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import User
from imsconsole.core.mail import has_mail_server
from imsconsole.core.now import now

CONTINENTS = {
    "Africa",
    "America",
    "Antarctica",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
}


class MeForm(forms.ModelForm):
    """Name, language, time zone, theme, whether help is folded away, and whether messages come by e-mail as well."""

    class Meta:
        model = User
        fields = ("display_name", "language", "time_zone", "theme", "folds_help", "mails_messages")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"] = forms.ChoiceField(
            label=_("Language"),
            required=False,
            choices=[("", _("Like the browser")), *settings.LANGUAGES],
        )
        self.fields["time_zone"] = forms.ChoiceField(
            label=_("Time zone"), required=False, choices=zone_choices()
        )
        self.fields["display_name"].help_text = _("Shown to others instead of the user name.")
        self.fields["folds_help"].help_text = _(
            "Beside forms only its title is shown until you show it again."
        )
        self.fields["mails_messages"].help_text = _mail_help(self.instance)
        self.fields["mails_messages"].disabled = not (self.instance.email and has_mail_server())


def _mail_help(user: User) -> str:
    """Where e-mail goes, or why there is none."""
    if not has_mail_server():
        return str(_("This service sends no e-mail: its operator has set no mail server."))
    if not user.email:
        return str(_("You have no e-mail address here. Ask the operator to set one."))
    return str(_("They go to %(address)s; the operator can change it.")) % {"address": user.email}


def zone_choices() -> list[tuple[Any, Any]]:
    """The time zones of the world by continent, each with its offset now, after the service's own."""
    at = now()
    default = _("Like the service (%(zone)s)") % {"zone": settings.IMS_TIME_ZONE}
    quarter = at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
    return [("", default), ("UTC", "UTC"), *_by_continent(quarter)]


@lru_cache(maxsize=1)
def _by_continent(quarter: datetime) -> list[tuple[str, list[tuple[str, str]]]]:
    """With the offsets of a quarter of an hour: none begins within one, and hundreds of zones are read for it."""
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name in sorted(zoneinfo.available_timezones()):
        continent, _slash, place = name.partition("/")
        if continent in CONTINENTS:
            groups[continent].append((name, f"{place.replace('_', ' ')} ({_offset(name, quarter)})"))
    return list(groups.items())


def _offset(name: str, at: datetime) -> str:
    """Asia/Shanghai → UTC+08:00."""
    offset = at.astimezone(zoneinfo.ZoneInfo(name)).strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:5]}"
