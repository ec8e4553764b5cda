"""What our wizards add to formtools: the draft in the path, and a GET that changes nothing."""

from typing import Any, ClassVar

from django.http import Http404, HttpResponseBase
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from formtools.wizard.views import NamedUrlWizardView, WizardView


class DraftWizard(NamedUrlWizardView):
    """A wizard at `<draft>/<step>/`. The step is the one in the address, never one that is remembered.

    The room sets `request.draft` before `dispatch`, `storage_name`, `url_name`, `form_list`, `titles`
    (step → title, with steps that come before the draft) and `template_names`, and writes `done`.
    """

    titles: ClassVar[dict[str, Any]] = {}
    template_names: ClassVar[dict[str, str]] = {}
    prefix_of_forms: ClassVar[str] = "wizard"

    def get_prefix(self, request: Any, *args: Any, **kwargs: Any) -> str:
        return self.prefix_of_forms

    def get_step_url(self, step: str) -> str:
        return reverse(self.url_name, kwargs={"draft_id": self.kwargs["draft_id"], "step": step})

    def get_template_names(self) -> list[str]:
        return [self.template_names[self.steps.current]]

    def get(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self._go_to(kwargs["step"])
        if missing := self._missing_step():
            return self.render_goto_step(missing)
        return self.render(self.get_form(data=self.storage.current_step_data))

    def post(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self._go_to(kwargs["step"])
        return super().post(*args, **kwargs)

    def _go_to(self, step: str) -> None:
        if step not in self.get_form_list():
            raise Http404
        self.storage.current_step = step

    def _missing_step(self) -> str:
        """The first step before this one that has not been filled in well."""
        for step in self.get_form_list():
            if step == self.steps.current:
                break
            if not self.get_form(step, data=self.storage.get_step_data(step)).is_valid():
                return str(step)
        return ""

    def process_step(self, form: Any) -> MultiValueDict[str, str]:
        """Only the step's own fields are kept: no token, no button."""
        own = f"{form.prefix}-"
        return MultiValueDict({key: values for key, values in form.data.lists() if key.startswith(own)})

    def render(self, form: Any = None, **kwargs: Any) -> HttpResponseBase:
        """A POST ends here only with errors: the others redirect."""
        response = super().render(form, **kwargs)
        if self.request.method == "POST":
            response.status_code = 422
        return response

    def render_done(self, form: Any, **kwargs: Any) -> HttpResponseBase:
        """Finish in the POST of the last step; formtools would do so in a GET."""
        return WizardView.render_done(self, form, **kwargs)

    def get_context_data(self, form: Any, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(form=form, **kwargs)
        previous = self.steps.prev
        return {
            **context,
            "form": form,
            "steps": list(self.titles.items()),
            "current": self.steps.current,
            "previous_url": self.get_step_url(previous) if previous else "",
        }
