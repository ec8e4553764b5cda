"""The list of half the images as a CSV file, against `COPY` of the same columns by `psql`."""

import os
import re
import subprocess
from pathlib import Path

from django.db import connection

from tests.bench.figures import Figure
from tests.bench.fill import PROJECT
from tests.bench.site import signed_in
from tests.bench.timing import paired
from tests.support.processes import children_of
from tests.support.web import WebServer

URL = "/images/export.csv?tab=private"
RUNS = 3
COLUMNS = (
    "i.name, i.id, i.status, o.name, i.type, i.created_at, i.min_disk_gb, i.size_bytes, i.min_ram_mb, i.max_ram_mb,"
    " i.architecture, i.boot_mode, i.nic_multi_queue, i.cloud_init, i.use, i.protected, i.source_kind, i.source_name,"
    " i.description, i.region_id, i.updated_at, k.name, i.key_id, b.verified_at, d.checksum,"
    " (SELECT string_agg(t.key || '=' || t.value, '; ' ORDER BY t.key) FROM images_imagetag t WHERE t.image_id = i.id),"
    " (SELECT count(*) FROM cloud_server s WHERE s.image_id = i.id AND s.deleted_at IS NULL AND s.project_id = i.project_id)"
)
COPY = (
    f"COPY (SELECT {COLUMNS} FROM images_image i LEFT JOIN images_osversion o ON o.id = i.os_version_id"
    " LEFT JOIN cloud_key k ON k.id = i.key_id LEFT JOIN images_imagedisk d ON d.image_id = i.id AND d.index = 0"
    " LEFT JOIN cloud_storedbytes b ON b.id = d.stored_id"
    f" WHERE i.project_id = (SELECT id FROM accounts_project WHERE name = '{PROJECT}')"
    " AND i.status NOT IN ('deleted', 'trashed') ORDER BY i.created_at DESC, i.id DESC) TO STDOUT WITH CSV HEADER"
)


def figures(size: str) -> list[Figure]:
    found, first = [], []
    with WebServer() as server:
        _client, visitor, prefix = signed_in(server.url)
        for _ in range(8):  # each process has answered once
            visitor.get(f"{prefix}{URL}&q=no-such-name")
        before = _peaks_mb(server)

        def ours() -> None:
            first.append(visitor.get(prefix + URL, {"Accept-Encoding": "identity"}).first_ms)

        pair = paired(ours, _copy if connection.vendor == "postgresql" else ours, RUNS)
        grown = max(after - before.get(pid, after) for pid, after in _peaks_mb(server).items())
    if connection.vendor == "postgresql":
        how = f"{size}: {pair.ours:.0f} to {pair.bare:.0f} ms"
        found.append(Figure("CSV, to psql COPY", pair.ratio, "×", 2, how=how))
    else:
        found.append(Figure("CSV", pair.ours, "ms", how=size))
    found.append(Figure("CSV: first byte, the worst", max(first), "ms", 300, how=size))
    found.append(Figure("CSV: memory", grown, "MB", 20, how=size))
    return found


def _copy() -> None:
    command = ["psql", "-q", os.environ["IMS_DATABASE_URL"], "-c", COPY]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _peaks_mb(server: WebServer) -> dict[int, float]:
    """The most memory that each serving process has had."""
    return {pid: _peak_mb(pid) for pid in children_of(server.process.pid)}


def _peak_mb(pid: int) -> float:
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert peak
    return int(peak[1]) / 1024
