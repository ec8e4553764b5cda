"""What fills in the user data of a form, and what is left as somebody typed it."""

from typing import Any

import pytest

from imsconsole.cloud.user_data.filling import OF_IMAGE, Filling, Origin, Sources, digest_of, fill_in
from imsconsole.core.pickers import FILL
from tests.factories import UserDataFactory

A, B = "0a", "0b"  # images


@pytest.fixture
def setup(people):
    return UserDataFactory(project=people.bob.project, text="saved\n")


def drawn(typed: dict[str, Any], sources: Sources, **changes: Any) -> dict[str, Any]:
    """The form as it is drawn again after something was changed in it."""
    form = {**typed, **changes}
    fill_in(form, sources)
    return form


def text_and_choice(form: dict[str, Any]) -> tuple[str, str]:
    return form["user_data"], form["user_data-choice"]


def is_taken(form: dict[str, Any], image: str = "") -> bool:
    return bool(Filling.read(form).is_filled_in(image))


def test_what_is_chosen_is_filled_in_and_taken_and_may_be_changed(people, setup):
    sources = Sources(people.bob)
    form = drawn({}, sources, **{"user_data-choice": str(setup.pk)})
    assert text_and_choice(form) == ("saved\n", str(setup.pk))
    assert is_taken(form)
    changed = drawn(form, sources, user_data="saved\r\nand more")
    assert text_and_choice(changed) == ("saved\nand more", str(setup.pk))
    assert is_taken(changed)
    again = drawn(changed, sources, action=FILL)
    assert text_and_choice(again) == ("saved\n", str(setup.pk)), "asked for once more"


def test_another_choice_replaces_a_text_that_nobody_changed(people, setup):
    sources, other = Sources(people.bob), UserDataFactory(project=people.bob.project, text="other")
    form = drawn({}, sources, **{"user_data-choice": str(setup.pk)})
    setup.text = "changed since"
    setup.save()
    form["user_data"] = form["user_data"].replace("\n", "\r\n")  # as browsers send it
    form = drawn(form, sources, **{"user_data-choice": str(other.pk)})
    assert text_and_choice(form) == ("other", str(other.pk))
    assert text_and_choice(drawn(form, sources, **{"user_data-choice": ""})) == ("", "")


def test_a_typed_text_is_replaced_only_when_that_is_asked_for(people, setup):
    sources = Sources(people.bob)
    form = drawn({"user_data": "typed"}, sources, **{"user_data-choice": str(setup.pk)})
    assert text_and_choice(form) == ("typed", str(setup.pk))
    assert form["user_data-changed"], "the page says so"
    assert not is_taken(form), "nobody orders what was not shown"
    assert text_and_choice(drawn(form, sources, **{"user_data-choice": ""})) == ("typed", "")
    filled = drawn(form, sources, action=FILL)
    assert text_and_choice(filled) == ("saved\n", str(setup.pk))
    assert is_taken(filled)


def test_a_typed_text_that_is_what_is_chosen_is_taken(people, setup):
    """It was saved from this form, on the way."""
    form = drawn({"user_data": "saved\r\n"}, Sources(people.bob), **{"user_data-choice": str(setup.pk)})
    assert is_taken(form)


def test_the_default_of_an_own_image_comes_with_it_and_goes_with_it(people):
    first, second = Sources(people.bob, A, "of a", True), Sources(people.bob, B, "of b", True)
    form = drawn({}, first)
    assert text_and_choice(form) == ("of a", OF_IMAGE)
    assert text_and_choice(drawn(form, second)) == ("of b", OF_IMAGE)
    assert text_and_choice(drawn(form, Sources(people.bob, B, "", True))) == ("", "")
    assert text_and_choice(drawn(form, first, user_data="")) == ("", OF_IMAGE), "taken out, and stays so"
    typed = drawn(form, second, user_data="typed")
    assert text_and_choice(typed) == ("typed", OF_IMAGE)
    assert not is_taken(typed, B)
    assert text_and_choice(drawn(drawn({}, Sources(people.bob)), first)) == ("of a", OF_IMAGE)
    assert text_and_choice(drawn({"user_data": "typed"}, first)) == ("typed", "")


def test_the_default_of_anothers_image_is_offered_and_not_filled_in_by_itself(people):
    theirs = Sources(people.bob, A, "theirs")
    form = drawn({}, theirs)
    assert text_and_choice(form) == ("", "")
    assert OF_IMAGE in dict(theirs.choices())
    assert text_and_choice(drawn(form, theirs, **{"user_data-choice": OF_IMAGE})) == ("theirs", OF_IMAGE)
    own = drawn({}, Sources(people.bob, B, "own", True))
    assert text_and_choice(drawn(own, theirs)) == ("", "")


def test_a_default_that_was_filled_in_for_another_image_is_not_taken(people):
    """Without scripts the image is changed and sent at once."""
    form = drawn({}, Sources(people.bob, A, "of a", True))
    assert is_taken(form, A)
    assert not is_taken(form, B)


def test_nothing_is_filled_in_from_others_or_for_those_who_only_read(people, setup):
    for actor in (people.carol, people.dave):
        form = drawn({}, Sources(actor), **{"user_data-choice": str(setup.pk)})
        assert text_and_choice(form) == ("", "")
        assert list(dict(Sources(actor).choices())) == [""]


@pytest.mark.parametrize("sent", ["", "/", "a/b", "a/b/c/d", None, "//"])
def test_an_origin_that_is_none_is_as_good_as_none(sent):
    assert Origin.read(sent) in (Origin(), Origin("", "", ""))
    assert Origin.read(str(Origin("image", A, digest_of("x")))) == Origin("image", A, digest_of("x"))


@pytest.mark.parametrize("choice", ["nonsense", "image", "0" * 32])
def test_a_choice_that_is_gone_leaves_the_text(people, choice):
    form = drawn({"user_data": "typed", "user_data-choice": choice}, Sources(people.bob))
    assert text_and_choice(form) == ("typed", "")
