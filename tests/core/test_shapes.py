"""What is drawn once and filled in many times says what it would say drawn anew."""

from django.utils import translation

from imsconsole.core.cells import COPY, Shapes, copyable, fragment, status
from imsconsole.core.tables import PICK


def test_what_is_put_in_is_escaped():
    assert copyable("<b>&'") == fragment("components/_copy.html", text="<b>&'")
    assert copyable("second") == fragment("components/_copy.html", text="second")


def test_what_looks_like_a_mark_puts_in_nothing_else():
    mark = COPY.marks["text"]
    assert copyable(f"a {mark} b") == fragment("components/_copy.html", text=f"a {mark} b")
    pick = PICK.fill({"pk": PICK.marks["name"], "name": "<web>"})
    assert "<web>" not in pick


def test_each_language_has_its_own():
    with translation.override("zh-hans"):
        chinese = PICK.fill({"pk": 7, "name": "web"})
    with translation.override("en"):
        assert "Select web" in PICK.fill({"pk": 7, "name": "web"})
    assert "选择“web”" in chinese


def test_what_it_depends_on_is_drawn_anew():
    assert status("active", "Normal") != status("active", "Frozen")
    seen = []
    shapes = Shapes(lambda url, look: seen.append(look) or f"{look}:{url}", "url")
    assert [shapes.fill({"url": url}, look=look) for url, look in (("/a", 1), ("/b", 1), ("/a", 2))] == [
        "1:/a", "1:/b", "2:/a",
    ]  # fmt: skip
    assert seen == [1, 2]
