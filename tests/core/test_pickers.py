"""One of many rows, chosen on a page: what is shown, what is searched for, what is taken."""

import re
from typing import Any

import pytest
from django import forms

from images.models import Image
from imsconsole.core.pickers import MOST, PickerField, PickingForm
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from tests.factories import ImageFactory

pytestmark = pytest.mark.django_db


class Order(PickingForm):
    image = PickerField(Image.objects.none(), label="Image")
    name = forms.CharField(label="Name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["image"].offer(Image.objects.order_by("name"), is_good)  # type: ignore[attr-defined]


def is_good(image: Image) -> Verdict:
    return refuse("is-bad", "“%(name)s” is bad.", name=image.name) if "bad" in image.name else ALLOWED


@pytest.fixture
def images(people) -> list[Image]:
    return [ImageFactory(project=people.bob.project, name=f"web-{number:03}") for number in range(60)]


def shown(**typed: Any) -> list[str]:
    return [pick.thing.name for pick in Order(typed)["image"].picks]


def asked(
    word: str = "", count: Any = 25, action: str = "refresh", former: str | None = None
) -> dict[str, Any]:
    return {
        "image_q": word,
        "image_was": word if former is None else former,
        "image_shown": str(count),
        "action": action,
    }


def test_the_first_rows_are_shown_and_more_when_they_are_asked_for(images):
    assert shown() == [f"web-{number:03}" for number in range(25)]
    assert len(shown(**asked(count=25, action="more-image"))) == 50
    assert len(shown(**asked(count=50))) == 50
    assert len(shown(**asked(count=50, action="more-image"))) == 60
    picker = Order(asked(count=50))["image"]
    assert (picker.has_more, Order(asked(count=75))["image"].has_more) == (True, False)


@pytest.mark.parametrize("count", ["9" * 40, "-1", "x", "", "0", "٣"])
def test_nobody_is_shown_more_than_one_reads(images, count):
    picker = Order(asked(count=count))["image"]
    assert 25 <= picker.shown <= MOST


def test_one_searches_for_a_part_of_the_name_and_another_word_begins_at_its_first_rows(images):
    assert shown(**asked("B-05")) == [f"web-05{number}" for number in range(10)]
    assert Order(asked("web", count=75, former="w"))["image"].shown == 25
    assert shown(**asked("%")) == shown(**asked("_")) == []


def test_the_chosen_row_stays_whatever_one_searches_for(images):
    assert shown(image=str(images[50].pk), **asked("web-00"))[0] == "web-050"
    (first, *others) = Order({"image": str(images[3].pk), **asked("web-00")})["image"].picks
    assert [pick.thing.name for pick in [first, *others] if pick.is_chosen] == ["web-003"]
    assert len(others) == 9
    assert shown(image="nonsense", **asked("web-001")) == ["web-001"]


def test_what_cannot_be_chosen_stands_last_with_the_reason(people, images):
    bad = ImageFactory(project=people.bob.project, name="a bad one")
    html = str(Order()["image"])
    assert shown()[-1] == "a bad one"
    (button,) = re.findall(rf'<input [^>]*value="{bad.pk}"[^>]*>', html)
    assert "disabled" in button
    assert f'aria-describedby="image-why-{bad.pk}"' in button
    assert re.search(rf'id="image-why-{bad.pk}">\s*“a bad one” is bad.', html)
    assert html.count("disabled") == 1
    assert f'<label for="image-{images[0].pk}">' in html


def test_any_row_is_taken_that_the_rule_allows_shown_or_not(people, images):
    bad = ImageFactory(project=people.bob.project, name="bad")
    for image, code in (
        (images[59].pk, None),
        (bad.pk, "is-bad"),
        (people.bob.project.pk, "invalid_choice"),
        ("", "required"),
    ):
        errors = Order({"image": image, "name": "web", "action": "confirm"}).errors.as_data()
        assert [error.code for error in errors.get("image", [])] == [code] * bool(code)


@pytest.mark.parametrize(
    "sent",
    [asked("web"), asked(action="more-image"), asked("web", action="confirm", former="")],
    ids=["search", "more", "enter"],
)
def test_a_form_that_is_sent_to_look_around_keeps_what_was_typed_and_finds_nothing_wrong(images, sent):
    form = Order({"name": "", "image": str(images[0].pk), **sent})
    assert form.is_refreshed
    assert not form.is_valid()
    assert not form.errors
    assert form["image"].chosen == images[0]
    assert Order({"name": "", **asked("web", action="confirm")}).errors.keys() == {"name", "image"}


def test_what_was_found_is_said(images):
    for typed, sentence in (
        ({}, "The first 25 are listed."),
        (asked("05"), "11 found."),
        (asked("none of them"), "Nothing here has “none of them” in its name."),
        (asked("<b>"), "Nothing here has “&lt;b&gt;” in its name."),
    ):
        assert re.search(rf'role="status"[^>]*>{re.escape(sentence)}', str(Order(typed)["image"])), sentence
    Image.objects.all().delete()
    assert "There is nothing to choose from." in str(Order()["image"])


def test_nothing_can_be_chosen_where_nothing_is_needed(images):
    form = Order({"name": "web"})
    field: Any = form.fields["image"]
    field.required, field.empty_label = False, "None of them"
    (nothing, *others) = form["image"].picks
    assert (nothing.thing, nothing.is_chosen, nothing.cells) == (None, True, [("Name", "None of them")])
    assert len(others) == 25
    assert form.is_valid()
    assert form.cleaned_data["image"] is None
