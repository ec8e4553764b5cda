"""From a page's name to its text in the reader's language.

A page is a Django template that yields Markdown, so that addresses and limits in it are the console's own:
`{% url %}` and the names of `limits`. Its first line is the title, its first paragraph the summary.
Headings carry an ID that begins with `help-` and is the same in every language (`## Delete {: #help-delete }`).
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from markdown_it import MarkdownIt

from imsconsole.core.project_urls import bare

PAGES = (
    "choose", "images", "import", "capture", "export", "copy", "modify", "uploads", "create-server", "install", "change-os", "resize", "disks", "backups",
    "key-pairs", "user-data", "keys", "sharing", "market", "selling",
    "buckets", "members",
)  # fmt: skip
FALLBACK = "en"
MARKDOWN = MarkdownIt("commonmark").enable("table")
HEADING = re.compile(r"<h([1-6])>(.*) \{: #([a-z-]+) \}</h\1>")  # ## Title {: #its-id }
HREF = re.compile(r'href="([^"]+)"')


@dataclass(frozen=True)
class Page:
    """A page of the help. `summary` and `body` are HTML; the body includes the summary."""

    name: str
    title: str
    summary: SafeString
    body: SafeString


def page_of(name: str, language: str | None = None) -> Page:
    """A page of `PAGES` in a language of the console, the reader's if none is given."""
    folder = language or get_language() or FALLBACK
    known = {code for code, _ in settings.LANGUAGES}
    folder = folder if folder in known else FALLBACK
    page = _page(folder, name, tuple(limits().items()))
    return replace(page, summary=_here(page.summary), body=_here(page.body))


def _here(html: SafeString) -> SafeString:
    """Its links stay in the reader's project."""
    prefix = get_script_prefix()
    return mark_safe(html.replace(f'href="{bare(prefix)}', f'href="{prefix}'))  # noqa: S308


@lru_cache(maxsize=128)
def _page(folder: str, name: str, numbers: tuple[tuple[str, Any], ...]) -> Page:
    """The same for readers in any project: its links are bare."""
    title, _, text = render_to_string(f"help/{folder}/{name}.md", dict(numbers)).lstrip().partition("\n")
    summary = text.strip().partition("\n\n")[0]
    return Page(name, title.removeprefix("# ").strip(), _html(summary), _html(text))


def limits() -> dict[str, Any]:
    """The numbers that pages speak of: those of this console's settings."""
    return {
        "import_max_gb": settings.IMS_IMPORT_MAX_GB,
        "fast_import_max_gb": settings.IMS_FAST_IMPORT_MAX_GB,
        "export_max_gb": settings.IMS_EXPORT_MAX_GB,
        "fast_export_max_gb": settings.IMS_FAST_EXPORT_MAX_GB,
        "export_excludes": ", ".join(settings.IMS_EXPORT_EXCLUDES),
        "copy_max_gb": settings.IMS_COPY_MAX_GB,
        "copies_at_once": settings.IMS_COPIES_AT_ONCE,
        "system_disk_gb": settings.IMS_SYSTEM_DISK_GB,
        "data_disk_gb": settings.IMS_DATA_DISK_GB,
        "vault_gb": settings.IMS_VAULT_GB,
        "shares": settings.IMS_SHARES,
        "shares_full": settings.IMS_SHARES_FULL,
        "trash_days": settings.IMS_TRASH_DAYS,
        "verify_days": settings.IMS_VERIFY_DAYS,
        "tags_per_image": settings.IMS_TAGS_PER_IMAGE,
        "upload_kept_hours": settings.IMS_UPLOAD_KEPT_HOURS,
        "download_kept_hours": settings.IMS_DOWNLOAD_KEPT_HOURS,
        "market_reinstall_days": settings.IMS_MARKET_REINSTALL_DAYS,
        "old_disk_days": settings.IMS_OLD_DISK_DAYS,
        "boot_check_s": settings.IMS_BOOT_CHECK_S,
        "screen_idle_min": f"{settings.IMS_SCREEN_IDLE_MIN:g}",
        "invitation_days": settings.IMS_INVITATION_DAYS,
    }


def _html(text: str) -> SafeString:
    """The files are ours: nothing that a user typed gets into them."""
    html = HEADING.sub(r'<h\1 id="\3">\2</h\1>', MARKDOWN.render(text))
    return mark_safe(HREF.sub(lambda link: f'href="{bare(link[1])}"', html))  # noqa: S308
