"""A running guest's QEMU gets to know keys, over its control socket, as long as it opens disks with them."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from imsconsole.engine.conversion.luks import each_of, name_of, passphrase_of
from imsconsole.engine.local.qmp import Qmp, QmpError
from imsconsole.engine.types import Key


@contextmanager
def told(talk: Qmp, *keys: Key | None) -> Iterator[None]:
    """A running guest's QEMU knows these keys as long as it opens disks. Raises what `material` raises."""
    known = list(each_of(keys))
    forget(talk, *known)
    try:
        for key in known:
            data = passphrase_of(key).decode()
            talk.command("object-add", **{"qom-type": "secret", "id": name_of(key), "data": data})
        yield
    finally:
        forget(talk, *known)


def forget(talk: Qmp, *keys: Key | None) -> None:
    """Take keys from a QEMU that has opened its disks: those it goes on with, it keeps unlocked."""
    for key in each_of(keys):
        with suppress(QmpError):  # it does not know it
            talk.command("object-del", id=name_of(key))
