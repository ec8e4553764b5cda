"""LUKS inside qcow2: how the programs of QEMU get to know keys, and what they are told to do with them.

A key reaches a program by a descriptor of a file that exists in memory only, or over the control
socket of a guest: it is never an argument, in the environment, in a log or on a disk, and what a
program was given is emptied as soon as it has opened its disks. Its 256 bits are random, so
nothing is gained by stretching them (`iter-time`). sha512 because the programs measure its speed,
and fail at random where it is too quick for the clock (`UNMEASURED`): then they are run again.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from imsconsole.engine.types import Key

UNMEASURED = "Unable to get accurate CPU usage"
TRIES = 50
NOT_UNLOCKED = (
    "Invalid password, cannot unlock any keyslot",
    "key-secret' is required for cipher",
    "encrypt.key-secret is required",
    "No encryption in image header",
    "does not have encryption format",
)


@dataclass(frozen=True)
class Secrets:
    """What a program is started with so that it knows keys: `objects` are values of `-object`."""

    objects: tuple[str, ...] = ()
    descriptors: tuple[int, ...] = ()

    @property
    def arguments(self) -> list[str]:
        return [word for value in self.objects for word in ("--object", value)]


def name_of(key: Key) -> str:
    return f"key-{key.id}"


def passphrase_of(key: Key) -> bytes:
    """The material as text: QEMU takes no others for LUKS. Raises what `material` raises."""
    return key.material().hex().encode()


def creation(key: Key | None) -> list[str]:
    """The options of qemu-img that encrypt a new qcow2."""
    if key is None:
        return []
    return [
        "-o",
        f"encrypt.format=luks,encrypt.key-secret={name_of(key)},encrypt.hash-alg=sha512,encrypt.iter-time=10",
    ]


def unlocking(key: Key | None) -> dict[str, Any]:
    """What a qcow2 node says besides so that it is decrypted."""
    return {"encrypt": {"format": "luks", "key-secret": name_of(key)}} if key else {}


def is_locked(errors: str) -> bool:
    """Whether a program did not get into a disk with the key it had, or had none."""
    return any(words in errors for words in NOT_UNLOCKED)


@contextmanager
def secrets(*keys: Key | None) -> Iterator[Secrets]:
    """What a program is started with to know these keys; emptied at the end. Raises what `material` raises."""
    objects, descriptors = [], []
    try:
        for key in each_of(keys):
            number = os.memfd_create(name_of(key))
            descriptors.append(number)
            os.write(number, passphrase_of(key))
            objects.append(f"secret,id={name_of(key)},file=/proc/self/fd/{number}")
        yield Secrets(tuple(objects), tuple(descriptors))
    finally:
        for number in descriptors:
            os.ftruncate(number, 0)  # whoever inherited it has an empty file from now on
            os.close(number)


def each_of(keys: Iterable[Key | None]) -> Iterable[Key]:
    """Each key once, of those that there are."""
    return {key.id: key for key in keys if key}.values()
