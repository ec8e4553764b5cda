"""Invitations, roles, newcomers."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts import rules
from imsconsole.accounts.models import Account, Project, Role, User


class RoleForm(forms.Form):
    """A role, in all projects of an account or only in some."""

    role = forms.ChoiceField(
        label=_("Role"),
        choices=Role.choices,
        initial=Role.FULL_ACCESS,
        widget=forms.RadioSelect,
        help_text=_(
            "Read-only looks. Full access also creates, changes and deletes. An administrator also manages members."
        ),
    )
    projects = forms.ModelMultipleChoiceField(
        label=_("Only in these projects"),
        queryset=Project.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Choose none for all projects of the account, also future ones."),
    )

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["projects"]
        field.queryset = account.projects.select_related("region").order_by("region_id", "name")
        field.label_from_instance = lambda project: f"{project.name} · {project.region}"

    def clean(self) -> dict[str, Any]:
        super().clean()
        fits = rules.fits_role(self.cleaned_data.get("role", ""), bool(self.cleaned_data.get("projects")))
        if not fits:
            self.add_error("projects", str(fits.reason))
        return self.cleaned_data


class InviteForm(RoleForm):
    """For whom a link is, and what it gives."""

    note = forms.CharField(
        label=_("For whom"),
        max_length=64,
        required=False,
        help_text=_(
            "A name or a reminder for the list of open invitations; the invited person does not see it."
        ),
    )
    field_order = ("note", "role", "projects")


class NewcomerForm(forms.ModelForm):
    """A person without a user: chooses a name to sign in with, and a password."""

    password1 = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html(),
    )
    password2 = forms.CharField(
        label=_("Password again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    class Meta:
        model = User
        fields = ("username", "display_name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs["autocomplete"] = "username"
        self.fields["display_name"].widget.attrs["autocomplete"] = "name"

    def clean_username(self) -> str:
        """Unlike every other, however it is written: signing in does not mind upper and lower case."""
        username: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=username).exists():
            raise ValidationError(_("This user name is taken. Choose another one."), code="unique")
        return username

    def clean(self) -> dict[str, Any]:
        super().clean()
        first, second = self.cleaned_data.get("password1"), self.cleaned_data.get("password2")
        if first and second and first != second:
            self.add_error("password2", _("The two passwords differ. Type the same one twice."))
        if first:
            self._check_password(first)
        return self.cleaned_data

    def _check_password(self, password: str) -> None:
        user = User(username=self.cleaned_data.get("username", ""))
        try:
            validate_password(password, user)
        except ValidationError as error:
            self.add_error("password1", error)
