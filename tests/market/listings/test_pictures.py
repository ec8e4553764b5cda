"""Pictures that people upload are made anew, within limits; their words become HTML that can do nothing."""

import re
import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from market.html import html_of
from market.models import ListingVersion
from market.pictures import LARGEST_BYTES, BadPicture, logo, screenshot


def file(format="PNG", size=(2000, 1000), **more):
    out = BytesIO()
    Image.new("RGB", size, "teal").save(out, format, **more)
    return BytesIO(out.getvalue())


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_a_screenshot_is_a_webp_that_fits(format):
    made = screenshot(file(format))
    assert (made.width, made.height) == (1600, 800)
    assert Image.open(BytesIO(made.content)).format == "WEBP"


def test_a_logo_is_a_png_that_keeps_its_transparency():
    out = BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(out, "PNG")
    made = Image.open(BytesIO(logo(BytesIO(out.getvalue()))))
    assert (made.format, made.mode, made.size) == ("PNG", "RGBA", (10, 10))


def test_nothing_but_pixels_gets_through():
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    exif[0x0112] = 6  # turned by a quarter
    made = screenshot(file("JPEG", (200, 100), exif=exif))
    assert (made.width, made.height) == (100, 200)
    assert b"taken at home" not in made.content


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize(
    "more", [b"<!doctype html><script>alert(1)</script>", b"PK\x03\x04" + b"\0" * 30, b"*/=1;alert(1)//"]
)
def test_what_is_a_picture_and_something_else_besides_is_only_a_picture(format, more):
    both = file(format, (20, 10)).getvalue() + more
    for made in (screenshot(BytesIO(both)).content, logo(BytesIO(both))):
        assert more not in made
        assert made[:4] in (b"RIFF", b"\x89PNG")


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_of_a_picture_that_moves_the_first_is_taken(format):
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "blue", "lime")]
    moving = file(format, (20, 10), save_all=True, append_images=frames, duration=100)
    made = Image.open(BytesIO(screenshot(moving).content))
    assert (made.size, getattr(made, "n_frames", 1)) == ((20, 10), 1)


def text_bomb():
    """Text of 200 MB in a comment of a small picture."""
    data = b"Comment\0\0" + zlib.compress(b"x" * 200_000_000)
    chunk = struct.pack(">I", len(data)) + b"zTXt" + data + struct.pack(">I", zlib.crc32(b"zTXt" + data))
    picture = file(size=(20, 10)).getvalue()
    return BytesIO(picture[:33] + chunk + picture[33:])  # behind IHDR


def bomb():
    """A small file that says it is a picture of 40,000 × 40,000 pixels."""
    head = struct.pack(">IIBBBBB", 40_000, 40_000, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    made = b"\x89PNG\r\n\x1a\n"
    for name, data in chunks:
        made += struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return BytesIO(made)


@pytest.mark.slow(reason="large pictures and texts are read")
@pytest.mark.parametrize(
    ("given", "code"),
    [
        (lambda: BytesIO(b"GIF89a" + b"\0" * 64), "bad-picture"),
        (lambda: BytesIO(b"<svg onload='alert(1)'/>"), "bad-picture"),
        (lambda: BytesIO(file().getvalue()[:200]), "bad-picture"),
        (lambda: BytesIO(b"\0" * (LARGEST_BYTES + 1)), "picture-too-large"),
        (lambda: file(size=(6000, 5000)), "picture-too-many-pixels"),
        (bomb, "picture-too-many-pixels"),
        (lambda: BytesIO(b"GIF89a/*" + b"\0" * 64 + b"*/=1;alert(1)//"), "bad-picture"),
        (lambda: BytesIO(b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>"), "bad-picture"),
        (text_bomb, "bad-picture"),
    ],
)
def test_what_is_no_picture_or_too_much_of_one_is_refused(given, code):
    with pytest.raises(BadPicture) as refusal:
        screenshot(given())
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("typed", "gone"),
    [
        ("<script>alert(1)</script>", "script"),
        ("<img src=x onerror=alert(1)>", "img"),
        ("![pixel](https://evil.test/p.png)", "img"),
        ("[x](javascript:alert(1))", "href"),
        ("<a href='data:text/html,x'>x</a>", "data:"),
        ("<p onclick='x()' style='position:fixed'>x</p>", "style"),
        ("<form action='/'><input name=x></form>", "input"),
        ("<iframe src='//evil.test'></iframe>", "iframe"),
        ("<h1 id='sidebar'>x</h1>", "sidebar"),
    ],
)
def test_what_publishers_write_can_do_nothing(typed, gone):
    assert gone not in html_of(typed)


def test_markdown_becomes_headings_lists_tables_and_links():
    made = html_of("# One\n\n* a\n\n|x|y|\n|-|-|\n|1|2|\n\n[link](https://acme.test/)\n\n```\ncode\n```")
    for part in ("<h3>One</h3>", "<li>a</li>", "<td>1</td>", "<code>code"):
        assert part in made
    assert '<a href="https://acme.test/" rel="nofollow noopener noreferrer">' in made


@pytest.mark.slow(reason="large pictures and texts are read")
@pytest.mark.parametrize("typed", ["[", "![", "[a](", ">", "- ", "*a", "`a``", "<ul>"])
def test_the_longest_text_is_read_whatever_repeats_in_it(typed):  # other readers need minutes for it
    longest = ListingVersion._meta.get_field("terms").max_length
    assert html_of(typed * (longest // len(typed))).count("<blockquote>") <= 20


def test_headings_stand_below_those_of_the_page_without_a_gap():
    made = html_of("#### deep\n\n# high\n\n### lower\n\n## between\n\n<h1 onclick='x()'>raw</h1>")
    assert re.findall(r"<h(\d)>(\w+)</h(\d)>", made) == [
        ("3", "deep", "3"), ("3", "high", "3"), ("4", "lower", "4"), ("4", "between", "4"), ("3", "raw", "3"),
    ]  # fmt: skip
