"""From a publisher's Markdown to HTML that can do nothing: a few tags, links that say where they come from."""

import re

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

# it never nests deeper than its preset says, so that no text takes long, whatever a publisher types
MARKDOWN = MarkdownIt("commonmark").enable("table")
TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto"}
HEADING = re.compile(r"<(/?)h([1-6])>")
ABOVE = 2  # the level of the page's own headings


def html_of(text: str) -> SafeString:
    """Sanitised HTML. Pictures, scripts, styles and forms are dropped; the words in them stay."""
    clean = nh3.clean(
        MARKDOWN.render(text),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel="nofollow noopener noreferrer",
    )
    return mark_safe(_below(clean))  # noqa: S308  nh3 has cleaned it


def _below(html: str) -> str:
    """Headings below those of the page, each at most one level deeper than the one before, whatever was typed."""
    levels: list[int] = []

    def moved(tag: re.Match[str]) -> str:
        slash, level = tag[1], int(tag[2])
        if not slash:
            levels[:] = [*(above for above in levels if above < level), level]
        return f"<{slash}h{min(ABOVE + len(levels), 6)}>"

    return HEADING.sub(moved, html)
