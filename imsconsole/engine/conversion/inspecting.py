"""`qemu-img` for the inspection: on files of ours, which it sees through links in a folder of its own."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from imsconsole.core.folders import locked_folder
from imsconsole.core.full_disk import raises_no_space
from imsconsole.core.room import PROMISES, Room
from imsconsole.engine.conversion.limits import run_as
from imsconsole.engine.conversion.qemu_img import QemuImg
from imsconsole.engine.conversion.scratch import READ, Scratch
from imsconsole.engine.conversion.users import FOLDER, Users
from imsconsole.engine.parts import file_of, renamed

FOLDER_OF_HOST = "inspection"  # beside its regions
INPUT, OUTPUT = "if=", "of="  # of qemu-img dd


class HostQemuImg:
    """`qemu-img` of this host, whatever engines its regions have; limited, and as a user of its own.

    `regions` is the folder of the host's regions, with which it shares the numbers of users and the room that is promised.
    """

    def __init__(self, regions: Path, *, guest_user: str, guest_uids: range) -> None:
        users = Users(regions / FOLDER, run_as(guest_user), guest_uids)
        self.scratch = Scratch(regions / FOLDER_OF_HOST, users, Room(regions / PROMISES))
        self._qemu_img = QemuImg(users, self.scratch.room)

    @raises_no_space()
    def __call__(self, arguments: Sequence[str]) -> tuple[int, str, str]:
        return inspecting(self.scratch, self._qemu_img, arguments)


def inspecting(store: Scratch, qemu_img: QemuImg, arguments: Sequence[str]) -> tuple[int, str, str]:
    """Exit code, output, errors.

    Every absolute path among the arguments (plain or `if=`, also of a part of a file) is replaced by a link that the users of conversions
    can read, so that files of ours stay private to us; what it writes to an absolute `of=` is moved there when
    it went well.
    """
    with readable(store, arguments) as (folder, links):
        result = qemu_img.run(links, cwd=folder)
        for wanted, used in zip(arguments, links, strict=True):
            if result[0] == 0 and wanted != used and wanted.startswith(OUTPUT):
                made = folder / used.removeprefix(OUTPUT)
                store.own(made)
                shutil.move(made, wanted.removeprefix(OUTPUT))
    return result


@contextmanager
def readable(store: Scratch, arguments: Sequence[str]) -> Iterator[tuple[Path, list[str]]]:
    """A folder for one conversion, and the arguments with links there in place of our files."""
    with locked_folder(store.scraps, READ) as folder, store.users.taken() as user:
        user.let_in(folder)
        links = list(arguments)
        for index, argument in enumerate(arguments):
            prefix, name = next(
                (each, argument[len(each) :]) for each in (INPUT, OUTPUT, "") if argument.startswith(each)
            )
            path, link = Path(file_of(name)[0]), f"file-{index}"
            if not path.is_absolute():
                continue
            links[index] = prefix + renamed(name, link)
            if prefix == OUTPUT:
                store.blank(folder / link)
            else:
                store.link_source(path, folder / link)
        yield folder, links
