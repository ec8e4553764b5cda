"""What may be in no file of the service in plain."""

import subprocess
import sys
from pathlib import Path

from django.conf import settings

from imsconsole.cloud.keys.material import material_of
from imsconsole.cloud.models import Key

# in a process of its own: whoever closes a file of SQLite's lets go of the locks its process has on the database
SCAN = """
import sys
from pathlib import Path
words = [bytes.fromhex(word) for word in sys.argv[2:]]
for path in Path(sys.argv[1]).rglob("*"):
    if path.is_file() and any(word in path.read_bytes() for word in words):
        print(path)
"""


def holders_of(*words: bytes) -> list[Path]:
    """The files of the service that have one of these in them."""
    command = [sys.executable, "-c", SCAN, str(settings.DATA_DIR), *(word.hex() for word in words)]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [Path(line) for line in found.splitlines()]


def secrets_of(key: Key) -> tuple[bytes, bytes]:
    """A key's material as it is, and as the programs of QEMU are told it."""
    material = material_of(key.pk, key.project_id)
    return material, material.hex().encode()
