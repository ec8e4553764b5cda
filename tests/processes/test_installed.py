"""The wheel, built from a copy of the checkout and installed away from the checkout: a console with all its pages and words."""

import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import connection

from imsconsole.processes.command_line import commands
from tests.conftest import CACHE
from tests.support.console import free_port
from tests.support.database import kept_database
from tests.support.web import answers
from tests.support.workers import until, worker_environment

pytestmark = pytest.mark.slow(reason="a wheel is built, installed, set up and served")


@pytest.fixture(scope="module")
def installed(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """`run` is its command, `python` asks its code."""
    tree, site = tmp_path_factory.mktemp("tree") / "clone", tmp_path_factory.mktemp("site")
    left = shutil.ignore_patterns(
        ".*", "__pycache__", "*.mo", "tests"
    )  # as git keeps it, of what a wheel is made of
    shutil.copytree(settings.BASE_DIR, tree, ignore=left)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tree / "dist"], cwd=tree, check=True
    )
    (wheel,) = (tree / "dist").glob("*.whl")
    words = "install --quiet --no-deps --no-index --no-compile --target"
    pip = [sys.executable, "-m", "pip", *words.split(), site]
    subprocess.run([*pip, wheel], check=True)
    port, database = free_port(), tmp_path_factory.mktemp("database") / "ims.sqlite3"
    if connection.vendor == "sqlite":
        shutil.copyfile(kept_database(CACHE), database)
    environment = {
        **worker_environment(),
        "PYTHONPATH": str(site),
        "IMS_DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "IMS_DATABASE_URL": f"sqlite:///{database}",
        "IMS_DEMO": "0",
        "IMS_PORT": str(port),
    }

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, site / "bin" / "ims-console", *words]
        return subprocess.run(command, cwd=site, env=environment, capture_output=True, text=True, check=False)

    return SimpleNamespace(site=site, environment=environment, port=port, run=run)


def test_every_command_is_listed(installed: SimpleNamespace) -> None:
    told = installed.run().stdout
    assert [name for name in commands() if f"\n  {name} " not in told] == []
    assert "check-store" in commands()


def test_data_never_lie_beside_installed_code(installed: SimpleNamespace) -> None:
    where = "import imsconsole.settings as s; print(s.PACKAGE_DIR); print(s._usual_data_dir())"
    told = subprocess.check_output(
        [sys.executable, "-c", where], cwd=installed.site, env=installed.environment, text=True
    )
    package, data = map(Path, told.splitlines())
    assert package == installed.site / "imsconsole"
    assert data.is_absolute()
    assert installed.site not in data.parents
    assert Path(settings.BASE_DIR) not in data.parents


def test_all_code_is_installed(installed: SimpleNamespace) -> None:
    """Migrations too: the database that is served below has them already."""
    assert modules(Path(settings.BASE_DIR)) == modules(installed.site)


def modules(folder: Path) -> set[str]:
    rooms = ("imsconsole", "images", "sharing", "market")
    return {str(path.relative_to(folder)) for room in rooms for path in (folder / room).rglob("*.py")}


def test_it_serves_pages_in_both_languages_with_their_files(installed: SimpleNamespace) -> None:
    assert installed.run("set-up").returncode == 0  # with dashes, as it is listed
    web = subprocess.Popen(
        [sys.executable, installed.site / "bin" / "ims-console", "web"],
        cwd=installed.site,
        env=installed.environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://localhost:{installed.port}"
        until(lambda: answers(url) or web.poll() is not None, "the web server answered")
        for language, words in (("zh-hans", "登录"), ("en", "Sign in")):
            asked = urllib.request.Request(f"{url}/accounts/login/", headers={"Accept-Language": language})
            with urllib.request.urlopen(asked) as page:
                text = page.read().decode()
            assert words in text
            for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', text):
                with urllib.request.urlopen(url + address) as file:
                    assert file.read(), address
    finally:
        web.terminate()
        web.wait()
