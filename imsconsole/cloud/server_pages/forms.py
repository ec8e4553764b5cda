"""What is typed on the pages of servers and key pairs."""

from django import forms
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.names import NAME_LENGTH, server_name


class RenameServerForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH, validators=[server_name])


class DeleteServerForm(forms.Form):
    delete_disks = forms.BooleanField(
        label=_("Delete the data disks as well"),
        required=False,
        initial=True,
        help_text=_("Otherwise they stay as available disks and keep counting towards the quota."),
    )
