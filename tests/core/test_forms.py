"""What is wrong with a form: a summary above it, with a link to each field."""

from typing import Any

import pytest
from django import forms
from django.conf import settings
from django.template import Context, Template
from django.test import RequestFactory

from imsconsole.core.forms import NumberField, errors_of


class Order(forms.Form):
    name = forms.CharField(label="Name")
    login = forms.ChoiceField(label="Login", choices=[("key", "Key")], widget=forms.RadioSelect)
    image = forms.CharField(label="Image", widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        raise forms.ValidationError("Nothing of it is right.")


def test_a_number_that_no_column_holds_is_said_where_it_was_typed() -> None:
    for typed in ("9" * 5000, str(2**31), str(2**63)):
        with pytest.raises(forms.ValidationError):
            NumberField().clean(typed)
    assert NumberField().clean("2147483647") == 2147483647


def test_every_form_counts_with_the_bounded_field() -> None:
    rooms = ("imsconsole", "images", "market", "sharing")
    sources = {path for room in rooms for path in (settings.BASE_DIR / room).rglob("*.py")}
    sources -= {settings.BASE_DIR / "imsconsole/core/forms.py"}
    assert [path for path in sources if "forms.IntegerField" in path.read_text()] == []


def drawn(text: str = "{% form_errors %}", **context: Any) -> str:
    return Template(text).render(Context({"request": RequestFactory().get("/"), **context}))


def test_each_error_has_its_label_and_where_its_field_is():
    assert list(errors_of(Order({}, prefix="x"))) == [
        ("", "", "Nothing of it is right."),
        ("id_x-name", "Name", "This field is required."),
        ("id_x-login_0", "Login", "This field is required."),  # the first button
        ("", "Image", "This field is required."),  # one cannot go to what is hidden
    ]


def test_the_summary_takes_all_forms_of_the_page_and_comes_only_when_something_was_sent():
    assert drawn(form=Order()).strip() == drawn().strip() == ""
    text = drawn(form=Order({"name": "a", "login": "key", "image": "b"}), price_form=Order({}))
    assert text.count("Nothing of it is right.") == 2
    assert "5 things have to be put right" in text
    assert 'href="#id_name"' in text
    assert "autofocus" in text


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x>'])
def test_what_was_typed_stays_text(hostile: str):
    form = Order({"name": "a", "login": hostile, "image": "b"})
    assert hostile not in drawn(form=form)


def test_a_form_that_is_drawn_whole_says_its_own_errors_once():
    text = drawn("{% load django_bootstrap5 %}{% form_errors %}{% bootstrap_form form %}", form=Order({}))
    assert text.count("Nothing of it is right.") == 1
