"""Naming a list's state."""

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from imsconsole.core.query_string import LONGEST, state_of


class ChangeViewForm(forms.Form):
    """A view's name, and whether the project sees it."""

    name = forms.CharField(label=_("Name of the view"), max_length=64)
    shared = forms.BooleanField(label=_("Share it with everybody in the project"), required=False)


class SaveViewForm(ChangeViewForm):
    """The same for the list as it is now. `columns`: with these columns, instead of everybody's own."""

    query = forms.CharField(max_length=LONGEST, required=False, widget=forms.HiddenInput)
    columns = forms.CharField(max_length=LONGEST, required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, object]:
        data = super().clean() or {}
        state = state_of(QueryDict(str(data.get("query", ""))))
        if data.pop("columns", ""):
            state["columns"] = self.data["columns"]
        data["query"] = state.urlencode()
        if len(data["query"]) > LONGEST:
            raise forms.ValidationError(
                _("There is more set in this list than a view can keep. Remove a filter.")
            )
        return data
