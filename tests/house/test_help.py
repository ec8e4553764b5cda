"""Every page of the help is there in every language, with the same headings, and what it links to exists."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.urls import resolve

from imsconsole.help.pages import PAGES, limits, page_of

ROOT = Path(settings.PACKAGE_DIR) / "templates"
LANGUAGES = [code for code, _ in settings.LANGUAGES]
EACH = [(name, language) for name in PAGES for language in LANGUAGES]
HEADING = re.compile(r"<(h[1-6])(?: id=\"([^\"]*)\")?>")
HREF = re.compile(r"<a\s[^>]*href=\"([^\"]*)\"")


def source_of(name: str, language: str) -> str:
    return (ROOT / "help" / language / f"{name}.md").read_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_files_are_the_pages(language):
    assert {path.stem for path in (ROOT / "help" / language).glob("*.md")} == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_the_same_headings_in_every_language(name):
    headings = [HEADING.findall(page_of(name, language).body) for language in LANGUAGES]

    assert all(found == headings[0] for found in headings)
    assert headings[0]
    assert all(place.startswith("help-") for _, place in headings[0])


@pytest.mark.parametrize(("name", "language"), EACH)
def test_a_page_begins_with_a_title_and_a_summary(name, language):
    page = page_of(name, language)

    assert source_of(name, language).startswith(f"# {page.title}\n")
    assert page.summary.startswith("<p>")
    assert page.body.startswith(page.summary)


@pytest.mark.parametrize(("name", "language"), EACH)
def test_links_lead_to_pages_of_the_console_and_to_headings_that_are_there(name, language):
    for href in HREF.findall(page_of(name, language).body):
        parts = urlsplit(href)
        assert not parts.netloc, href
        match = resolve(parts.path)
        if parts.fragment:
            assert f'id="{parts.fragment}"' in page_of(match.kwargs["page"], language).body, href


@pytest.mark.parametrize(("name", "language"), EACH)
def test_a_page_names_only_limits_it_is_given(name, language):
    """Django prints nothing for a name it does not know."""
    assert set(re.findall(r"{{\s*(\w+)", source_of(name, language))) <= set(limits())


def test_templates_link_to_pages_and_headings_that_are_there():
    for path in ROOT.rglob("*.html"):
        source = path.read_text()
        for name in re.findall(r"{% help [\"']([^\"']+)[\"'] %}", source):
            assert name in PAGES, path
        linked = re.findall(r"{% url [\"']help:page[\"'] [\"']([\w-]+)[\"'] %}(?:#([\w-]+))?", source)
        for name, place in linked:
            assert name in PAGES, path
            assert not place or f'id="{place}"' in page_of(name, "en").body, path
