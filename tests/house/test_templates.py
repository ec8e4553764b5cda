"""What the content security policy would block, and what breaks without JavaScript, is not written at all."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import TemplateSyntaxError
from django.template.loader import get_template

from tests.house.test_urls import addresses

ROOT = Path(settings.PACKAGE_DIR) / "templates"
TEMPLATES = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.html"))
MOST_CHARACTERS = 160  # in a line
INLINE_SCRIPT = re.compile(
    r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/(?:ld\+)?json\")[^>]*>", re.IGNORECASE
)
INLINE_STYLE = re.compile(r"<style\b|<[a-z][^>]*\sstyle\s*=", re.IGNORECASE)
HANDLER = re.compile(r"<[a-z][^>]*\s(?:on[a-z]+|hx-on[:a-z-]*|hx-vars)\s*=|javascript:", re.IGNORECASE)
ELSEWHERE = re.compile(r"<(?:script|link|img)[^>]*\s(?:src|href)=\"(?:https?:)?//", re.IGNORECASE)


def without_tags(source: str) -> str:
    return re.sub(r"{#.*?#}|{%.*?%}", "", source, flags=re.DOTALL)


def blocked(source: str) -> str:
    """The first thing in a template that the policy would block."""
    found = (pattern.search(source) for pattern in (INLINE_SCRIPT, INLINE_STYLE, HANDLER, ELSEWHERE))
    return next((match.group() for match in found if match), "")


def test_a_template_has_nothing_that_the_policy_blocks() -> None:
    found = {name: blocked(without_tags((ROOT / name).read_text())) for name in TEMPLATES}
    assert {name: what for name, what in found.items() if what} == {}


def test_no_line_of_a_template_is_too_long() -> None:
    long = {name: max(map(len, (ROOT / name).read_text().splitlines()), default=0) for name in TEMPLATES}
    assert {name: length for name, length in long.items() if length > MOST_CHARACTERS} == {}


def test_every_template_compiles() -> None:
    wrong = {}
    for name in TEMPLATES:
        try:
            get_template(name)
        except TemplateSyntaxError as error:
            wrong[name] = str(error)
    assert wrong == {}


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        '<script type="module">x</script>',
        '<p class="a" style="color: red">',
        "<style>p{}</style>",
        '<a onclick="go()">',
        "<div hx-on:click='x'>",
        '<a href="javascript:x">',
        '<script src="https://cdn.example/x.js"></script>',
    ],
)
def test_the_patterns_find_what_they_look_for(source):
    assert blocked(source)


@pytest.mark.parametrize(
    "source",
    [
        '<script type="module" src="/a.js"></script>',
        '<a hx-get="/x" href="/x">once = on</a>',
        '<p data-once class="on">',
    ],
)
def test_the_patterns_leave_what_is_allowed(source):
    assert not blocked(source)


def test_every_address_a_template_names_exists() -> None:
    """`{% url … as … %}` is silent about a name that does not."""
    known = {name for name, _ in addresses()} | {"set_language"}
    named = {
        (template, name)
        for template in TEMPLATES
        for name in re.findall(r"{%\s*url\s+[\"']([\w:-]+)[\"']", (ROOT / template).read_text())
        if not name.startswith(("account_", "mfa_", "socialaccount_", "admin:", "openid_connect"))
    }
    assert {each for each in named if each[1] not in known} == set()
