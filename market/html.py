"""From a publisher's Markdown to HTML that can do nothing: a few tags, links that say where they come from."""

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown import markdown

TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong", "table", "tbody",
    "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto"}
# headings begin below those of the page
HEADINGS = {"toc": {"baselevel": 3, "marker": ""}}


def html_of(text: str) -> SafeString:
    """Sanitised HTML. Pictures, scripts, styles and forms are dropped; the words in them stay."""
    made = markdown(
        text, extensions=["tables", "fenced_code", "sane_lists", "toc"], extension_configs=HEADINGS
    )
    clean = nh3.clean(
        made, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="nofollow noopener noreferrer"
    )
    return mark_safe(clean)  # noqa: S308  nh3 has cleaned it
