"""Out and in again: exported to a bucket, downloaded with a cut in between, uploaded, imported from there; the same disk.

And without a bucket: downloaded from the image's page, served by a web server that hangs up, imported from its address.
"""

import hashlib
import os
import re
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.flows.quickly import imported
from tests.flows.steps import assert_same_content, becomes, stored_disks
from tests.images.create.importing import make_disks
from tests.support.console import Console, wait_for
from tests.support.file_server import serving
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser]


def make_bucket(alice: Visitor) -> str:
    """Its name."""
    name = f"flow-{os.urandom(4).hex()}"
    page = alice.open("/buckets/create/")
    page.locator("input[name=name]").fill(name)
    alice.send()
    expect(page.locator("main")).to_contain_text(name)
    return name


def export(alice: Visitor, image: str, bucket: str, format: str) -> str:
    """By the image's page; returns the ID of the object that it then links to."""
    page = alice.open(f"/images/{image}/")
    page.locator(f"main a[href$='/images/{image}/export/'], header a[href$='/export/']").first.click()
    page.wait_for_url("**/export/")
    alice.look()
    page.locator(f"input[name=format][value={format}]").check()
    page.locator("input[name=name]").fill("out")
    page.locator("select[name=bucket]").select_option(label=bucket)
    page.locator("input[name=folder]").fill("exports")
    alice.send()
    expect(page.locator("main")).to_contain_text(f"exports/out.{format}")
    alice.send()
    page.wait_for_url(f"**/images/{image}/")

    def is_over() -> bool:
        return "image-exported" in page.request.get(f"{alice.url}/images/{image}/", max_retries=3).text()

    wait_for(is_over, "the export does not end", 240)
    alice.open(f"/images/{image}/")
    address = page.locator(".image-exported a").first.get_attribute("href") or ""
    return address.rstrip("/").rsplit("/", 1)[1]


def download(page: Page, url: str, target: Path) -> None:
    """The connection is cut half-way; the rest comes by a range, of the same version."""
    cookies = "; ".join(f"{each['name']}={each['value']}" for each in page.context.cookies(url))
    asked = urllib.request.Request(url, headers={"Cookie": cookies})
    with urllib.request.urlopen(asked) as answer:
        size, version = int(answer.headers["Content-Length"]), answer.headers["ETag"]
        target.write_bytes(answer.read(size // 2))
    got = target.stat().st_size
    assert 0 < got < size
    headers = {"Cookie": cookies, "Range": f"bytes={got}-", "If-Range": version}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as rest:
        assert rest.status == 206
        with target.open("ab") as file:
            file.write(rest.read())
    assert target.stat().st_size == size


def upload(alice: Visitor, bucket: str, path: Path, folder: str) -> str:
    """To the bucket, by its page; returns the object's ID."""
    page = alice.open(f"/buckets/?q={bucket}")
    page.get_by_role("link", name=bucket, exact=True).first.click()
    page.locator("a[href*='/upload/']").first.click()
    page.locator("input[name=folder]").fill(folder)
    page.locator("input[type=file]").set_input_files(path)
    page.locator("main form:not(.help-title) button[type=submit]").last.click()
    page.wait_for_url(re.compile(r"/buckets/[0-9a-f-]{36}/\?prefix="), timeout=60_000)
    page.get_by_role("link", name=path.name, exact=True).first.click()
    page.wait_for_url(re.compile(r"/buckets/objects/[0-9a-f-]{36}/$"))
    return page.url.rstrip("/").rsplit("/", 1)[1]


def import_object(alice: Visitor, made: str, name: str) -> str:
    """From the object's page through the wizard, until the image is Normal. Returns the image's ID."""
    page = alice.open(f"/buckets/objects/{made}/")
    page.locator("a[href*='/images/create/from-object/']").first.click()
    page.wait_for_url("**/from-object/**")
    alice.look()
    page.locator("main form:not(.help-title) button[type=submit]").last.click()
    page.wait_for_url("**/details/")
    page.locator("input[name=details-name]").fill(name)
    alice.send()
    page.wait_for_url("**/confirm/")
    alice.send()
    page.wait_for_url(re.compile(r"/images/[0-9a-f-]{36}/$"))
    image = page.url.rstrip("/").rsplit("/", 1)[1]
    becomes(alice, f"/images/{image}/", "active")
    return image


def to_download(alice: Visitor, image: str) -> Page:
    """From the image's page."""
    page = alice.open(f"/images/{image}/")
    page.locator(f"#thing-actions a[href$='/images/{image}/download/']").first.evaluate(
        "link => link.click()"
    )
    page.wait_for_url("**/download/")
    alice.look()
    return page


def download_stored(alice: Visitor, image: str, folder: Path) -> Path:
    """As the browser saves it; the same when the connection is cut. Its checksum stands beside the link."""
    page = to_download(alice, image)
    link = page.locator("#stored a.btn-primary")
    with page.expect_download() as begun:
        link.click()
    saved = folder / begun.value.suggested_filename
    begun.value.save_as(saved)
    expect(page.locator("#stored")).to_contain_text(hashlib.sha256(saved.read_bytes()).hexdigest())
    in_parts = folder / "in-parts"
    download(page, f"{alice.url}{link.get_attribute('href')}", in_parts)
    assert in_parts.read_bytes() == saved.read_bytes()
    return saved


def prepared(alice: Visitor, image: str, format: str) -> str:
    """Have it written in a format; the address of the file when it is there."""
    page = to_download(alice, image)
    page.locator(f"input[name=format][value={format}]").check()
    alice.send("#another form button[type=submit]")

    def is_there() -> bool:
        page.reload()
        return page.locator("#downloads a.btn-primary").count() == 1

    wait_for(is_there, "the file is not prepared", 120)
    alice.look()
    return page.locator("#downloads a.btn-primary").get_attribute("href") or ""


def import_served(alice: Visitor, file: Path, name: str) -> str:
    """From an address on this host, whose server hangs up in the middle. The list of checksums lies beside the file."""
    with serving() as server:
        body = file.read_bytes()
        sums = f"{hashlib.sha256(body).hexdigest()}  {file.name}\n"
        server.files = {f"/{file.name}": body, "/SHA256SUMS": sums.encode()}
        server.cut_after = len(body) // 2 + 1
        page = alice.open("/images/create/from-url/?type=system")
        page.locator("input[name=url]").fill(server.url(f"/{file.name}"))
        page.locator("input[name=checksums]").fill(server.url("/SHA256SUMS"))
        alice.send()
        page.wait_for_url(re.compile(r"/uploads/[0-9a-f-]{36}/$"))
        becomes(alice, page.url.removeprefix(alice.url), "done", patience_s=120)
        assert f"bytes={server.cut_after}-" in [asked for _path, asked in server.asked]
    alice.look()
    page.locator("#thing-actions a[href*='/images/create/?upload=']").first.click()
    page.wait_for_url("**/images/create/?upload=*")
    page.locator("main form:not(.help-title) button[type=submit]").last.click()
    page.wait_for_url("**/details/")
    page.locator("input[name=details-name]").fill(name)
    alice.send()
    page.wait_for_url("**/confirm/")
    alice.send()
    page.wait_for_url(re.compile(r"/images/[0-9a-f-]{36}/$"))
    image = page.url.rstrip("/").rsplit("/", 1)[1]
    becomes(alice, f"/images/{image}/", "active")
    return image


def test_an_image_leaves_and_comes_back(visitor, console: Console, tmp_path: Path):
    alice: Visitor = visitor(locale="zh-CN")
    page = alice.sign_in("alice")
    image = imported(console, make_disks(tmp_path) / "disk.raw", "flow-leaves")
    bucket = make_bucket(alice)
    made = export(alice, image, bucket, "vmdk")

    target = tmp_path / "back.vmdk"
    download(page, f"{alice.url}/buckets/objects/{made}/download/", target)
    page = alice.open(f"/buckets/objects/{made}/")
    expect(page.locator("main")).to_contain_text(hashlib.sha256(target.read_bytes()).hexdigest())

    back = import_object(alice, upload(alice, bucket, target, "back"), "flow-comes-back")
    (left,), (came,) = stored_disks(console, image), stored_disks(console, back)
    assert_same_content(left, came)
    assert download_stored(alice, back, tmp_path).read_bytes() == came.read_bytes()


def test_without_scripts_it_leaves_without_a_bucket_and_comes_from_an_address(
    visitor, console: Console, tmp_path: Path
):
    alice: Visitor = visitor(
        locale="en-US", java_script_enabled=False, viewport={"width": 390, "height": 844}
    )
    page = alice.sign_in("alice")
    image = imported(console, make_disks(tmp_path) / "disk.qcow2", "flow-plain-leaves")
    target = tmp_path / "prepared.vmdk"
    download(page, alice.url + prepared(alice, image, "vmdk"), target)
    assert hashlib.sha256(target.read_bytes()).hexdigest() in alice.page.content()
    again = import_served(alice, target, "flow-plain-comes-back")
    (left,), (came,) = stored_disks(console, image), stored_disks(console, again)
    assert_same_content(left, came)
