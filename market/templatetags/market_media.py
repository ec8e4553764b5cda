"""`{% load market_media %}`: pictures in the page itself, for operators, who are in no project."""

from base64 import b64encode

from django import template

register = template.Library()


@register.filter
def as_png(content: bytes | memoryview) -> str:
    """A small picture as an address."""
    return f"data:image/png;base64,{b64encode(bytes(content)).decode()}"


@register.filter
def as_webp(content: bytes | memoryview) -> str:
    return f"data:image/webp;base64,{b64encode(bytes(content)).decode()}"
