"""A test that takes over half a second, without a guest or a browser, says why in its marker."""

import pytest


def test_every_slow_test_says_why(request: pytest.FixtureRequest) -> None:
    markers = [(item.nodeid, item.get_closest_marker("slow")) for item in request.session.items]
    silent = [name for name, marker in markers if marker and not marker.kwargs.get("reason")]
    assert silent == [], 'write @pytest.mark.slow(reason="…")'
