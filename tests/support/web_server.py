"""The real web server, as the Procfile starts it, on this test's database and data folder."""

import shlex
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from tests.support.workers import until, worker_environment


@contextmanager
def web_server(**environment: str) -> Iterator[str]:
    """Serve the console; gives its address. Needs `@pytest.mark.django_db(transaction=True)`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        command(port),
        cwd=settings.BASE_DIR,
        env={**worker_environment(), "IMS_LOG_LEVEL": "WARNING", **environment},
        stdin=subprocess.DEVNULL,
    )
    try:
        until(lambda: answers(url) or process.poll() is not None, "the web server answered")
        assert process.poll() is None, "the web server has ended"
        yield url
    finally:
        process.terminate()
        process.wait()


def command(port: str) -> list[str]:
    """The Procfile's line for the web server."""
    lines = (Path(settings.BASE_DIR) / "imsconsole" / "Procfile").read_text().splitlines()
    line = next(line for line in lines if line.startswith("web: "))
    words = shlex.split(line.removeprefix("web: exec "))
    program, *arguments = [f"127.0.0.1:{port}" if word.startswith("${IMS_BIND") else word for word in words]
    return [str(Path(sys.executable).with_name(Path(program).name)), *arguments]


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=5) as response:
            return bool(response.status == 200)
    except urllib.error.HTTPError:
        return True  # it answers; that no worker runs is no matter here
    except (urllib.error.URLError, OSError):
        return False
