"""The catalogue of official cloud images, and the checksums their publishers state."""

from datetime import date
from pathlib import Path

import pytest

from images.os.catalogue import OS_VERSIONS
from images.public.catalogue import SHIPPED, CatalogueBroken, entries, entry_of, note_checked
from images.public.checksums import find_checksum, require_checksum
from imsconsole.core.errors import BadImage, NotFound

ONE = """# a comment
[[image]]
key = "one"
name = "One"
os = "Debian 12.0.0 64bit"
architecture = "x86"
boot_modes = ["bios"]
url = "https://example.org/one.qcow2"
checksums = "https://example.org/SHA256SUMS"
page = "https://example.org/"
checked_on = ""
"""
SHA256, SHA512 = "ab" * 32, "cd" * 64


@pytest.fixture
def own(settings, tmp_path: Path) -> Path:
    path = tmp_path / "catalogue.toml"
    path.write_text(ONE)
    settings.IMS_PUBLIC_CATALOGUE = str(path)
    return path


def test_the_shipped_catalogue_has_a_dozen_systems_that_the_table_of_os_versions_knows():
    found, table = entries(), {row["name"]: row for row in OS_VERSIONS}
    assert len({table[entry.os]["platform"] for entry in found}) >= 12
    for entry in found:
        row = table[entry.os]
        assert row["on_arm" if entry.architecture == "arm" else "on_x86"], entry.key
        assert all(row[f"boots_{mode}"] for mode in entry.boot_modes), entry.key
        assert entry.page.startswith("https://")
        assert entry.is_built or entry.url.startswith("https://"), entry.key
        assert not entry.checksums or entry.checksums.startswith("https://"), entry.key


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('key = "one"\n', ""),
        ('key = "one"', "key = 1"),
        ('"x86"', '"mips"'),
        ('["bios"]', "[]"),
        ('["bios"]', '["floppy"]'),
        ('checksums = "https://example.org/SHA256SUMS"\n', ""),
        ('checked_on = ""', 'checked_on = "soon"'),
        ("[[image]]", "[[image"),
        ("name =", "nmae ="),
    ],
)
def test_a_broken_catalogue_says_what_is_wrong(own: Path, old: str, new: str):
    own.write_text(ONE.replace(old, new))
    with pytest.raises(CatalogueBroken) as caught:
        entries()
    assert caught.value.values["detail"]


def test_two_entries_of_one_key_and_a_missing_file_are_broken_as_well(own: Path):
    own.write_text(ONE + ONE)
    with pytest.raises(CatalogueBroken):
        entries()
    own.unlink()
    with pytest.raises(CatalogueBroken):
        entries()


def test_an_unknown_key_is_not_found(own: Path):
    assert entry_of("one").name == "One"
    with pytest.raises(NotFound):
        entry_of("two")


def test_what_was_checked_is_written_down_and_nothing_else_changes(own: Path):
    assert entry_of("one").checked_on is None
    note_checked({"one"}, date(2026, 5, 1))
    assert entry_of("one").checked_on == date(2026, 5, 1)
    assert own.read_text() == ONE.replace('checked_on = ""', 'checked_on = "2026-05-01"')
    assert "checked_on" in SHIPPED.read_text()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{SHA256}  one.qcow2\n{'0' * 64}  two.qcow2\n", SHA256),
        (f"{SHA256} *one.qcow2\n", SHA256),
        (f"{SHA512}  ./images/one.qcow2\n", SHA512),
        (f"# one.qcow2: 12 bytes\nSHA256 (one.qcow2) = {SHA256}\nSHA256 (two.qcow2) = {'0' * 64}\n", SHA256),
        (f"SHA256 (one.qcow2) = {SHA256}\nSHA512 (one.qcow2) = {SHA512}\n", SHA512),
        (f"{SHA512.upper()}\n", SHA512),
    ],
)
def test_the_checksum_is_found_in_every_kind_of_list(text: str, found: str):
    assert find_checksum(text, "one.qcow2", "https://example.org/SUMS") == found


@pytest.mark.parametrize("text", ["", "<html>", f"{SHA256}  one.qcow2.xz\n", f"{'ab' * 16}  one.qcow2\n"])
def test_a_list_that_does_not_name_the_file_is_refused(text: str):
    with pytest.raises(NotFound):
        find_checksum(text, "one.qcow2", "https://example.org/SUMS")


def test_a_file_is_compared_with_either_algorithm(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"abc")
    right = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    require_checksum(tmp_path / "file", right, lambda *_: None)
    with pytest.raises(BadImage, match="download-checksum-differs"):
        require_checksum(tmp_path / "file", SHA512, lambda *_: None)
