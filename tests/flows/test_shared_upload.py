"""A console whose spool is in S3, in a real browser: what was sent is examined by a worker, and goes on to an image."""

import hashlib
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.flows.test_upload import choose, disk
from tests.support.console import running_console
from tests.support.s3 import KEY, REGION, SECRET, S3Server, bucket_of
from tests.support.visitor import new_visitor

__all__ = ["disk"]
pytestmark = [pytest.mark.browser, pytest.mark.slow(reason="a console of its own starts, and an S3 server")]


def test_a_file_that_was_sent_is_examined_by_a_worker_and_goes_on_to_an_image(
    browser: Browser,
    s3_server: S3Server,
    disk: Path,
) -> None:
    with (
        bucket_of(s3_server) as bucket,
        running_console(
            IMS_SPOOL="s3", IMS_S3_BUCKET=bucket.name, IMS_S3_ENDPOINT=s3_server.url, IMS_S3_REGION=REGION,
            IMS_S3_ACCESS_KEY=KEY, IMS_S3_SECRET_KEY=SECRET,
        ) as console,
    ):  # fmt: skip
        alice = new_visitor(browser, console.url, locale="en-US")
        page = alice.sign_in("alice")
        alice.open("/images/create/")
        choose(page, disk)
        page.wait_for_url(re.compile("/uploads/[0-9a-f-]{36}/$"))
        alice.look()
        expect(page.locator("#upload-page")).to_contain_text("Uploaded")
        assert len(bucket.names()) == 3  # pieces of 8 MiB
        alice.look()
        page.get_by_role("link", name="Import image").click()
        page.get_by_role("button", name="Next", exact=True).click()
        page.wait_for_url("**/details/")
        assert hashlib.sha256(disk.read_bytes()).hexdigest() in page.content()
        page.context.close()
