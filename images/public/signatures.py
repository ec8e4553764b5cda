"""Whether a publisher signed his list of checksums: OpenPGP, by `gpgv`, with the keys the operator keeps for him."""

import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from images.public.programs import program_path
from imsconsole.core.errors import BadImage, Unavailable

LIMIT_S = 60
STRONG = {"8", "9", "10"}  # SHA-256, SHA-384, SHA-512 (RFC 9580, 9.5)
STATUS = re.compile(r"^\[GNUPG:\] (\w+) ?(.*)$", re.MULTILINE)
BAD = {"BADSIG", "ERRSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG"}
WHOLE_MESSAGE = "PLAINTEXT"  # text that came with its signature


def require_signature(text: bytes, signature: bytes, keyring: Path, url: str) -> tuple[bytes, str]:
    """What of `text` is signed, and the fingerprint of the key that did it; without `signature` it is clearsigned.

    The key is one of `keyring` (binary, as `gpg --export` writes it), neither expired nor revoked, and nothing rests on
    SHA-1. Raises BadImage `signature-bad`, Unavailable `gpgv-missing`.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "text").write_bytes(text)
        (folder / "signature").write_bytes(signature)
        files = [f"{folder}/signature", f"{folder}/text"] if signature else [f"{folder}/text"]
        status = _status(
            ["--output", f"{folder}/signed", "--keyring", str(keyring.absolute()), *files], folder
        )
        signer = _signer(status, detached=bool(signature))
        if not signer:
            raise BadImage("signature-bad", url=url, publisher=keyring.stem)
        return (text if signature else (folder / "signed").read_bytes()), signer


def _status(arguments: list[str], folder: Path) -> list[tuple[str, str]]:
    command = ["gpgv", "--homedir", str(folder), "--weak-digest", "SHA1", "--status-fd", "1", *arguments]
    environment = {"PATH": program_path(), "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=LIMIT_S, env=environment)
    except FileNotFoundError as error:
        raise Unavailable("gpgv-missing") from error
    except subprocess.TimeoutExpired:
        return []
    return STATUS.findall(done.stdout.decode(errors="replace"))


def _signer(status: list[tuple[str, str]], *, detached: bool) -> str:
    """The fingerprint of a primary key that made a good signature, empty when there is none.

    Others may have signed as well, whom we do not know. A signature that brings a text of its own says nothing about ours.
    """
    words = [word for word, _ in status]
    if words.count(WHOLE_MESSAGE) != (0 if detached else 1) or "ERROR" in words:
        return ""
    signers, good = [], False
    for word, rest in status:
        if word == "NEWSIG" or word in BAD:
            good = False
        elif word == "GOODSIG":
            good = True
        elif word == "VALIDSIG" and good and rest.split()[7] in STRONG:
            signers.append(rest.split()[9])
    return signers[0] if signers else ""
