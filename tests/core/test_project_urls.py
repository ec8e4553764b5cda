"""Addresses that somebody sent to be led to."""

import pytest

from imsconsole.core.project_urls import is_path_here


@pytest.mark.parametrize("url", ["/", "/images/?tab=private", "/p/x/servers/#log"])
def test_a_path_of_this_console_is_taken(url: str) -> None:
    assert is_path_here(url)


@pytest.mark.parametrize(
    "url",
    ["", "images/", "//evil.example/", "/\\evil.example/", "https://evil.example/", "javascript:alert(1)"],
)
def test_another_host_or_what_is_no_path_is_not(url: str) -> None:
    assert not is_path_here(url)
