"""`{% load listing %}`: what publishers write about their listings, as HTML."""

from django import template
from django.template.defaultfilters import linebreaks_filter

register = template.Library()
register.filter("prose", linebreaks_filter)
