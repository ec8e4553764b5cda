"""Downloads go where they may, to the address that was judged, and no further. Against real servers on this host."""

import datetime
import fcntl
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from imsconsole.core.addresses import AddressRefused, is_public
from imsconsole.core.downloads import Policy, download, probe, read_text, take_over
from imsconsole.core.paced import DownloadFailed
from tests.support.file_server import CONTENT, Server, serving

ALLOWED = Policy(max_bytes=4 * len(CONTENT), max_seconds=60, allowed_hosts=frozenset({"localhost"}))


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


FORBIDDEN = [
    "http://127.0.0.1:{port}/secret",
    "http://127.8.9.10:{port}/secret",
    "http://0.0.0.0:{port}/secret",
    "http://localhost.:{port}/secret",
    "http://127.1:{port}/secret",
    "http://2130706433:{port}/secret",
    "http://0x7f000001:{port}/secret",
    "http://0x7f.0.0.1:{port}/secret",
    "http://0177.0.0.1:{port}/secret",
    "http://017700000001:{port}/secret",
    "http://①②⑦.0.0.1:{port}/secret",
    "http://127.0.0.1%00.example.org:{port}/secret",
    "http://[::1]:{port}/secret",
    "http://[::]:{port}/secret",
    "http://[::ffff:127.0.0.1]:{port}/secret",
    "http://[::ffff:7f00:1]:{port}/secret",
    "http://[::127.0.0.1]:{port}/secret",
    "http://[64:ff9b::7f00:1]:{port}/secret",
    "http://[64:ff9b::808:808]:{port}/secret",
    "http://[64:ff9b:1::7f00:1]:{port}/secret",
    "http://[2002:7f00:1::1]:{port}/secret",
    "http://[2001:0:7f00:1::1]:{port}/secret",
    "http://[fe80::1]:{port}/secret",
    "http://[fe80::1%25lo]:{port}/secret",
    "http://[fd00::1]/secret",
    "http://[fec0::1]/secret",
    "http://[ff02::1]/secret",
    "http://10.0.0.1/secret",
    "http://172.16.0.1/secret",
    "http://192.168.0.1/secret",
    "http://100.64.0.1/secret",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/latest/meta-data/",
    "http://[::ffff:169.254.169.254]/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://192.0.2.1/secret",
    "http://198.18.0.1/secret",
    "http://224.0.0.1/secret",
    "http://240.0.0.1/secret",
    "http://255.255.255.255/secret",
    "//127.0.0.1:{port}/secret",
    "http://localhost:{port}@127.0.0.1:{port}/secret",
    "http://user:password@localhost:{port}/secret",
    "http://127.0.0.1:{port}\\@localhost:{port}/secret",
    "http://localhost:{port}\\@127.0.0.1:{port}/secret",
    "file:///etc/passwd",
    "ftp://127.0.0.1:{port}/secret",
    "gopher://127.0.0.1:{port}/secret",
    "unix:///run/docker.sock",
    "data:text/plain,secret",
]


@pytest.mark.parametrize("target", FORBIDDEN)
def test_a_redirect_to_a_forbidden_target_is_not_followed(
    server: Server, target: str, tmp_path: Path
) -> None:
    server.location = target.format(port=server.port)
    with pytest.raises(AddressRefused):
        download(server.url("/redirect"), tmp_path / "file", policy=ALLOWED, report=lambda *_: None)
    assert [path for path, _ in server.asked] == ["/redirect"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", FORBIDDEN)
def test_a_forbidden_target_is_refused_when_it_is_named_at_once(server: Server, target: str) -> None:
    with pytest.raises(AddressRefused):
        read_text(target.format(port=server.port), ALLOWED)
    assert server.asked == []


def test_a_redirect_to_where_one_may_go_is_followed(server: Server) -> None:
    server.location = "/secret"
    assert read_text(server.url("/redirect"), ALLOWED) == "secret"


def test_redirects_that_go_round_end(server: Server) -> None:
    server.location = "/redirect"
    with pytest.raises(DownloadFailed, match="download-redirects"):
        read_text(server.url("/redirect"), ALLOWED)


def test_this_host_is_reached_by_a_name_that_was_allowed_only(server: Server) -> None:
    with pytest.raises(
        AddressRefused, match=r"download-address \(host=localhost, address=(127\.0\.0\.1|::1)\)"
    ):
        read_text(server.url("/secret"), Policy(max_bytes=10, max_seconds=10))
    assert server.asked == []


@pytest.mark.parametrize("address", ["1.1.1.1", "151.101.2.132", "2a04:4e42::644", "2606:4700:4700::1111"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


def test_a_name_is_resolved_once_and_cannot_become_another_address(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["127.0.0.1"])  # a second question would end the test
    lookup = socket.getaddrinfo

    def rebinding(host: str, *rest: object, **more: object) -> object:
        return lookup(next(answers) if host == "mirror.example" else host, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    policy = Policy(max_bytes=10, max_seconds=10, allowed_hosts=frozenset({"mirror.example"}))
    assert read_text(server.url("/secret", "mirror.example"), policy) == "secret"


def test_a_name_with_one_forbidden_address_among_others_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = [(0, 0, 0, "", (address, 80)) for address in ("1.1.1.1", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
    with pytest.raises(AddressRefused, match=r"address=10\.0\.0\.1"):
        read_text("http://mirror.example/", ALLOWED)


def test_a_broken_connection_goes_on_where_it_broke(server: Server, tmp_path: Path) -> None:
    server.cut_after = len(CONTENT) // 3
    seen: list[tuple[int, int]] = []
    download(server.url("/file"), tmp_path / "file", policy=ALLOWED, report=lambda *at: seen.append(at))
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [
        "",
        *(f"bytes={n * server.cut_after}-" for n in (1, 2, 3)),
    ]
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert seen == sorted(seen)


def test_a_file_that_changed_meanwhile_is_begun_anew(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"of an older version")
    (tmp_path / "file.version").write_text('"0"')
    download(server.url("/file"), tmp_path / "file", policy=ALLOWED, report=lambda *_: None)
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize("path", ["/file", "/endless"])
def test_what_is_larger_than_allowed_ends(server: Server, tmp_path: Path, path: str) -> None:
    small = Policy(max_bytes=1000, max_seconds=60, allowed_hosts=ALLOWED.allowed_hosts)
    with pytest.raises(DownloadFailed, match="download-too-large"):
        download(server.url(path), tmp_path / "file", policy=small, report=lambda *_: None)
    assert (tmp_path / "file").stat().st_size <= 1000
    with pytest.raises(DownloadFailed, match="download-too-large"):
        read_text(server.url("/endless"), small)


def test_what_trickles_meets_the_deadline(server: Server, tmp_path: Path) -> None:
    hasty = Policy(max_bytes=1000, max_seconds=0.2, allowed_hosts=ALLOWED.allowed_hosts)
    with pytest.raises(DownloadFailed, match="download-too-slow"):
        download(server.url("/trickle"), tmp_path / "file", policy=hasty, report=lambda *_: None)


def test_nobody_there_is_said_after_some_tries(tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        url = f"http://localhost:{taken.getsockname()[1]}/file"
        with pytest.raises(DownloadFailed, match="download-broken"):
            download(url, tmp_path / "file", policy=ALLOWED, report=lambda *_: None)


def test_a_probe_takes_nothing_and_tells_the_size(server: Server) -> None:
    assert probe(server.url("/file"), ALLOWED) == len(CONTENT)


def test_a_proxy_gets_the_address_that_was_judged(server: Server) -> None:
    policy = Policy(1000, 10, frozenset({"localhost"}), proxy=f"http://127.0.0.1:{server.port}")
    with pytest.raises(DownloadFailed):
        read_text("https://localhost:1/secret", policy)
    assert server.asked[0][0] in ("CONNECT 127.0.0.1:1", "CONNECT [::1]:1")
    with pytest.raises(AddressRefused):
        read_text("https://10.0.0.1/secret", policy)


def certificate(folder: Path, name: str) -> ssl.SSLContext:
    """A server's context with a certificate for `name`, and `folder/ca.pem` to trust it by."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string(f"CN={name}")
    day = datetime.timedelta(days=1)
    today = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(subject, subject, key.public_key(), 1, today - day, today + day)
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    (folder / "ca.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context


def test_tls_is_verified_against_the_name_though_the_address_is_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with serving(certificate(tmp_path, "localhost")) as server:
        assert read_text(server.url("/secret").replace("http:", "https:"), ALLOWED) == "secret"
    with serving(certificate(tmp_path, "other.example")) as server:
        with pytest.raises(DownloadFailed, match="download-broken"):
            read_text(server.url("/secret").replace("http:", "https:"), ALLOWED)
        assert server.asked == []


def test_checksums_from_https_do_not_follow_to_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with serving() as plain, serving(certificate(tmp_path, "localhost")) as secure:
        secure.location = plain.url("/secret")
        with pytest.raises(AddressRefused, match="download-downgrade"):
            read_text(secure.url("/redirect").replace("http:", "https:"), ALLOWED)
        assert plain.asked == []


# a file that another process began -----------------------------------------------------------------------


def begun(server: Server, path: Path, size: int) -> Path:
    """The first bytes of the file, as a worker leaves it that died in the middle."""
    path.write_bytes(CONTENT[:size])
    path.with_name(f"{path.name}.version").write_text(server.version)
    return path


@pytest.mark.parametrize("is_held", [False, True])
def test_what_another_began_is_gone_on_with_and_copied_only_while_its_writer_may_wake_up(
    server: Server, tmp_path: Path, is_held: bool
) -> None:
    earlier = begun(server, tmp_path / "1-fetch", 1000)
    inode = earlier.stat().st_ino
    with earlier.open("ab") as writer:
        if is_held:
            fcntl.flock(writer, fcntl.LOCK_EX)
        take_over(tmp_path / "2-fetch", earlier)
        if is_held:
            writer.write(b"late")
            writer.flush()
    assert (tmp_path / "2-fetch").stat().st_size == 1000
    assert ((tmp_path / "2-fetch").stat().st_ino == inode) != is_held
    download(server.url("/file"), tmp_path / "2-fetch", policy=ALLOWED, report=lambda done, total: None)
    assert (tmp_path / "2-fetch").read_bytes() == CONTENT
    assert server.asked == [("/file", "bytes=1000-")]


def test_what_is_whole_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    path = begun(server, tmp_path / "whole", len(CONTENT))
    server.answer = lambda asked: [
        f"HTTP/1.1 416 No\r\nContent-Range: bytes */{len(CONTENT)}\r\nContent-Length: 0\r\n\r\n".encode()
    ]
    download(server.url("/raw"), path, policy=ALLOWED, report=lambda done, total: None)
    assert path.read_bytes() == CONTENT
    assert len(server.asked) == 1


def test_two_do_not_write_the_same_file(server: Server, tmp_path: Path) -> None:
    path = begun(server, tmp_path / "held", 1000)
    with path.open("rb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        with pytest.raises(DownloadFailed) as failure:
            download(server.url("/file"), path, policy=ALLOWED, report=lambda done, total: None)
    assert "taken over" in str(failure.value)
    assert path.stat().st_size == 1000
