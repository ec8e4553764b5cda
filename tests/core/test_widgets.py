"""The fields of forms are drawn as Django draws them, with fewer templates."""

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates

CHOICES = [("", "–"), ("several", [("1", "o<ne"), (2, "two")]), ("3", "three")]


class Form(forms.Form):
    text = forms.CharField(
        initial='<x">', widget=forms.TextInput(attrs={"data-x": True, "disabled": False, "class": "k"})
    )
    number = forms.IntegerField(initial=3, localize=True)
    tick = forms.BooleanField(initial=True)
    one = forms.ChoiceField(choices=CHOICES, initial="3")
    several = forms.MultipleChoiceField(choices=CHOICES[1][1], initial=["2"])
    secret = forms.CharField(widget=forms.PasswordInput)
    file = forms.FileField()


@pytest.mark.parametrize("name", Form.base_fields)
def test_a_field_is_drawn_as_django_draws_it(name: str) -> None:
    assert str(Form()[name]).split() == str(Form(renderer=DjangoTemplates())[name]).split()
