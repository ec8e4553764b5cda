"""The form of a server order: image, place, flavor, disks, name, login."""

import uuid
from typing import Any, cast

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from images.fit import fits, fits_system_disk
from images.models import Image
from images.rules.launch import MAX_COUNT, MAX_DATA_DISKS, USER_DATA_BYTES, Launch, can_launch, fits_data_disk
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import AvailabilityZone
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Flavor, KeyPair
from imsconsole.cloud.names import NAME_LENGTH, server_name
from imsconsole.cloud.passwords import crypted, is_good_password
from imsconsole.core.rules import Verdict

LOGINS = [("key", _("Key pair")), ("password", _("Password")), ("none", _("Set by user data"))]
NEW_PASSWORD = {"autocomplete": "new-password"}


class LaunchForm(forms.Form):
    """An order as it is typed. `data_disks` says how many fields `data_disk_1` … there are."""

    image = forms.ModelChoiceField(Image.objects.none(), widget=forms.HiddenInput, label=_("Image"))
    zone = forms.ModelChoiceField(AvailabilityZone.objects.none(), label=_("AZ"), empty_label=None)
    flavor = forms.ModelChoiceField(Flavor.objects.none(), label=_("Flavor"))
    system_disk_gb = forms.IntegerField(label=_("System disk (GB)"), min_value=1)
    data_disks = forms.IntegerField(
        label=_("Data disks"),
        min_value=0,
        max_value=MAX_DATA_DISKS,
        help_text=_("How many blank data disks each server gets (0 to 8)."),
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_LENGTH,
        validators=[server_name],
        help_text=_("Several servers are numbered: name-1, name-2 …"),
    )
    count = forms.IntegerField(label=_("Quantity"), min_value=1, max_value=MAX_COUNT)
    login = forms.ChoiceField(label=_("Login"), choices=LOGINS, widget=forms.RadioSelect)
    key_pair = forms.ModelChoiceField(
        KeyPair.objects.none(), label=_("Key pair"), required=False, empty_label=_("Choose a key pair")
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        widget=forms.PasswordInput(NEW_PASSWORD),
        help_text=_("For the user root. 8 to 26 characters; only its hash is kept."),
    )
    password_again = forms.CharField(
        label=_("Password again"), required=False, widget=forms.PasswordInput(NEW_PASSWORD)
    )
    user_data = forms.CharField(
        label=_("User data"),
        required=False,
        strip=False,
        widget=forms.Textarea({"rows": 4, "class": "mono", "spellcheck": "false"}),
        help_text=_("For cloud-init, at most 32 KB: a script (#!…) or #cloud-config."),
    )
    auto_start = forms.BooleanField(label=_("Start with the host"), required=False)

    def __init__(self, *args: Any, actor: Actor, host: Host, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor, self.host = actor, host
        self._choices("image", Image.objects.visible_to(actor).select_related("os_version"))
        self._choices("zone", actor.region.zones.all())
        self._choices("flavor", Flavor.objects.filter(hidden=False))
        self._choices("key_pair", KeyPair.objects.visible_to(actor))
        for number in range(1, self.disk_count() + 1):
            self.fields[f"data_disk_{number}"] = _disk_field(number)

    def _choices(self, name: str, queryset: Any) -> None:
        cast("forms.ModelChoiceField[Any]", self.fields[name]).queryset = queryset

    def disk_count(self) -> int:
        """How many data disks are asked for; 0 when it cannot be read."""
        value = str(self.data.get("data_disks") if self.is_bound else self.initial.get("data_disks", 0))
        return min(int(value), MAX_DATA_DISKS) if value.isdecimal() else 0

    def data_disk_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("data_disk_")]

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if self.data.get("login") == "password":
            _require(is_good_password(password))
        return password

    def clean_user_data(self) -> str:
        user_data: str = self.cleaned_data["user_data"].replace("\r\n", "\n")
        if len(user_data.encode()) > USER_DATA_BYTES:
            raise forms.ValidationError(_("User data may have at most 32 KB."), "user-data-size")
        return user_data

    def clean(self) -> dict[str, Any]:
        typed = self.cleaned_data
        image, flavor = typed.get("image"), typed.get("flavor")
        if image:
            self._check("image", can_launch(image, self.actor))
        if image and flavor:
            self._check("flavor", fits(image, flavor, self.host.capabilities))
        if image and typed.get("system_disk_gb"):
            self._check("system_disk_gb", fits_system_disk(image, typed["system_disk_gb"]))
        self._clean_data_disks()
        self._clean_login()
        return typed

    def _clean_data_disks(self) -> None:
        for field in self.data_disk_fields():
            if size_gb := self.cleaned_data.get(field.name):
                self._check(field.name, fits_data_disk(size_gb))

    def _clean_login(self) -> None:
        """Exactly one way in (R139)."""
        typed = self.cleaned_data
        if typed.get("login") == "key" and not typed.get("key_pair"):
            self.add_error("key_pair", _("Choose a key pair, or create one first."))
        if typed.get("login") == "password" and typed.get("password") != self.data.get("password_again"):
            self.add_error("password_again", _("The two passwords differ."))
        if typed.get("login") == "none" and not typed.get("user_data"):
            self.add_error(
                "user_data", _("Without a key pair or a password, user data has to let people in.")
            )

    def _check(self, field: str, verdict: Verdict) -> None:
        if not verdict:
            self.add_error(field, forms.ValidationError(str(verdict.reason), verdict.code))

    def draft(self) -> dict[str, Any]:
        """The order as JSON; of a password only its hash."""
        typed = self.cleaned_data
        login = typed["login"]
        return {
            "image": str(typed["image"].pk),
            "zone": typed["zone"].pk,
            "flavor": typed["flavor"].pk,
            "system_disk_gb": typed["system_disk_gb"],
            "data_disks_gb": [typed[field.name] for field in self.data_disk_fields()],
            "name": typed["name"],
            "count": typed["count"],
            "login": login,
            "key_pair": str(typed["key_pair"].pk) if login == "key" else None,
            "password_hash": crypted(typed["password"]) if login == "password" else "",
            "user_data": typed["user_data"],
            "auto_start": typed["auto_start"],
        }


def initial_of(draft: dict[str, Any]) -> dict[str, Any]:
    """What a draft fills the form with again; the password has to be typed anew."""
    sizes = draft["data_disks_gb"]
    each = {f"data_disk_{number}": size for number, size in enumerate(sizes, 1)}
    return {**draft, **each, "data_disks": len(sizes)}


def launch_of(draft: dict[str, Any], actor: Actor) -> Launch | None:
    """The order of a draft with its rows; None when one of them is gone."""
    images = Image.objects.visible_to(actor).select_related("os_version")
    image = images.filter(pk=uuid.UUID(draft["image"])).first()
    flavor = Flavor.objects.filter(pk=draft["flavor"]).first()
    zone = actor.region.zones.filter(pk=draft["zone"]).first()
    key_pair = None
    if draft["key_pair"]:
        key_pair = KeyPair.objects.visible_to(actor).filter(pk=draft["key_pair"]).first()
    if not (image and flavor and zone) or bool(draft["key_pair"]) != bool(key_pair):
        return None
    return Launch(
        image=image,
        flavor=flavor,
        zone=zone,
        key_pair=key_pair,
        data_disks_gb=tuple(draft["data_disks_gb"]),
        **{
            name: draft[name]
            for name in ("name", "count", "system_disk_gb", "password_hash", "user_data", "auto_start")
        },
    )


def _disk_field(number: int) -> forms.IntegerField:
    smallest, largest = settings.IMS_DATA_DISK_GB
    return forms.IntegerField(
        label=_("Data disk %(number)s (GB)") % {"number": number},
        min_value=smallest,
        max_value=largest,
        initial=max(smallest, min(10, largest)),
    )


def _require(verdict: Verdict) -> None:
    if not verdict:
        raise forms.ValidationError(str(verdict.reason), verdict.code)
