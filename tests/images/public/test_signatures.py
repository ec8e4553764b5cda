"""Lists of checksums that a publisher of our own signs: with every kind of key, and every way to get round it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from images.models import PublicSource
from images.public import signatures
from images.public.catalogue import CatalogueBroken, entries, entry_of, keyring_of
from images.public.obtain import published
from images.public.services import fetch_public_image
from images.public.signatures import require_signature
from imsconsole.core.errors import BadImage, Unavailable
from imsconsole.jobs.models import Job
from tests.images.public.keys import Keys
from tests.support.workers import finish

LIST = b"ab" * 32 + b"  one.qcow2\n"


@pytest.fixture(scope="session")
def keys() -> Iterator[Keys]:
    home = Path(tempfile.mkdtemp(prefix="ims-keys-", dir="/tmp"))  # its agent's socket wants a short name
    keys = Keys(home)
    yield keys
    keys.end()
    shutil.rmtree(home, ignore_errors=True)  # the agent, which is about to end, removes its sockets as well


@pytest.fixture
def keyring(keys: Keys, tmp_path: Path) -> Path:
    path = tmp_path / "example.gpg"
    keys.export(path, "good", "expired", "revoked", "weak")
    return path


def refused(text: bytes, signature: bytes, keyring: Path) -> bool:
    with pytest.raises(BadImage, match="signature-bad"):
        require_signature(text, signature, keyring, "https://example.org/SHA256SUMS")
    return True


def test_a_list_is_taken_by_the_publishers_signature(keys: Keys, keyring: Path) -> None:
    told = require_signature(LIST, keys.sign(LIST), keyring, "")
    assert told == (LIST, keys.fingerprint("good"))
    assert require_signature(LIST, keys.sign(LIST, "good", "--armor"), keyring, "") == told
    assert require_signature(keys.sign(LIST, clear=True), b"", keyring, "") == told


def test_others_may_have_signed_as_well(keys: Keys, keyring: Path) -> None:
    for both in (keys.sign(LIST) + keys.sign(LIST, "other"), keys.sign(LIST, "other") + keys.sign(LIST)):
        assert require_signature(LIST, both, keyring, "")[1] == keys.fingerprint("good")


@pytest.mark.parametrize("name", ["other", "expired", "revoked", "weak"])
@pytest.mark.parametrize("clear", [False, True])
def test_a_key_that_is_unknown_expired_revoked_or_weak_is_refused(
    keys: Keys, keyring: Path, name: str, clear: bool
) -> None:
    signed = keys.sign(LIST, name, clear=clear)
    assert refused(signed, b"", keyring) if clear else refused(LIST, signed, keyring)


def test_a_signature_by_sha1_is_refused(keys: Keys, keyring: Path) -> None:
    weak = ("--allow-weak-digest-algos", "--digest-algo", "SHA1")
    assert refused(LIST, keys.sign(LIST, "good", *weak), keyring)
    assert refused(keys.sign(LIST, "good", *weak, clear=True), b"", keyring)


def test_what_is_not_signed_is_refused(keys: Keys, keyring: Path) -> None:
    assert refused(LIST, b"", keyring)
    assert refused(LIST, b"<html>not found", keyring)
    assert refused(LIST + b"x", keys.sign(LIST), keyring)
    assert refused(keys.sign(LIST, clear=True).replace(b"abab", b"acac", 1), b"", keyring)
    assert refused(LIST, keys.sign(LIST)[:-1], keyring)


def test_a_signature_that_brings_its_own_text_says_nothing_about_ours(keys: Keys, keyring: Path) -> None:
    whole = keys.gpg("--local-user", "good@example.org", "--output", "-", "--sign", given=LIST)
    for signature in (keys.sign(LIST, clear=True), whole):
        assert refused(b"cd" * 32 + b"  one.qcow2\n", signature, keyring)


def test_only_what_is_signed_counts_of_a_list_with_more(keys: Keys, keyring: Path) -> None:
    signed = keys.sign(LIST, clear=True)
    mixed = b"cd" * 32 + b"  one.qcow2\n\n" + signed + b"ef" * 32 + b"  one.qcow2\n"
    assert require_signature(mixed, b"", keyring, "")[0] == LIST
    assert refused(signed + keys.sign(b"cd" * 32, "other", clear=True), b"", keyring)


def test_a_host_without_gpgv_says_so(keys: Keys, keyring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signatures, "program_path", lambda: "/nonexistent")
    with pytest.raises(Unavailable, match="gpgv-missing"):
        require_signature(LIST, keys.sign(LIST), keyring, "")


@pytest.fixture
def signing(keys: Keys, publisher, settings, tmp_path: Path):
    """The publisher's list bears a signature, detached for `one`, and the operator has his keys."""
    catalogue = Path(settings.IMS_PUBLIC_CATALOGUE)
    one, packed = catalogue.read_text().rsplit("[[image]]", 1)
    signature = f'publisher = "example"\nsignature = "{publisher.url("/SHA256SUMS.gpg")}"\n'
    packed = packed.replace("/SHA256SUMS", "/SHA256SUMS.asc") + 'publisher = "example"\n'
    catalogue.write_text(f"{one}{signature}[[image]]{packed}")
    sums = publisher.files["/SHA256SUMS"]
    publisher.files |= {"/SHA256SUMS.gpg": keys.sign(sums), "/SHA256SUMS.asc": keys.sign(sums, clear=True)}
    (tmp_path / "keys").mkdir()
    settings.IMS_PUBLISHER_KEYS = str(tmp_path / "keys")
    keys.export(tmp_path / "keys/example.gpg", "good")
    return publisher


def fetched(platform, key: str) -> Job:
    source = fetch_public_image(key=key, actor=platform)
    return finish(Job.objects.live().about(source.pk).get())


@pytest.mark.slow(reason="makes a key and signs with it")
@pytest.mark.django_db
@pytest.mark.parametrize("key", ["one", "packed"])
def test_an_image_whose_checksum_is_signed_is_fetched_and_the_key_is_shown(
    platform, signing, keys: Keys, client, operator, key: str
) -> None:
    job = fetched(platform, key)
    assert job.state == Job.State.DONE, job.error_sentence
    assert PublicSource.objects.get(key=key).signed_by == keys.fingerprint("good")
    client.force_login(operator)
    page = client.get("/admin/images/publicsource/").content.decode()
    assert f"Signed by {keys.fingerprint('good')}" in page
    assert "Must be signed by example" in page


@pytest.mark.django_db
@pytest.mark.parametrize(("key", "file"), [("one", "/SHA256SUMS.gpg"), ("packed", "/SHA256SUMS.asc")])
def test_nothing_is_downloaded_without_the_signature_of_a_known_publisher(
    platform, signing, keys: Keys, key: str, file: str
) -> None:
    sums = signing.files["/SHA256SUMS"]
    signing.files[file] = keys.sign(sums, "other", clear=file.endswith("asc"))
    job = fetched(platform, key)
    assert (job.state, job.error_code) == ("failed", "signature-bad")
    assert "example" in job.error_sentence
    del signing.files[file]
    assert fetched(platform, key).error_code == "download-status"
    assert not any(path.startswith("/one") for path, _ in signing.asked)
    assert PublicSource.objects.get(key=key).signed_by == ""


@pytest.mark.django_db
def test_where_no_key_is_known_the_page_says_that_tls_alone_vouches(
    signing, client, operator, settings, tmp_path: Path
) -> None:
    (tmp_path / "keys/example.gpg").unlink()
    assert published(entry_of("one")).signed_by == ""
    catalogue = Path(settings.IMS_PUBLIC_CATALOGUE)
    catalogue.write_text(catalogue.read_text().replace("http:", "https:"))
    client.force_login(operator)
    assert "Checksum over TLS only" in client.get("/admin/images/publicsource/").content.decode()
    client.cookies["django_language"] = "zh-hans"
    assert "仅经 TLS 获取的校验值" in client.get("/admin/images/publicsource/").content.decode()


def test_a_folder_of_keys_that_is_not_there_is_said(signing, settings, tmp_path: Path) -> None:
    settings.IMS_PUBLISHER_KEYS = str(tmp_path / "nowhere")
    with pytest.raises(CatalogueBroken, match="nowhere"):
        keyring_of(entry_of("one"))


def test_a_publisher_names_a_file_of_the_folder_of_keys(signing, settings) -> None:
    catalogue = Path(settings.IMS_PUBLIC_CATALOGUE)
    catalogue.write_text(catalogue.read_text().replace('"example"', '"../example"'))
    with pytest.raises(CatalogueBroken, match="publisher"):
        entries()
