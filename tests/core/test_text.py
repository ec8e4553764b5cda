import pytest
from django.utils import translation

from imsconsole.core.text import duration, size


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (None, "–"),
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (5 * 1024**3, "5 GiB"),
        (1024**4 + 1024**3 * 100, "1.1 TiB"),
        (3000 * 1024**5, "3000 PiB"),
    ],
)
def test_a_size_is_told_in_the_unit_that_fits(size_bytes, text):
    with translation.override("en"):
        assert size(size_bytes) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0, "0 s"), (59.9, "59 s"), (75, "1 min 15 s"), (3600, "1 h 0 min"), (90061, "25 h 1 min")],
)
def test_a_duration_is_told_in_two_units_at_most(seconds, text):
    with translation.override("en"):
        assert duration(seconds) == text
