"""What programs of QEMU would take time for in tests: for each new LUKS disk they measure for two seconds of CPU how they derive keys.

Here this host seems slow to them, and the disk has the fewest rounds there are. Without a compiler all is as in use, and the tests
are slower.
"""

import shutil
import subprocess
from pathlib import Path

from imsconsole.engine.conversion.limits import CLEAN_ENVIRONMENT

# a thread (1) has used a thousand times what it has, in seconds and microseconds
SOURCE = """
void *dlsym(void *, const char *);
int getrusage(int who, long *used) {
    int code = ((int (*)(int, long *)) dlsym((void *) -1, "getrusage"))(who, used);
    if (who == 1) { used[0] = used[0] * 1000 + used[1] / 1000; used[1] = used[1] % 1000 * 1000; }
    return code;
}
"""


def hurry(folder: Path) -> None:
    """All programs of QEMU that this process starts from now on."""
    library = folder / "hurried.so"
    if not library.exists():
        if not shutil.which("gcc"):
            return
        command = ["gcc", "-w", "-shared", "-fPIC", "-nostdlib", "-x", "c", "-o", f"{library}.new", "-"]
        subprocess.run(command, input=SOURCE, text=True, check=True)
        Path(f"{library}.new").rename(library)
    CLEAN_ENVIRONMENT["LD_PRELOAD"] = str(library)
