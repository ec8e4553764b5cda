from datetime import UTC, datetime

from django.template import Context, Template
from django.utils import timezone

from imsconsole.core.rules import ALLOWED, refuse

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
    assert 'title="2024-01-01 20:00:00 CST"' in html
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
