"""`{% load listing %}`: what publishers write about their listings, as HTML."""

from django import template

from market.html import html_of

register = template.Library()
register.filter("prose", html_of)
