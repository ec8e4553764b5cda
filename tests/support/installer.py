"""An ISO that installs: it asks on its screen how the machine shall be called, and the installed system says so.

Debian's kernel and BusyBox behind ISOLINUX, for BIOS; what it installs is a boot sector that writes to the
serial port.
"""

import hashlib
import os
from pathlib import Path

from images.public.programs import scratch
from imsconsole.demo import guest
from imsconsole.engine.local.probe import boot_sector
from imsconsole.engine.types import GIB
from tests.engine.guests import bootable_cd, partitioned

INSTALLED = "IMS-INSTALLED"
DOTS = b"." * 16  # the answer takes their place
INIT = Path(__file__).with_name("installer_init.sh")
LOADER = Path("/usr/lib/ISOLINUX/isolinux.bin")
LOADERS_OWN = Path("/usr/lib/syslinux/modules/bios/ldlinux.c32")
MENU = """DEFAULT install
LABEL install
LINUX /vmlinuz.bin
INITRD /initrd.img
APPEND console=tty0 quiet loglevel=3 rdinit=/init
"""


def installer_iso(cache: Path) -> Path:
    """The ISO, built once and kept in `cache`; not to be written to."""
    recipe = hashlib.sha256(INIT.read_bytes() + Path(__file__).read_bytes())
    final = cache / f"installer-{recipe.hexdigest()[:16]}.iso"
    if not final.exists():
        part = cache / f"{final.name}.{os.getpid()}"
        _build(part, cache)
        part.rename(final)
    return final


def _build(path: Path, cache: Path) -> None:
    kernel = guest.fetch_kernel(cache)
    sector = partitioned(boot_sector(f"\r\n{INSTALLED} {DOTS.decode()}\r\n", end="halt"), GIB)
    with scratch(cache) as folder:
        etc = {"sector": sector, "answer-at": str(sector.index(DOTS)).encode()}
        initrd = guest.build_initrd(folder, kernel, "installer", cache, INIT, etc)
        files = {
            "isolinux.cfg": MENU.encode(),
            "ldlinux.c32": LOADERS_OWN.read_bytes(),
            "vmlinuz.bin": kernel.vmlinuz.read_bytes(),
            "initrd.img": initrd.read_bytes(),
        }
        bootable_cd(path, LOADER.read_bytes(), **files)
