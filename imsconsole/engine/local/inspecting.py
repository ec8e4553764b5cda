"""`qemu-img` for the inspection: on files of ours, which it sees through links in a folder of its own."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from imsconsole.core.folders import locked_folder
from imsconsole.engine.local.qemu_img import QemuImg
from imsconsole.engine.local.store import READ, Store

OUTPUT = "of="  # of qemu-img dd


def inspecting(store: Store, qemu_img: QemuImg, arguments: Sequence[str]) -> tuple[int, str, str]:
    """Exit code, output, errors.

    Every absolute path among the arguments (plain or `if=`) is replaced by a link that the users of conversions
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
            prefix, slash, path = argument.partition("/")
            if slash and prefix in ("", "if=", OUTPUT):
                links[index] = f"{prefix}file-{index}"
            if slash and prefix in ("", "if="):
                store.link_source(Path(f"/{path}"), folder / f"file-{index}")
            elif slash and prefix == OUTPUT:
                store.blank(folder / f"file-{index}")
        yield folder, links
