"""What is wrong with a form: a summary above it, with a link to each field."""

from typing import Any

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory

from imsconsole.core.forms import errors_of


class Order(forms.Form):
    name = forms.CharField(label="Name")
    login = forms.ChoiceField(label="Login", choices=[("key", "Key")], widget=forms.RadioSelect)
    image = forms.CharField(label="Image", widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        raise forms.ValidationError("Nothing of it is right.")


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
