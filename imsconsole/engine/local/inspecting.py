"""`qemu-img` for the inspection: on files of ours, which it sees through links in a folder of its own."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from imsconsole.core.folders import locked_folder
from imsconsole.engine.local.qemu_img import QemuImg
from imsconsole.engine.local.store import READ, Store
from imsconsole.engine.parts import file_of, renamed

INPUT, OUTPUT = "if=", "of="  # of qemu-img dd


def inspecting(store: Store, qemu_img: QemuImg, arguments: Sequence[str]) -> tuple[int, str, str]:
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
def readable(store: Store, arguments: Sequence[str]) -> Iterator[tuple[Path, list[str]]]:
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
