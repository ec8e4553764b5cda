"""Forms that are left before they are sent, and come back to as they were: in the session, so also when one signs in again.

A form is left for something it misses, such as a vault, which is made on a page of its own (`?for=` the form). Its own
page is then asked with `?kept=`, and is bound to what was typed (`typed`). Passwords are typed once more.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, QueryDict
from django.urls import Resolver404, get_script_prefix, resolve
from django.utils.crypto import get_random_string

from imsconsole.core.pickers import REFRESH
from imsconsole.core.project_urls import bare, is_path_here

KEPT, FOR = (
    "kept",
    "for",
)  # in addresses: a form of the page itself, and one that waits for what the page makes
SESSION = "kept_forms"
MOST = 5  # the latest
MOST_CHARACTERS = 65_536  # of a form
SECRET = re.compile(
    "passw|passphrase|secret|private|token", re.IGNORECASE
)  # names of fields that are not kept


@dataclass(frozen=True)
class KeptForm:
    """What was typed on the page `at` (an address of ours), and the field whose choice is being made.

    `person`: the ID of whom it is for alone, when it was kept before somebody signed in.
    """

    key: str
    at: str
    data: Mapping[str, list[str]]
    field: str = ""
    person: str = ""

    @property
    def url(self) -> str:
        """The page with what was typed."""
        path, _mark, query = self.at.partition("?")
        asked = QueryDict(query, mutable=True)
        asked[KEPT] = self.key
        return f"{path}?{asked.urlencode()}"


def keep_form(request: HttpRequest, at: str, field: str = "", person: str = "") -> KeptForm:
    """What was sent, to be typed no second time; of a form that is too long only where it was."""
    data = {name: values for name, values in request.POST.lists() if not SECRET.search(name)}
    if sum(len(value) for values in data.values() for value in values) > MOST_CHARACTERS:
        data = {}
    form = KeptForm(get_random_string(22), at, data, field, person)
    _write(request, form)
    return form


def kept_form(request: HttpRequest, name: str) -> KeptForm | None:
    """The form that the address names as `KEPT` or `FOR`."""
    key = request.GET.get(name, "")
    found = request.session.get(SESSION, {}).get(key) if key else None
    form = KeptForm(key, **found) if found else None
    return form if form and form.person in ("", str(request.user.pk)) else None


def typed(request: HttpRequest) -> QueryDict | None:
    """What the form of a page is bound to: what is sent, else what was kept of it, to be drawn and not judged."""
    if request.method == "POST":
        return request.POST
    form = kept_form(request, KEPT)
    if form is None or not form.data or urlsplit(form.at).path != request.path:
        return None
    data = QueryDict(mutable=True)
    for name, values in form.data.items():
        data.setlist(name, values)
    data["action"] = REFRESH
    return data


def back_with(request: HttpRequest, made: object) -> str:
    """The page of the form that waits for what was made, which is chosen in it now; empty when none waits."""
    form = kept_form(request, FOR)
    if form is None:
        return ""
    form = replace(form, data={**form.data, form.field: [str(made)]})
    _write(request, form)
    return form.url


def waits_at(url: str, form: KeptForm) -> str:
    """The address of a page that makes what the form misses."""
    return f"{url}?{urlencode({FOR: form.key})}"


def is_form_of_ours(url: str) -> bool:
    """Whether an address that somebody sent is that of a page here with a form."""
    if not is_path_here(url):
        return False
    try:
        view: Any = resolve("/" + bare(urlsplit(url).path).removeprefix(bare(get_script_prefix()))).func
    except Resolver404:
        return False
    return {"GET", "POST"} <= set(getattr(getattr(view, "kind", None), "methods", ()))


def _write(request: HttpRequest, form: KeptForm) -> None:
    kept = request.session.get(SESSION, {})
    kept.pop(form.key, None)
    kept[form.key] = {"at": form.at, "data": dict(form.data), "field": form.field, "person": form.person}
    request.session[SESSION] = dict(list(kept.items())[-MOST:])
