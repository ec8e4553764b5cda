"""One act for several things: none keeps another back, and what came of each is told."""

from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils.translation import ngettext_lazy

from imsconsole.core.each import Outcome, do_each, tell_each
from imsconsole.core.errors import Conflict
from imsconsole.core.rules import Refused, refuse

DONE = ngettext_lazy("%(n)s done: %(names)s.", "%(n)s are done: %(names)s.", "n")


def act(number: int) -> str:
    if number % 3 == 1:
        raise Refused(refuse("no", f"{number} is not liked."))
    if number % 3 == 2:
        raise Conflict
    return f"made {number}"


def said(outcome: Outcome[int, str], rf: RequestFactory) -> list[str]:
    request: HttpRequest = rf.get("/")
    request.session = {}  # type: ignore[assignment]
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]
    tell_each(
        request, outcome, done=DONE, kept="%(name)s stays: %(reason)s", name=lambda number: f"n{number}"
    )
    return [f"{message.level_tag} {message}" for message in get_messages(request)]


def test_what_is_refused_keeps_nothing_else_back_and_the_lines_stay_in_order():
    outcome = do_each(range(5), act)

    assert [line.thing for line in outcome.lines] == [0, 1, 2, 3, 4]
    assert [line.result for line in outcome.done] == ["made 0", "made 3"]
    assert [(line.thing, line.reason) for line in outcome.refused] == [
        (1, "1 is not liked."),
        (2, "It was changed by someone else in the meantime. Please look at it again and repeat."),
        (4, "4 is not liked."),
    ]
    assert [line.reason for line in outcome.done] == ["", ""]


def test_what_came_of_it_is_told_with_a_few_names_and_a_few_reasons(rf):
    assert said(do_each([0, 1], act), rf) == ["success 1 done: n0.", "warning n1 stays: 1 is not liked."]
    assert said(do_each([1], act), rf) == ["warning n1 stays: 1 is not liked."]
    assert said(do_each(range(0, 18, 3), act), rf) == ["success 6 are done: n0, n3, n6, n9, n12…."]
    assert said(do_each(range(1, 22, 3), act), rf)[-2:] == [
        "warning n13 stays: 13 is not liked.",
        "warning 2 more stayed as they are, for such reasons.",
    ]
