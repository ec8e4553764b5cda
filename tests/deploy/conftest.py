"""Browsers that trust the certificate of a test."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.console import CHROMIUM, ROOT
from tests.support.visitor import Visitor, new_visitor


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, **CHROMIUM}


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that requirements.lock names, as files."""
    folder = tmp_path_factory.mktemp("wheels")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    subprocess.run(
        [*command, "-r", ROOT / "requirements.lock", "-d", folder], check=True, capture_output=True
    )
    return folder


@pytest.fixture
def at(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, Path], Visitor]]:
    """Makes a visitor of an address: `at(url, certificate)`."""
    made: list[Visitor] = []

    def make(url: str, certificate: Path) -> Visitor:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        options = {"locale": "en-US", "ignore_https_errors": True}
        made.append(new_visitor(browser, url, **options))
        return made[-1]

    yield make
    for one in made:
        one.page.context.close()
