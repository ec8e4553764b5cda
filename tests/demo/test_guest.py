"""Building a demo guest. That it boots is proved in `tests/engine/test_local_guests.py`."""

import re
from pathlib import Path

import pytest

from images.public.programs import CannotBuildError, scratch
from imsconsole.demo.guest import _kernel_package, build_guest


def test_what_a_killed_build_left_is_gone_with_the_next(tmp_path: Path) -> None:
    (tmp_path / "building-left" / "root").mkdir(parents=True)
    with scratch(tmp_path) as one, scratch(tmp_path) as two:
        assert {entry.name for entry in tmp_path.iterdir()} == {one.name, two.name}
    assert not list(tmp_path.iterdir())


def test_a_missing_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("images.public.programs.program_path", lambda: str(tmp_path))
    with pytest.raises(CannotBuildError, match="apt-cache is not installed"):
        build_guest(tmp_path / "disk", name="x", boot_mode="bios", work_dir=tmp_path)


@pytest.mark.slow(reason="apt-cache reads all of Debian's lists")
def test_the_kernel_is_the_one_that_was_fetched_or_that_debian_has(tmp_path: Path) -> None:
    assert re.fullmatch(r"linux-image-\d\S+-cloud-amd64", _kernel_package(tmp_path))
    (tmp_path / "linux-image-6-cloud-amd64").mkdir()
    assert _kernel_package(tmp_path) == "linux-image-6-cloud-amd64"
