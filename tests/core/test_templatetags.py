import re
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from imsconsole.core.project_urls import reversing_at
from imsconsole.core.rules import ALLOWED, refuse
from imsconsole.core.templatetags.ims import _main_menu, main_menu

NO = refuse("image-protected", "The image is <protected>.")


def drawn(source: str, **context) -> str:
    return " ".join(Template(source).render(Context(context)).split())


def test_an_allowed_action_is_a_link():
    html = drawn('{% action "Copy" "/copy/" verdict style="primary" %}', verdict=ALLOWED)
    assert '<a class="btn btn-primary" href="/copy/">Copy</a>' in html


def test_an_allowed_unsafe_action_is_a_form_with_a_token():
    html = drawn(
        '{% action "Delete" "/delete/" v method="post" style="danger" %}', v=ALLOWED, csrf_token="t0ken"
    )
    assert '<form method="post" action="/delete/" data-once>' in html
    assert "t0ken" in html
    assert "btn-danger" in html


def test_a_refused_action_is_shown_with_its_reason_and_leads_nowhere():
    """R101."""
    for style in ("", "primary", "menu"):
        html = drawn('{% action "Delete" "/delete/" v method="post" style=style %}', v=NO, style=style)
        assert 'aria-disabled="true"' in html
        assert "The image is &lt;protected&gt;." in html
        assert "/delete/" not in html
        reason = html.split('aria-describedby="')[1].split('"')[0]
        assert f'id="{reason}"' in html


def test_two_actions_have_reasons_of_their_own():
    html = drawn('{% action "A" "/" v %}{% action "B" "/" v %}', v=NO)
    first, second = (part.split('"')[0] for part in html.split('aria-describedby="')[1:])
    assert first != second


def test_a_time_tells_the_exact_one_in_the_readers_time_zone():
    with timezone.override("Asia/Shanghai"):
        html = drawn("{{ at|ago }}", at=datetime(2024, 1, 1, 12, tzinfo=UTC))
    assert 'title="1 Jan 2024, 20:00:00 CST"' in html
    assert 'datetime="2024-01-01T12:00:00+00:00"' in html
    assert drawn("{{ at|ago }}", at=None) == "–"


def test_a_progress_without_a_number_is_indeterminate():
    known = drawn('{% include "components/_progress.html" with percent=41.6 %}')
    unknown = drawn('{% include "components/_progress.html" with percent=None %}')
    assert 'value="42"' in known
    assert "42 %" in known
    assert "value=" not in unknown


def test_the_current_step_is_marked():
    html = drawn(
        '{% include "components/_steps.html" with current="b" %}', steps=[("a", "First"), ("b", "Second")]
    )
    assert html.count('aria-current="step"') == 1
    assert html.index("First") < html.index('aria-current="step"') < html.index("Second")


AT = datetime(2026, 11, 29, 17, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "zone", "exact", "day"),
    [
        ("en", "UTC", "29 Nov 2026, 17:05:09", "29 Nov 2026"),
        ("zh-hans", "Asia/Shanghai", "2026年11月30日 01:05:09", "2026年11月30日"),
    ],
)
def test_times_are_in_the_readers_language_and_zone(language, zone, exact, day):
    with translation.override(language), timezone.override(zone):
        plain, both = drawn("{{ at|ago }}", at=AT), drawn('{{ at|ago:"exact" }}', at=AT)
        assert f'title="{exact} ' in plain
        assert f">{exact} <small" in both
        assert 'datetime="2026-11-29T17:05:09+00:00"' in both
        assert drawn('{{ at|date:"DATE_FORMAT" }} {{ at|date:"DATETIME_FORMAT" }}', at=AT).startswith(
            f"{day} "
        )
        assert drawn("{{ at }}", at=AT) == exact[:-3]


def test_the_menu_is_drawn_once_for_all_projects_and_leads_each_into_its_own():
    _main_menu.cache_clear()
    menus = {}
    for project in (uuid4(), uuid4()):
        with reversing_at(f"/base/p/{project}/"):
            menus[project] = main_menu({"active": "images"})
    assert _main_menu.cache_info().misses == 1
    for project, menu in menus.items():
        led_to = set(re.findall(r'href="/base/p/([^/]*)/', menu))
        assert led_to == {str(project)}
    with reversing_at("/base/"):
        assert 'href="/base/images/' in main_menu({"active": "images"})
