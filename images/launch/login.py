"""How one signs in to a new system: the part that orders of servers and changes of OS share."""

from typing import Any, cast

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.hosts import is_able
from imsconsole.cloud.models import KeyPair
from imsconsole.cloud.servers.passwords import crypted, is_good_password
from imsconsole.cloud.user_data.forms import UserDataField
from imsconsole.core.pickers import PickingForm
from imsconsole.core.rules import Verdict

LOGINS = [("key", _("Key pair")), ("password", _("Password")), ("none", _("Set by user data"))]
NEW_PASSWORD = {"autocomplete": "new-password"}


class LoginForm(PickingForm):
    """Exactly one way in (R139); the password follows R140.

    `password_hash`: of a password that was typed before, of which nothing else is kept.
    """

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
    user_data = UserDataField(required=False)

    def __init__(self, *args: Any, actor: Actor, password_hash: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor, self.password_hash = actor, password_hash
        self._choices("key_pair", KeyPair.objects.visible_to(actor))
        if not self.is_bound and "login" not in self.initial:
            usual = "key" if self.has_key_pairs else "password"  # what most people want
            self.initial["login"] = usual if self.is_told else "none"

    @cached_property
    def has_key_pairs(self) -> bool:
        return KeyPair.objects.visible_to(self.actor).exists()

    @cached_property
    def is_told(self) -> Verdict:
        """Whether servers are told who may sign in."""
        return is_able("seeds", self.actor.region)

    def _choices(self, name: str, queryset: Any) -> None:
        cast("forms.ModelChoiceField[Any]", self.fields[name]).queryset = queryset

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if self._has_new_password() and not (verdict := is_good_password(password)):
            raise forms.ValidationError(str(verdict.reason), verdict.code)
        return password

    def _has_new_password(self) -> bool:
        return self.data.get("login") == "password" and not self.password_hash

    def require_login(self) -> None:
        """What was chosen is there."""
        typed = self.cleaned_data
        if not self.is_told:
            if typed.get("login") != "none" or typed.get("user_data"):
                self.check("login", self.is_told)
            return
        if typed.get("login") == "key" and not typed.get("key_pair"):
            self.add_error("key_pair", _("Choose a key pair, or create one first."))
        if self._has_new_password() and self.data.get("password") != self.data.get("password_again"):
            self.add_error("password_again", _("The two passwords differ."))
        if typed.get("login") == "none" and not typed.get("user_data"):
            self.add_error(
                "user_data", _("Without a key pair or a password, user data has to let people in.")
            )

    def check(self, field: str, verdict: Verdict) -> None:
        if not verdict:
            self.add_error(field, forms.ValidationError(str(verdict.reason), verdict.code))

    def kept(self) -> dict[str, Any]:
        """What was typed, as JSON that fills the form again; of a password only its hash."""
        typed = {name: self[name].data for name in self.fields if not name.startswith("password")}
        is_new = self._has_new_password()
        return {**typed, "password_hash": crypted(self.cleaned_data["password"]) if is_new else ""}

    def chosen_login(self) -> dict[str, Any]:
        """What services want to know of it."""
        typed, login = self.cleaned_data, self.cleaned_data["login"]
        return {
            "key_pair": typed["key_pair"] if login == "key" else None,
            "password_hash": self.password_hash if login == "password" else "",
            "user_data": typed["user_data"],
        }
