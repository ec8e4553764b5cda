"""What guests use: CPU and memory by /proc, what goes through their disks by QEMU itself.

The guests' network is made within QEMU (user mode), which counts nothing there and has no device on the host that would.
"""

import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

from imsconsole.core.errors import ImsError
from imsconsole.engine.local.qmp import qmp
from imsconsole.engine.local.state import find_guest, read_state, this_boot
from imsconsole.engine.types import Use

MEASURES = frozenset({"cpu", "memory", "disk"})
AT_ONCE = 16  # conversations
ANSWER_S = 1.0  # so long one QEMU may take: the others' turn comes
TICKS = os.sysconf("SC_CLK_TCK")
MOST = 2**63 - 1


def uses_of(servers: Path, refs: Iterable[str], limit_s: float) -> dict[str, Use]:
    """`Engine.uses`. A QEMU that does not answer in time leaves its disks unmeasured."""
    until = time.monotonic() + limit_s
    found = {ref: use for ref in refs if (use := _of_process(servers / ref))}
    pool = ThreadPoolExecutor(AT_ONCE, "measuring")
    asked = {pool.submit(bytes_of_disks, servers / ref, until): ref for ref in found}
    done, _late = wait(asked, max(0.0, until - time.monotonic()))
    pool.shutdown(wait=False, cancel_futures=True)
    for each in done:
        if (bytes_ := each.result()) is not None:
            ref = asked[each]
            found[ref] = replace(found[ref], read_bytes=bytes_[0], written_bytes=bytes_[1])
    return found


def _of_process(folder: Path) -> Use | None:
    """By what the kernel tells of the guest's process, if it runs on this host."""
    try:
        pid = find_guest(folder, read_state(folder))
        if pid is None:
            return None
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()  # from its third field on
        status = Path(f"/proc/{pid}/status").read_text()
        up_s = float(Path("/proc/uptime").read_text().split()[0])
    except OSError:
        return None
    ticks = int(stat[19])
    memory_kb = next((line.split()[1] for line in status.splitlines() if line.startswith("RssAnon:")), "0")
    return Use(
        start=f"{this_boot()[:8]}-{pid}-{ticks}",
        run_s=up_s - ticks / TICKS,
        cpu_s=(int(stat[11]) + int(stat[12])) / TICKS,
        memory_bytes=int(memory_kb) * 1024,
    )


def bytes_of_disks(folder: Path, until: float) -> tuple[int, int] | None:
    """Bytes read and written by the guest, of all its drives. What a QEMU that was taken over says is only a number."""
    ends_at = min(until, time.monotonic() + ANSWER_S)
    try:
        with qmp(folder, time_limit_s=max(0.001, ends_at - time.monotonic()), ends_at=ends_at) as talk:
            stats = [drive["stats"] for drive in talk.command("query-blockstats")]
        read, written = (sum(int(each[name]) for each in stats) for name in ("rd_bytes", "wr_bytes"))
    except (ImsError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        return None
    return (read, written) if 0 <= read <= MOST and 0 <= written <= MOST else None
