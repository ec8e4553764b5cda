"""A publisher's OpenPGP keys, made by GnuPG in a home of its own: good, other, expired, revoked, weak (rests on SHA-1)."""

import subprocess
from pathlib import Path

LONG_AGO, SOON_AFTER = "20200101T000000", "20200601T000000"


class Keys:
    def __init__(self, home: Path) -> None:
        self.home = home
        self.make("good")
        self.make("other")
        self.make("expired", "--faked-system-time", LONG_AGO, expires="1y")
        self.make("revoked")
        self.make("weak", "--cert-digest-algo", "SHA1")
        revocation = self.home / f"openpgp-revocs.d/{self.fingerprint('revoked')}.rev"
        revocation.write_text(revocation.read_text().replace(":-----BEGIN", "-----BEGIN"))
        self.public = home / "public"  # where it is known to be revoked, while it still signs at home
        self.public.mkdir(mode=0o700)
        self.gpg("--import", given=self.gpg("--export"), home=self.public)
        self.gpg("--import", str(revocation), home=self.public)

    def gpg(self, *arguments: str, given: bytes = b"", home: Path | None = None) -> bytes:
        command = [
            "gpg",
            "--batch",
            "--quiet",
            "--homedir",
            str(home or self.home),
            "--pinentry-mode",
            "loopback",
        ]
        command += ["--passphrase", "", *arguments]
        return subprocess.run(command, input=given, capture_output=True, check=True).stdout

    def make(self, name: str, *options: str, expires: str = "never") -> None:
        self.gpg(*options, "--quick-gen-key", f"{name}@example.org", "ed25519", "sign", expires)

    def fingerprint(self, name: str) -> str:
        listed = self.gpg("--with-colons", "--list-keys", f"{name}@example.org").decode()
        return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))

    def sign(self, text: bytes, name: str = "good", *options: str, clear: bool = False) -> bytes:
        if name == "expired":
            options += ("--faked-system-time", SOON_AFTER)
        how = "--clearsign" if clear else "--detach-sign"
        return self.gpg(*options, "--local-user", f"{name}@example.org", "--output", "-", how, given=text)

    def export(self, path: Path, *names: str) -> None:
        whose = [f"{name}@example.org" for name in names]
        path.write_bytes(self.gpg("--export", *whose, home=self.public))

    def end(self) -> None:
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], check=True)
