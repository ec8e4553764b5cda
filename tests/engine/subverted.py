"""A converter that has been taken over: it does its work and then lays something else where its output is.

    python -m tests.engine.subverted FOLDER

plays it against every verb that has one write a file, as whoever runs this, and prints as JSON what each
verb said: an error's code, or nothing.
"""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from imsconsole.core.errors import ImsError
from imsconsole.engine.conversion.limits import CLEAN_ENVIRONMENT, run_as
from imsconsole.engine.local.copies import rewritten
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.types import GIB, FileSink, FileSource, Key
from tests.engine.guests import TestWork, server_spec, tiny_disk
from tests.support.hurried import hurry

QEMU_IMG = """#!/bin/sh
/usr/bin/qemu-img "$@" || exit
case $1 in
    convert) out=$(eval echo \\"\\${$#}\\") ;;
    create | resize) out=$(eval echo \\"\\${$(($# - 1))}\\") ;;
    *) exit ;;
esac
swap() { rm "$out" && "$@"; }
exec 2> /dev/null
case $(cat PLACE/bin/kind) in
    symlink) swap ln -s PLACE/master_key "$out" ;;
    hardlink) swap ln PLACE/master_key "$out" ;;
    pipe) swap mkfifo "$out" ;;
    directory) swap mkdir "$out" ;;
    nothing) rm "$out" ;;
    source) mv -f source "$out" ;;
    folder) mv ../../server ../../x && ln -s PLACE/secrets ../../server ;;
esac
exit 0
"""


class Assault:
    """An engine in `place` whose converter is taken over, and files of ours that it must not reach."""

    def __init__(self, place: Path) -> None:
        self.engine = LocalEngine(place / "region", memory_mb=256)
        raw, self.source = tiny_disk(place / "source.raw"), place / "source.qcow2"
        self.image = self.engine.ingest(uuid4(), FileSource(raw), format="raw", work=TestWork())
        subprocess.run(["qemu-img", "convert", "-O", "qcow2", raw, self.source], check=True)
        self.secrets = place / "secrets"
        self.secrets.mkdir(mode=0o700)
        self.secret = place / "master_key"
        self.secret.write_text("secret")
        self.secret.chmod(0o600)
        self.sink = FileSink(place / "out.vmdk")
        converter = place / "bin" / "qemu-img"
        converter.parent.mkdir()
        converter.write_text(QEMU_IMG.replace("PLACE", str(place)))
        converter.chmod(0o755)
        self.kind = converter.with_name("kind")
        CLEAN_ENVIRONMENT["PATH"] = f"{converter.parent}:{CLEAN_ENVIRONMENT['PATH']}"

    def verbs(self) -> dict[str, Callable[[], object]]:
        """Plain new disks and raw ones are laid out without a program: these are encrypted, or of another format."""
        engine, work, key = self.engine, TestWork, Key(uuid4(), lambda: bytes(range(32)))
        blank = server_spec()
        blank = replace(blank, disks=(replace(blank.disks[0], key=key),))
        source, ref = FileSource(self.source), self.image.ref
        return {
            "ingest": lambda: engine.ingest(uuid4(), source, format="qcow2", work=work()),
            "copy": lambda: rewritten(engine._store, engine._qemu_img, uuid4(), ref, work(), None, None),
            "export": lambda: engine.export(ref, self.sink, format="vmdk", work=work()),
            "create_disk_of": lambda: engine.create_disk(uuid4(), GIB, work=work(), image_ref=ref),
            "create_server": lambda: engine.create_server(replace(blank, id=uuid4()), work=work()),
        }

    def ours(self) -> list[tuple[object, ...]]:
        """What must not change: mode, owner and content of what no program was given."""
        facts = []
        for path in (self.secret, self.secrets, self.source, self.engine._store.stored(self.image.ref)):
            seen = path.stat()
            content = path.read_bytes() if path.is_file() else os.listdir(path)
            facts.append((path.name, stat.S_IMODE(seen.st_mode), seen.st_uid, content))
        return facts

    def run(self) -> dict[str, str]:
        """Every verb meets a link, and each other kind meets one verb: what they said.

        Fails when something of ours changed, or anything is left behind.
        """
        verbs = self.verbs()
        cases = [("symlink", verb) for verb in verbs]
        cases += [(kind, "ingest") for kind in ("hardlink", "pipe", "directory", "nothing", "source")]
        cases += [("folder", "create_server")] if run_as().switch else []
        return {f"{kind}, {verb}": self._met(kind, verbs[verb]) for kind, verb in cases}

    def _met(self, kind: str, verb: Callable[[], object]) -> str:
        self.kind.write_text(kind)
        before, there, code = self.ours(), self.engine.inventory(), ""
        try:
            verb()
        except ImsError as error:
            code = error.code
        assert self.ours() == before, kind
        assert not self.engine.inventory().scraps, kind
        assert not code or self.engine.inventory() == there, kind
        assert not code or not self.sink.path.exists(), kind
        return code


if __name__ == "__main__":
    hurry(Path(sys.argv[1]))
    sys.stdout.write(json.dumps(Assault(Path(sys.argv[1])).run()))
