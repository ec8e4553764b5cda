"""What several rooms' forms need."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


def limit_number(field: Any, smallest: int, largest: int) -> None:
    """An integer field of GB takes `smallest` to `largest`, and says so."""
    field.min_value, field.max_value = smallest, largest
    field.validators += forms.IntegerField(min_value=smallest, max_value=largest).validators
    field.widget.attrs |= {"min": smallest, "max": largest}
    field.help_text = _("%(smallest)s to %(largest)s GB.") % {"smallest": smallest, "largest": largest}
