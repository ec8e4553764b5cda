"""What is typed on the pages of vaults."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.names import NAME_LENGTH, server_name
from imsconsole.core.forms import NumberField, limit_number


class VaultForm(forms.Form):
    """Name and capacity of a vault."""

    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH, validators=[server_name])
    capacity_gb = NumberField(label=_("Capacity (GB)"), initial=100)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit_number(self.fields["capacity_gb"], *settings.IMS_VAULT_GB)
