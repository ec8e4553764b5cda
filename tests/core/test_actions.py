"""Actions as data: what is offered where, what is asked, and how it is drawn."""

from types import SimpleNamespace
from uuid import UUID

import pytest
from django.template import Context, Template

from imsconsole.core.actions import (
    MORE,
    PAGE,
    ROW,
    Action,
    Bar,
    Many,
    Offer,
    always,
    bulk_facts,
    chosen_for,
    facts_at,
    offered,
    shared_refusal,
)
from imsconsole.core.rooms import drawers
from imsconsole.core.rules import ALLOWED, Verdict, refuse

BUSY = refuse("busy", "It is <busy>.", way="/jobs/1/", way_label="Look at the job")
FULL = refuse("full", "There is no room.")


class Thing(SimpleNamespace):
    pk = UUID(int=7)

    def __str__(self) -> str:
        return "web-1"


def may(thing: Thing, actor: str) -> Verdict:
    return ALLOWED if actor == "bob" else BUSY


COPY = Action("Copy", "images:copy", may, facts=("stored_bytes",), many=Many("images:copy-several"))
LAUNCH = Action("Launch", "servers-create", may, query="image", style="primary")
START = Action("Start", "servers:start", may, method="post", sends={"how": "cold"})
DELETE = Action(
    "Delete", "images:delete", may, facts=("is_offered", "stored_bytes"), asks=True, where=(MORE,)
)


def drawn(actions, actor="bob", place=PAGE, thing=None, **known) -> str:
    offers = offered(actions, thing or Thing(), actor, **known)
    html = Template("{% actions offers place %}").render(
        Context({"offers": offers, "place": place, "csrf_token": "t0ken"})
    )
    return " ".join(html.split())


def test_an_address_has_the_key_of_the_thing_as_argument_or_parameter_or_is_made_of_it():
    assert COPY.address(Thing()) == f"/images/{Thing.pk}/copy/"
    assert LAUNCH.address(Thing()) == f"/servers/create/?image={Thing.pk.hex}"
    assert Action("Up", lambda thing: f"/{thing}/", may).address(Thing()) == "/web-1/"
    assert Action("Create", "images:create", may).address(None) == "/images/create/"


def test_an_address_carries_along_what_the_page_knows():
    upload = Action("Upload", "images:copy", may, carries=("prefix",))

    assert upload.address(Thing(), {"prefix": "a b/", "host": 1}).endswith("/copy/?prefix=a+b%2F")
    assert upload.address(Thing(), {"prefix": ""}).endswith("/copy/")


def test_only_what_stands_at_a_place_and_is_shown_is_asked():
    def never(_thing: Thing, _actor: str) -> Verdict:
        raise AssertionError

    elsewhere = Action("Verify", "images:verify", never, where=("verified",))
    hidden = Action("Install", "images:install", never, is_shown=lambda thing: False)
    offers = offered((COPY, elsewhere, hidden), Thing(), "bob").at(ROW)

    assert offers == [Offer("Copy", f"/images/{Thing.pk}/copy/", ALLOWED)]


def test_a_rule_takes_of_what_the_page_knows_what_it_is_spared():
    def fits(_thing: Thing, _actor: str, used: int = 9) -> Verdict:
        return FULL if used else ALLOWED

    action = Action("Restore", "images:restore", fits, spares=("used",))

    assert action.ask(Thing(), "bob") == FULL
    assert action.ask(Thing(), "bob", {"used": 0, "host": None}) == ALLOWED


def test_what_is_done_to_no_thing_is_asked_of_the_actor():
    create = Action("Create", "images:create", lambda actor: ALLOWED if actor == "bob" else FULL)

    assert create.ask(None, "bob") == ALLOWED
    assert create.ask(None, "dave") == FULL


def test_facts_are_those_of_the_rules_at_a_place_each_once():
    assert facts_at((COPY, DELETE), ROW) == ("stored_bytes",)
    assert facts_at((COPY, DELETE), ROW, MORE) == ("stored_bytes", "is_offered")
    one_of_many = Action(
        "Delete", "images:delete", may, many=Many("images:delete-several", facts=("shares_count",))
    )
    assert bulk_facts((COPY, one_of_many, LAUNCH)) == ("stored_bytes", "shares_count")


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        ([BUSY, BUSY, BUSY, ALLOWED, ALLOWED], BUSY),
        ([BUSY, BUSY, BUSY, ALLOWED, ALLOWED, ALLOWED], ALLOWED),
        ([BUSY, BUSY], ALLOWED),
        ([FULL, BUSY, FULL, BUSY, FULL], FULL),
        ([], ALLOWED),
    ],
)
def test_a_reason_of_three_and_of_most_is_said_once(verdicts, said):
    assert shared_refusal([Offer("A", "/", verdict) for verdict in verdicts]) == said


def test_buttons_that_are_refused_alike_refer_to_one_line():
    html = drawn([COPY] * 3 + [Action("Restore", "images:restore", always)], actor="dave")

    assert html.count("It is &lt;busy&gt;.") == 1
    why = html.split('class="why-all" id="')[1].split('"')[0]
    assert html.count(f'aria-disabled="true" aria-describedby="{why}"') == 3
    assert '<a href="/jobs/1/">Look at the job</a>' in html
    assert f'href="/images/{Thing.pk}/restore/"' in html


def test_a_button_that_is_refused_for_itself_has_its_reason_with_it():
    html = drawn([COPY, START], actor="dave")

    assert "why-all" not in html
    for part in html.split("aria-describedby=")[1:]:
        assert f"id={part.split('>')[0]}" in html
    assert html.count("It is &lt;busy&gt;.") == 4
    for plain in html.split("<noscript>")[1:]:  # where no script gives a tapped button the focus
        assert "It is &lt;busy&gt;." in plain.split("</noscript>")[0]
    assert "/servers/" not in html


def test_on_a_page_lesser_verbs_are_in_the_menu():
    html = drawn([LAUNCH, DELETE])
    buttons, menu = html.split("<details")

    assert f'class="btn btn-primary" href="/servers/create/?image={Thing.pk.hex}">Launch</a>' in buttons
    assert f'<a class="menu-item" href="/images/{Thing.pk}/delete/" data-dialog>Delete</a>' in menu


def test_buttons_in_the_head_of_a_page_have_ids_that_stay_when_they_are_drawn_anew():
    first, again = (drawn([COPY, START], actor=actor) for actor in ("bob", "dave"))

    for number in (1, 2):
        assert first.count(f'id="thing-action-{number}"') == again.count(f'id="thing-action-{number}"') == 1
    assert "thing-action" not in drawn([COPY], place="verified")


def test_in_a_row_what_is_first_and_allowed_stands_before_the_menu():
    allowed, refused = (drawn([LAUNCH, COPY, START], actor=actor, place=ROW) for actor in ("bob", "dave"))

    assert allowed.index("Launch") < allowed.index("<details") < allowed.index("Copy")
    assert 'More<span class="visually-hidden"> web-1</span>' in allowed
    assert refused.index("<details") < refused.index("Launch")


def test_a_menu_with_one_line_that_is_allowed_is_none():
    assert drawn([LAUNCH, COPY], place=ROW).count("<details") == 0
    assert drawn([COPY], actor="dave", place=ROW).count("<details") == 1


def test_what_is_posted_carries_a_token_and_its_fields():
    for place in (PAGE, ROW):
        html = drawn([START], place=place)
        assert f'<form method="post" action="/servers/{Thing.pk}/start/" data-once>' in html
        assert "t0ken" in html
        assert '<input type="hidden" name="how" value="cold">' in html


def test_the_bar_has_the_verbs_that_can_be_done_to_many():
    bar = Bar((LAUNCH, COPY), url="/images/selection/", keep="images", verdict=FULL)

    assert bar.offers() == [Offer("Copy", "/images/copy/", FULL)]


def test_each_verb_of_the_bar_is_asked_of_each_thing():
    delete = Action(
        "Delete", "images:delete", may, many=Many("images:delete-several", lambda _all, _: [ALLOWED, FULL])
    )
    copied, deleted = chosen_for((LAUNCH, COPY, delete), ["one", "two"], "dave")

    assert (copied.url, copied.partition.allowed) == ("/images/copy/", [])
    assert copied.partition.refused == [("one", BUSY), ("two", BUSY)]
    assert (deleted.partition.allowed, deleted.partition.refused) == (["one"], [("two", FULL)])


# keys ------------------------------------------------------------------------------------------------


def tuples() -> list[tuple[str, tuple[Action, ...]]]:
    """All of the rooms."""
    return [
        (f"{module.__name__}.{name}", actions)
        for module in drawers("actions")
        for name, actions in vars(module).items()
        if name.endswith("_ACTIONS") and isinstance(actions, tuple)
    ]


def test_keys_are_found_in_all_rooms():
    assert {key for _name, actions in tuples() for key in (each.key for each in actions) if key} > {"d", "e"}


@pytest.mark.parametrize(("name", "actions"), tuples(), ids=[name for name, _actions in tuples()])
def test_a_key_presses_one_verb_that_changes_nothing_by_itself(name: str, actions: tuple[Action, ...]):
    keyed = [each for each in actions if each.key]
    assert len({each.key for each in keyed}) == len(keyed)
    assert [
        each for each in keyed if each.method != "get" or each.key in "/?jkx" or ROW not in each.where
    ] == []


def test_a_verb_of_a_row_carries_its_key_allowed_or_not():
    actions = (Action("Edit", lambda _thing: "/edit/", may, key="e"),)
    for actor in ("bob", "dave"):
        assert 'data-key="e"' in drawn(actions, actor, ROW)
