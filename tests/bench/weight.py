"""What an idle console holds in memory, and what its list of images weighs on the way to a browser."""

import os
import shutil
import tempfile
import time
import urllib.request
from collections import defaultdict
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.bench.figures import Figure
from tests.support.console import CHROMIUM, PASSWORD, Console, free_port, served
from tests.support.processes import children_of, name_of
from tests.support.visitor import Visitor, first_load_bytes, new_visitor

TITLE = "Weight"
IDLE_S = 10
LIST = "/images/?tab=private"
FURNISHED = f"""
from images.models import Image
from imsconsole.accounts.models import Project
from imsconsole.demo.furnish import furnish_people, furnish_places
furnish_places()
furnish_people({PASSWORD!r})
project = Project.objects.get(name="acme-cn-north-4")
Image.objects.bulk_create(
    Image(region=project.region, project=project, name=f"image-{{number}}", status="active") for number in range(25)
)
"""


def figures(label: str) -> list[Figure]:
    """Of a console of its own, as it is served to begin with; `label` says what it is measured for."""
    data = Path(tempfile.mkdtemp(prefix="ims-bench-"))
    data.chmod(0o755)
    try:
        console = _console(data)
        console.manage("set_up")
        with served(console) as process, sync_playwright() as playwright:
            time.sleep(IDLE_S)
            found = [_memory("memory while idle", process.pid, label, goal=250)]
            console.python(FURNISHED)
            browser = playwright.chromium.launch(**CHROMIUM)
            alice = new_visitor(browser, console.url)
            alice.sign_in("alice")
            found += [
                Figure("first load of a list", first_load_bytes(alice.page, console.url + LIST) / 1024, "KiB", 120),
                Figure("its fragment", _fragment_bytes(alice) / 1024, "KiB", 15),
                _memory("memory after that", process.pid, label),
            ]  # fmt: skip
            browser.close()
        return found
    finally:
        shutil.rmtree(data)


def _console(data: Path) -> Console:
    port = free_port()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("IMS_", "DJANGO_"))
    }
    environment |= {
        "IMS_DATA_DIR": str(data), "IMS_PORT": str(port), "IMS_SCREEN_PORT": str(free_port()), "IMS_DEMO": "0",
    }  # fmt: skip
    return Console(f"http://localhost:{port}", data, environment)


def _memory(what: str, pid: int, label: str, goal: float | None = None) -> Figure:
    """PSS of a process and all below it: what several share counts once."""
    by_name: dict[str, float] = defaultdict(float)
    waiting = [pid]
    for one in waiting:
        waiting += children_of(one)
        by_name[name_of(one)] += _pss_mib(one)
    how = ", ".join([label, *(f"{name} {size:.0f}" for name, size in by_name.items())])
    return Figure(what, sum(by_name.values()), "MiB", goal, how=how)


def _pss_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


def _fragment_bytes(visitor: Visitor) -> int:
    cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in visitor.page.context.cookies())
    headers = {"Cookie": cookies, "Accept-Encoding": "gzip", "HX-Request": "true"}
    request = urllib.request.Request(visitor.page.url, headers=headers)
    with urllib.request.urlopen(request) as response:
        return len(response.read())
