"""Wizards: forms over several pages. What has been filled in is a draft: a row, whose key is in each page's address.

So a draft survives signing out, two tabs do not mix, and each page is a view of its own that works without scripts;
with them htmx changes the page in place (`components/wizard.html`).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial, wraps
from typing import Any, TypeVar, cast
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.kept_forms import typed
from imsconsole.accounts.models import Draft, User
from imsconsole.core.contention import retried
from imsconsole.core.each import Line, Outcome, attempt
from imsconsole.core.errors import ImsError
from imsconsole.core.htmx import render_page
from imsconsole.core.locks import locked
from imsconsole.core.now import now
from imsconsole.core.pickers import is_refresh, picks_of
from imsconsole.core.query_string import row_of
from imsconsole.core.rules import Verdict
from imsconsole.core.sentences import lasting_values, sentence_of
from imsconsole.core.summary import summary_of

T = TypeVar("T")
Typed = MultiValueDict[str, str] | None
STEPS, MADE, OUTCOMES = "steps", "made", "outcomes"
KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Made:
    """What a wizard has led to: the page of what was made, what is said there, what of the draft that page reads."""

    url: str
    text: str = ""
    kept: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wizard:
    """One of them. `name` is that of its drafts, `steps` are key and title in their order.

    The first page has the URL name `urls`, with what `place` says of the draft; going back to it, `?draft=` names the
    draft. The page of a later step has the name `<urls>-<step>`, with the draft's key besides.
    """

    name: str
    title: str | Promise
    urls: str
    steps: Mapping[str, str | Promise]
    place: Callable[[Draft], Mapping[str, Any]] = field(default=lambda _draft: {})

    def begin(self, actor: Actor, **data: Any) -> Draft:
        """A new draft; `data` is what it begins with."""
        user = cast(User, actor.user)
        return Draft.objects.create(wizard=self.name, user=user, project=actor.project, data=data)

    def find(self, draft_id: UUID, actor: Actor) -> Draft:
        """One's own draft in this project; somebody else's is 404."""
        return get_object_or_404(self._drafts(actor), pk=draft_id)

    def _drafts(self, actor: Actor) -> "QuerySet[Draft]":
        return Draft.objects.visible_to(actor).filter(wizard=self.name)

    def first(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponseBase]:
        """Decorates the view of the first page, which is given the draft one comes back to, or None."""

        @wraps(view)
        def find_and_show(request: ActorRequest, **place: Any) -> HttpResponseBase:
            draft = self._named(request)
            if draft and MADE in draft.data:
                return leave_for(request, draft.data[MADE])
            return view(request, draft if draft and self._is_of(draft, place) else None, **place)

        return form_view(find_and_show)

    def _is_of(self, draft: Draft, place: Mapping[str, Any]) -> bool:
        return {name: str(key) for name, key in place.items()} == self.place(draft)

    def _named(self, request: ActorRequest) -> Draft | None:
        return row_of(self._drafts(request.actor), request.GET.get("draft"))

    def step(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponseBase]:
        """Decorates the view of a later step, which is given the draft. One that is used up leads to what was made."""

        @wraps(view)
        def find_and_show(request: ActorRequest, draft_id: UUID, **place: Any) -> HttpResponseBase:
            draft = self.find(draft_id, request.actor)
            if MADE in draft.data:
                return leave_for(request, draft.data[MADE])
            if not self._is_of(draft, place):
                raise Http404
            return view(request, draft, **place)

        return form_view(find_and_show)

    def url(self, draft: Draft, step: str) -> str:
        place = self.place(draft)
        if step == next(iter(self.steps)):
            return f"{reverse(self.urls, kwargs=dict(place))}?draft={draft.pk}"
        return reverse(f"{self.urls}-{step}", kwargs={**place, "draft_id": draft.pk})

    def go(self, draft: Draft, step: str) -> HttpResponse:
        return redirect(self.url(draft, step))

    def typed(self, request: HttpRequest, draft: Draft | None, step: str) -> Typed:
        """What the step's form is bound to: what is sent, or was when one left it, else what was filled in before."""
        sent = typed(request)
        return self.kept(draft, step) if sent is None else sent

    def kept(self, draft: Draft | None, step: str) -> Typed:
        kept = draft.data.get(STEPS, {}).get(step) if draft else None
        return None if kept is None else MultiValueDict(kept)

    def takes(
        self, request: ActorRequest, draft: Draft | None, step: str, *forms: BaseForm, **data: Any
    ) -> Draft | None:
        """The draft, if the step was sent and filled in well. Its own fields are kept then: no token, no button.

        A first page may have none yet: it begins with `data`.
        """
        if request.method != "POST" or not all(form.is_valid() for form in forms):
            return None
        own = {
            key: values
            for key, values in request.POST.lists()
            if any(_has_field(form, key) for form in forms)
        }
        steps = draft.data.get(STEPS, {}) if draft else {}
        return self.keep(request.actor, draft, **data, **{STEPS: {**steps, step: own}})

    def keep(self, actor: Actor, draft: Draft | None, **data: Any) -> Draft:
        """Write down what was filled in, in a new draft if there is none yet."""
        return _written(draft, data) if draft else self.begin(actor, **data)

    def starts(
        self, request: ActorRequest, draft: Draft | None, *forms: BaseForm, verdict: Verdict, **data: Any
    ) -> HttpResponse | None:
        """The answer to a first page that is sent by whoever may, and filled in well: the second."""
        first, second, *_others = self.steps
        if request.method == "POST" and not is_refresh(request.POST):
            verdict.require()
        taken = self.takes(request, draft, first, *forms, **data)
        return self.go(taken, second) if taken else None

    def ends(
        self, request: HttpRequest, draft: Draft, *forms: BaseForm, make: Callable[[], Made], back: str = ""
    ) -> HttpResponse | None:
        """The answer to a last page that is sent: what was made.

        What cannot be made any more leads to the step `back`, which says why; without one to the first, where what was
        chosen is gone since.
        """
        if not all(form.is_valid() for form in forms):
            if not back:
                messages.error(request, _("Something you chose is gone meanwhile. Please choose again."))
            return self.go(draft, back or next(iter(self.steps)))
        if request.method != "POST":
            return None
        try:
            return self.finish(request, draft, make)
        except ImsError as error:
            if not back:
                raise
            messages.error(request, sentence_of(error))
            return self.go(draft, back)

    def page(
        self,
        request: HttpRequest,
        template: str,
        step: str,
        form: BaseForm | None = None,
        status: int = 200,
        fragment: str = "",
        **context: Any,
    ) -> HttpResponse:
        """A step's page (`components/wizard.html`); 422 where what was sent is not taken.

        `fragment` is what htmx gets when something on the page was chosen, or only the rows of a picker, or the
        `summary` (a `Summary`).
        """
        steps = list(self.steps.items())
        about = {
            "title": self.title,
            "steps": steps,
            "current": step,
            "form_id": f"step-{step}",
            "form": form,
        }
        context = {**about, **context}
        if part := picks_of(request, form) or summary_of(request, context):
            return part
        if request.method == "POST" and form is not None and form.errors:
            status = 422
        response = render_page(request, template, fragment or template, context, status)
        if status != 200:
            response["HX-Push-Url"] = "false"  # it is the page one is on
        return response

    def finish(self, request: HttpRequest, draft: Draft, make: Callable[[], Made]) -> HttpResponse:
        """Make it, once however often the last page is sent, and lead to what was made."""
        made, is_new = _made_once(draft.pk, make)
        if is_new and made.text:
            messages.success(request, made.text)
        return leave_for(request, made.url)

    def each(self, draft: Draft, things: Mapping[str, T], act: Callable[[T], str]) -> Outcome[T, str]:
        """Act on one thing after the other, each in a transaction of its own that also keeps how it ended.

        So an order that is cut short goes on where it was when it is sent again, and one that is sent twice does
        nothing twice. `things` are by the keys under which that is kept; `act` says what it made.
        """
        return Outcome(
            [_line(thing, _tried_once(draft.pk, key, partial(act, thing))) for key, thing in things.items()]
        )

    def begun(self, draft: Draft) -> Collection[str]:
        """The keys of the things of which it is kept how they ended."""
        return cast(dict[str, Any], draft.data.get(OUTCOMES, {})).keys()

    def try_again(self, draft: Draft) -> None:
        """Forget how an order ended of which nothing came."""
        Draft.objects.filter(pk=draft.pk).update(data={**draft.data, OUTCOMES: {}}, updated_at=now())


def leave_for(request: HttpRequest, url: str) -> HttpResponse:
    """Out of the wizard: to a page that htmx does not put into this one's place."""
    return HttpResponseClientRedirect(url) if getattr(request, "htmx", None) else redirect(url)


def _has_field(form: BaseForm, key: str) -> bool:
    return key.startswith(f"{form.prefix}-") if form.prefix else key in form.fields


@retried
@transaction.atomic
def _written(draft: Draft, data: Mapping[str, Any]) -> Draft:
    """The draft with `data`, unless it has led to something meanwhile, in another tab."""
    held = locked(Draft.objects.all(), draft.pk)
    if MADE not in held.data:
        held.data, held.updated_at = {**held.data, **data}, now()
        held.save(update_fields=["data", "updated_at"])
    draft.data = held.data
    return draft


@retried
@transaction.atomic
def _made_once(draft_id: UUID, make: Callable[[], Made]) -> tuple[Made, bool]:
    """What the draft has led to, and whether only now."""
    draft = locked(Draft.objects.all(), draft_id)
    if MADE in draft.data:
        return Made(draft.data[MADE]), False
    made = make()
    # how each ended as well: who sent it at the same time may be still at it
    kept = {name: draft.data[name] for name in (OUTCOMES, *made.kept) if name in draft.data}
    draft.data, draft.updated_at = {**kept, MADE: made.url}, now()
    draft.save(update_fields=["data", "updated_at"])
    return made, True


@retried
@transaction.atomic
def _tried_once(draft_id: UUID, key: str, deed: Callable[[], str]) -> dict[str, Any]:
    draft = locked(Draft.objects.all(), draft_id)
    outcomes = draft.data.setdefault(OUTCOMES, {})
    if key not in outcomes:
        outcomes[key] = _tried(deed)
        draft.updated_at = now()
        draft.save(update_fields=["data", "updated_at"])
    return cast(dict[str, Any], outcomes[key])


def _tried(deed: Callable[[], str]) -> dict[str, Any]:
    """What it made, or the code and the values of the error it ended with."""
    line = attempt(None, lambda _nothing: deed())
    return (
        {"code": line.error.code, "values": lasting_values(line.error)}
        if line.error
        else {"made": line.result}
    )


def _line(thing: T, kept: Mapping[str, Any]) -> Line[T, str]:
    if code := kept.get("code"):
        return Line(thing, error=ImsError(code, **kept["values"]))
    return Line(thing, kept.get("made", ""))


def reason_of(kept: Mapping[str, Any]) -> str:
    """Why one of an order, as `Wizard.each` has kept it, was not done; empty when it was."""
    return _line(None, kept).reason


def forget_old_drafts() -> None:
    """Remove drafts nobody has touched for a month."""
    Draft.objects.filter(updated_at__lt=now() - KEPT).delete()
