"""All that lies in a region's folders: what the engine has made, and what it cannot have made."""

import os
import re
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from imsconsole.engine.conversion.scratch import TOKEN
from imsconsole.engine.local import tpm
from imsconsole.engine.local.store import DISK_REF, RUN, SERVER_REF, STORED_REF, SYSTEM_REF
from imsconsole.engine.refs import UUID_PATTERN
from imsconsole.engine.types import Kind, Mark

NOTHING = re.compile(r"(?!)")
REGION = re.compile(r"images|disks|servers|scrap")
PART = re.compile(rf"part-{UUID_PATTERN}-{TOKEN.pattern}")
SYSTEM = re.compile(rf"system-{UUID_PATTERN}\.{TOKEN.pattern}")
OF_SERVER = re.compile(
    r"cd\.iso|tray\.iso(\.new)?|seed\.iso|made-by|qmp\.lock|state\.json(\.new)?|stderr\.log"
)
OF_SYSTEM = re.compile(r"base\.qcow2|disk\.qcow2|vars\.(fd|new)")
TPM = re.compile(tpm.FOLDER)


def mark_of(ref: str) -> Mark:
    """Who made it: what lies here under such a name is ours."""
    stem, _, rest = ref.rpartition("/")[2].removeprefix("system-").partition(".")
    return Mark(UUID(stem), rest.partition(".")[0])


def found(root: Path, kind: Kind, id: UUID) -> tuple[str, ...]:
    """References of what lies under an ID, in the order in which an attempt takes them over."""
    places = {
        Kind.STORED: (("images", STORED_REF, f"{id}.*"),),
        Kind.DISK: (("disks", DISK_REF, f"{id}.*"), ("servers", SYSTEM_REF, f"*/system-{id}.*")),
        Kind.SERVER: (("servers", SERVER_REF, str(id)),),
    }
    return tuple(
        ref
        for folder, known, names in places[kind]
        for path in sorted((root / folder).glob(names))
        if known.fullmatch(ref := str(path.relative_to(root / folder)))
    )


class StoreListing:
    """Names by kind. `strays` are names below the region's root. What guests make in the folders that are theirs is theirs."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._strays: set[str] = set()
        self._known("", folders=REGION, follows=True)  # an operator may have put one elsewhere
        self.stored = self._known("images", files=STORED_REF)
        self.disks = self._known("disks", files=DISK_REF)
        self.scraps = self._known("scrap", files=PART, folders=TOKEN)
        self.servers = self._known("servers", folders=SERVER_REF)
        self.systems = frozenset(system for server in self.servers for system in self._systems_of(server))
        self.strays = frozenset(self._strays)
        self.marks = {ref: mark_of(ref) for ref in (*self.stored, *self.disks, *self.systems, *self.servers)}

    def _systems_of(self, server: str) -> frozenset[str]:
        inside = re.compile(f"{RUN}|{SYSTEM.pattern}")
        names = self._known(f"servers/{server}", files=OF_SERVER, folders=inside)
        systems = frozenset(f"{server}/{name}" for name in names if SYSTEM.fullmatch(name))
        for system in systems:
            self._known(f"servers/{system}", files=OF_SYSTEM, folders=TPM)
        return systems

    def _known(
        self,
        place: str,
        files: re.Pattern[str] = NOTHING,
        folders: re.Pattern[str] = NOTHING,
        *,
        follows: bool = False,
    ) -> frozenset[str]:
        """The names in a folder that may be there, each as what it should be; all else is a stray."""
        known = set()
        with suppress(FileNotFoundError), os.scandir(self._root / place) as entries:
            for entry in entries:
                is_file = files.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
                if is_file or (folders.fullmatch(entry.name) and entry.is_dir(follow_symlinks=follows)):
                    known.add(entry.name)
                else:
                    self._strays.add(str(Path(place, entry.name)))
        return frozenset(known)
