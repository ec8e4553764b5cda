"""What `Visitor.look` finds although like things were looked at before: a page is judged by what is new on it."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.visitor import LOOKED, SEEN, Shapes, Visitor, new_visitor

pytestmark = [pytest.mark.browser]
PAGE = """<!doctype html><html lang="en"><head><title>A page</title><style>
.told { color: #000; background: #fff; } @media (prefers-color-scheme: dark) { .told { color: #eee; } }
</style></head><body><main><h1>A page</h1><p>Some words</p><table><caption>Things</caption>
<tr><th scope="col">Name</th></tr><tr><td>one thing</td></tr><tr><td>two things</td></tr>%s</table></main></body></html>"""
ROW = "<tr><td>another thing</td></tr>"


def shown(visitor: Visitor, more: str) -> Visitor:
    visitor.page.set_content(PAGE % more)
    return visitor


@pytest.mark.parametrize(
    ("more", "found"),
    [
        (ROW + '<tr><td style="color:#ddd">pale words</td></tr>', "color-contrast"),
        ("</table><input name=q>", "label"),
        ("</table><h4>A title of the fourth level</h4>", "heading-order"),
        ("</table></main><main><p>Some words</p>", "landmark-no-duplicate-main"),
        ("</table></main><p>Some words</p><main hidden>", "region"),
        ('</table><a href="#nowhere">Skip</a><ul><li>One</li><div>Some words</div></ul>', "list: .*<ul"),
        ("</table><h2>Words</h2><h2></h2>", "empty-heading"),
    ],
)
def test_what_is_new_on_a_page_is_judged_each_time(browser: Browser, more: str, found: str) -> None:
    visitor = new_visitor(browser, "")
    shown(visitor, ROW).look()
    shown(visitor, ROW * 5).look()
    for _ in range(2):
        with pytest.raises(AssertionError, match=found):
            shown(visitor, more).look()
    visitor.page.context.close()


def test_colours_are_judged_in_every_theme(browser: Browser) -> None:
    light, dark = new_visitor(browser, ""), new_visitor(browser, "", color_scheme="dark")
    words = '</table><p class="told">Words in the colour of the theme</p>'
    shown(light, words).look()
    with pytest.raises(AssertionError, match="color-contrast"):
        shown(dark, words).look()
    for each in (light, dark):
        each.page.context.close()


def test_colours_that_are_good_in_one_place_are_in_any_other(browser: Browser) -> None:
    visitor = new_visitor(browser, "")
    shown(visitor, '</table><p class="told">Some words</p>').look()
    known = shown(visitor, '</table><p style="color: #000; background: #fff">Some words</p>')
    _wider, _astray, _shapes, colours, _axe = known.page.evaluate(LOOKED)
    assert SEEN.unseen([], colours) == []
    with pytest.raises(AssertionError, match="color-contrast"):
        shown(visitor, '</table><p style="color: #000; background: #333">Some words</p>').look()
    visitor.page.context.close()


def test_pages_of_two_models_are_one_but_a_label_that_is_of_no_field_is_found(browser: Browser) -> None:
    visitor = new_visitor(browser, "http://console.test")
    answers = iter([form_of("user", "user"), form_of("zone", "zone"), form_of("host", "user")])
    visitor.page.route(
        "**/*", lambda route: route.fulfill(body=next(answers), content_type="text/html; charset=utf-8")
    )
    visitor.open("/admin/user/")
    visitor.page.goto(f"{visitor.url}/admin/zone/")
    assert SEEN.without(visitor.page.evaluate(LOOKED)[2]) == []
    visitor.page.goto(f"{visitor.url}/admin/host/")
    with pytest.raises(AssertionError, match="label"):
        visitor.look()
    visitor.page.context.close()


def form_of(model: str, labelled: str) -> str:
    """As Django's administration has it."""
    label = f'<label for="id_{labelled}">Its name</label>'
    form = f'</table><div class="row field-{model}">{label}<input id="id_{model}" name="{model}"></div>'
    return (PAGE % form).replace("<body>", f'<body class="app-cloud model-{model}">')


def test_what_one_process_has_judged_no_other_judges_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMS_TEST_DIR", str(tmp_path))
    one, other = Shapes(), Shapes()
    one.add(["a", "b"])
    assert other.without(["a", "c"]) == ["c"]
    other.add(["c"])
    assert one.without(["c", "d"]) == ["d"]
    one.add(["d"])
    assert other.without(["b", "d", "e"]) == ["e"]
