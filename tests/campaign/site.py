"""The console of a campaign: a data folder on a small file system of its own, a database, `manage.py serve`."""

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.databases import cluster, pg_ctl
from tests.support.console import PASSWORD, ROOT, answers, free_port, wait_for
from tests.support.processes import children_of, is_alive, name_of

SIZE_MB = 2048  # of the data folder: the load takes a fifth of it
LEASE_S = 5
PR_SET_PDEATHSIG = 1
NOT_OURS = ("postgres", "pg_ctl", "runuser")  # of the campaign: the console has a connection to it


@dataclass
class Site:
    """Its folders, and the processes that are its own."""

    base: Path
    database: str
    is_mounted: bool = False
    environment: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def data(self) -> Path:
        return self.base / "data"

    @property
    def url(self) -> str:
        return f"http://localhost:{self.environment['IMS_PORT']}"

    def manage(self, *arguments: str) -> str:
        ended = subprocess.run(
            [ROOT / ".venv/bin/python", "manage.py", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def serve(self) -> None:
        """Start it, and wait until it answers. It ends when the thread that calls this does."""
        with (self.base / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [ROOT / ".venv/bin/python", "manage.py", "serve"],
                cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=_die_with_parent,
            )  # fmt: skip
        wait_for(lambda: answers(f"{self.url}/accounts/login/"), "the console does not answer", 120)

    def processes(self) -> dict[int, str]:
        """The living processes of this console by their PID: what each is called. Nobody else's are among them."""
        found = {}
        tree = self._tree()
        for pid in (int(path.name) for path in Path("/proc").glob("[0-9]*")):
            with suppress(OSError):
                if is_alive(pid) and (pid in tree or self._names_us(pid)):
                    found[pid] = name_of(pid)
        return found

    def _tree(self) -> set[int]:
        found, new = set(), [self.process.pid] if self.process else []
        while new:
            pid = new.pop()
            with suppress(OSError):
                new += set(children_of(pid)) - found
            found.add(pid)
        return found

    def _names_us(self, pid: int) -> bool:
        """By where it is (guests), its command (converters) or its environment (what `serve` forked)."""
        process = Path(f"/proc/{pid}")
        place = os.readlink(process / "cwd").encode()
        words = b"\0".join([place, (process / "cmdline").read_bytes(), (process / "environ").read_bytes()])
        return str(self.data).encode() in words and pid != os.getpid() and name_of(pid) not in NOT_OURS

    def called(self, *names: str) -> list[int]:
        """The processes whose name begins so, oldest first."""
        return sorted(pid for pid, name in self.processes().items() if name.startswith(names))

    def crash(self, *, guests: bool) -> None:
        """All of its processes at once, as a host does; without `guests` those live on."""
        for _ in range(5):  # what was being forked meanwhile
            for pid, name in self.processes().items():
                if guests or not name.startswith("qemu-system"):
                    send(pid, signal.SIGKILL)
            time.sleep(0.1)
        if self.process:
            self.process.wait(30)

    def end(self) -> None:
        """Ask it to end, then see that nothing is left."""
        if self.process:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
        self.crash(guests=True)

    def fill(self) -> None:
        """Leave no byte of the file system."""
        with suppress(OSError), (self.base / "data" / "tmp" / "ballast").open("wb") as file:
            for step in (1 << 20, 1 << 12):
                with suppress(OSError):
                    while True:
                        os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), step)

    def free(self) -> None:
        (self.base / "data" / "tmp" / "ballast").unlink(missing_ok=True)

    def restart_database(self) -> None:
        """As after a crash of PostgreSQL: it recovers what was committed."""
        pg_ctl(self.base / "postgres", "-m", "immediate", "restart")


def send(pid: int, number: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def a_site(database: str, catalogue: Path | None = None) -> Iterator[Site]:
    """Set up, not served yet. Everything that runs ends with it; its folder stays."""
    base = Path(tempfile.mkdtemp(prefix="ims-campaign-", dir="/var/tmp"))
    base.chmod(0o755)
    site = Site(base, database)
    site.data.mkdir()
    with ExitStack() as stack:
        stack.callback(_unmount, site)
        site.is_mounted = _mount(site)
        site.environment = environment(site)
        if database == "postgres":
            port = stack.enter_context(cluster(base / "postgres"))
            site.environment["IMS_DATABASE_URL"] = f"postgres://postgres@127.0.0.1:{port}/postgres"
        stack.callback(site.end)
        site.manage("set_up")
        yield site


def environment(site: Site) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("IMS_", "DJANGO_"))},
        "DJANGO_SETTINGS_MODULE": "imsconsole.settings",
        "PYTHONUNBUFFERED": "1",
        "IMS_DATA_DIR": str(site.data),
        "IMS_PORT": str(free_port()),
        "IMS_SCREEN_PORT": str(free_port()),
        "IMS_DEMO": "0",
        "IMS_DEMO_PASSWORD": PASSWORD,
        "IMS_LOG_LEVEL": "WARNING",
        "IMS_JOB_LEASE_S": str(LEASE_S),
        "IMS_STOP_TIMEOUT_S": "2",
        "IMS_BOOT_CHECK_S": "5",
        "IMS_GUEST_NETWORK": "none",
        "IMS_GUEST_MEMORY_MB": "2048",
        "IMS_SIGN_IN_TRIES": "10000",
        "IMS_QUOTA_IMAGES": "1000",
        "IMS_PUBLIC_CATALOGUE": str(site.base / "catalogue.toml"),
        "IMS_DOWNLOAD_HOSTS": "localhost",
    }


def _mount(site: Site) -> bool:
    """The data folder is a small file system, so that it can be full and nobody else's disk is."""
    image = site.base / "data.ext4"
    with image.open("wb") as file:
        file.truncate(SIZE_MB * 1024**2)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True)
    mounted = subprocess.run(
        ["mount", "-o", "loop", image, site.data], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        image.unlink()
        return False
    site.data.chmod(0o755)
    shutil.rmtree(site.data / "lost+found")
    return True


def _unmount(site: Site) -> None:
    if site.is_mounted:
        subprocess.run(["umount", "--lazy", site.data], check=False)


def look_at(site: Site) -> str:
    """How somebody gets at the folder that was kept."""
    way = f"mount -o loop {site.base}/data.ext4 {site.data}; " if site.is_mounted else ""
    return f"{way}IMS_DATA_DIR={site.data} .venv/bin/python manage.py check_store"
