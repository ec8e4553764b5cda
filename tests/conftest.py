"""What every test may ask for: the people, signed-in clients, a data folder of its own."""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from glob import glob
from itertools import chain, count
from pathlib import Path
from secrets import token_hex
from types import SimpleNamespace
from typing import Any

# Before Django reads its settings: a data folder for this run that guests' users can reach. So Django is
# set up here and not by an option of pytest-django, which would do it before this file is read.
_BASE = Path(os.environ.get("IMS_TEST_DIR") or tempfile.mkdtemp(prefix="ims-test-"))
_BASE.chmod(0o755)
os.environ["IMS_TEST_DIR"] = str(_BASE)
os.environ["IMS_DATA_DIR"] = str(_BASE / os.environ.get("PYTEST_XDIST_WORKER", "main"))
os.environ.setdefault("IMS_JOB_LEASE_S", "1")
os.environ.setdefault("IMS_GUEST_NETWORK", "user")
os.environ.setdefault("IMS_STOP_TIMEOUT_S", "10")
os.environ.setdefault("IMS_SIGN_IN_TRIES", "1000")
os.environ["IMS_CONSOLE_NAME"] = f"ims-test-{os.getpid()}-0"  # processes of tests share a cloud

# Whether KVM works is found out once per boot of this host, not by each run, worker and data folder
from imsconsole.engine.conversion.limits import run_as  # noqa: E402
from imsconsole.engine.local.kvm import Accelerator  # noqa: E402

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ims-console"
CACHE.mkdir(parents=True, exist_ok=True)
if "IMS_ACCELERATOR" not in os.environ:
    os.environ["IMS_ACCELERATOR"] = Accelerator(CACHE, run_as(os.environ.get("IMS_GUEST_USER", ""))).asked()

# Playwright leaves its event loop to the thread, and the tests that come after it there use the database
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

os.environ["DJANGO_SETTINGS_MODULE"] = "imsconsole.settings"

import django  # noqa: E402
import pytest  # noqa: E402
from _pytest import runner  # noqa: E402
from hypothesis import HealthCheck  # noqa: E402
from hypothesis import settings as examples  # noqa: E402

django.setup()
del os.environ["DJANGO_SETTINGS_MODULE"]  # or xdist's workers would read the settings before this file

from django.conf import settings  # noqa: E402

options = settings.DATABASES["default"]["OPTIONS"]  # nobody cuts the power of a test
options.update(
    {name: value.replace("FULL", "OFF") for name, value in options.items() if name == "init_command"}
)

assert str(settings.DATA_DIR) == os.environ["IMS_DATA_DIR"], "unset DJANGO_SETTINGS_MODULE to run the tests"
tempfile.tempdir = None  # what tests keep for a look afterwards is not the console's

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.auth.hashers import PBKDF2PasswordHasher  # noqa: E402
from django.contrib.sessions.models import Session  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone, translation  # noqa: E402

from imsconsole.accounts.actor import Actor, actor_for  # noqa: E402
from imsconsole.accounts.models import Account, Membership, Project, Role, User  # noqa: E402
from imsconsole.accounts.sessions import SessionStore  # noqa: E402
from imsconsole.audit.refusals import forget_unwritten  # noqa: E402
from imsconsole.cloud.engines import engine_for, forget_engines  # noqa: E402
from imsconsole.cloud.models import RegionReport  # noqa: E402
from imsconsole.core import now as clock  # noqa: E402
from imsconsole.core.folders import left_behind, remove_left  # noqa: E402
from imsconsole.core.kept import forget_kept  # noqa: E402
from imsconsole.core.stack import with_room  # noqa: E402
from tests import factories  # noqa: E402
from tests.openstack.regions import OURS, forget_clouds, of_engine  # noqa: E402
from tests.support import lock_order  # noqa: E402
from tests.support.clients import ProjectClient  # noqa: E402
from tests.support.database import migrated_database  # noqa: E402
from tests.support.engines import SLOW  # noqa: E402
from tests.support.hurried import hurry  # noqa: E402
from tests.support.order import SharedOut, dearest_first  # noqa: E402
from tests.support.rows import write  # noqa: E402
from tests.support.s3 import S3Server, running_s3  # noqa: E402

lock_order.watch()
# hypothesis would time examples
examples.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hurry(_BASE)
settings.ENGINES["slow"] = SLOW
PBKDF2PasswordHasher.iterations = 1000  # a million takes half a second, which no test is about

_TESTS = count(1)
FILES = (
    "uploads/*",
    "downloads/*",
    "work/*",
    "regions/*/images/*",
    "buckets/objects/*/*",
    "buckets/incoming/*",
)
SKIPS = (
    "only root has networks and rules",
    "no cloud: ",
    "no deploy: ",
)  # how the only reasons begin for which a test may be skipped


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: "pytest.CallInfo[None]"):
    """A test that is skipped for a reason not in the list fails: nobody would notice it otherwise."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if not reason.startswith(SKIPS):
            report.outcome, report.longrepr = "failed", f"{item.nodeid} was skipped: {reason}"
    return report


@pytest.hookimpl(tryfirst=True)  # those who shuffle come afterwards
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL no test runs again that asks the database nothing; a few run there only, or not there."""
    if connection.vendor == "postgresql":
        asking = (item for item in items if item.get_closest_marker("django_db") or "db" in item.fixturenames)
        wanted = [item for item in asking if not item.get_closest_marker("sqlite")]
    else:
        wanted = [item for item in items if not item.get_closest_marker("postgresql")]
    kept = set(wanted)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = dearest_first(wanted) if hasattr(config, "workerinput") else wanted


@pytest.hookimpl(optionalhook=True)  # mutants are tried without xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SharedOut | None:
    return SharedOut(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_finish() -> None:
    """Look for cycles between tests, not at each thousand objects, and never among what is loaded."""
    gc.disable()
    _collect()


def _collect() -> None:
    gc.collect()
    gc.freeze()  # what is there now stays: the next time it is not looked at


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """As pages are answered."""
    if next(_TESTS) % 10 == 0:
        _collect()
    return with_room(partial(runner.pytest_runtest_protocol, item, nextitem))


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(_BASE, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker, django_db_modify_db_settings
) -> Iterator[None]:
    with django_db_blocker.unblock(), migrated_database(CACHE), django_db_blocker.block():
        yield


@pytest.fixture(autouse=True)
def _begins_afresh() -> Iterator[None]:
    """Nothing of another test is left: neither the moved clock, rows that were kept, a reader's language and time zone
    (which stay with the thread after a request), nor files and regions on a cloud, which are not rolled back as rows are."""
    forget_kept()
    forget_unwritten()
    translation.deactivate()
    timezone.deactivate()
    lock_order.complaints.clear()
    for path in left_behind(settings.TEMP_DIR):  # by workers that were killed, and what a module had running
        remove_left(path)
    yield
    clock.reset()
    forget_clouds()
    for path in chain.from_iterable(glob(pattern, root_dir=settings.DATA_DIR) for pattern in FILES):
        Path(settings.DATA_DIR, path).unlink(missing_ok=True)
    assert not lock_order.complaints, "\n\n".join(lock_order.complaints)


@pytest.fixture
def people(db: None) -> SimpleNamespace:
    """Alice (administrator), Bob (full access), Dave (read-only) of one account; Carol of another.

    Each is an `Actor` in the project of cn-north-4. Nearly every test begins with them, so all are written at once.
    """
    first, second = write(Account(name="acme"), Account(name="globex"))
    (region,) = write(factories.RegionFactory.build())
    engine = engine_for(region)
    able, space = engine.capabilities(), engine.free_space()
    write(RegionReport(region=region, capabilities=able, space=space, answered_at=clock.now()))
    write(factories.ZoneFactory.build(region=region))
    ours, theirs = write(
        Project(account=first, region=region, name="acme-north"),
        Project(account=second, region=region, name="globex-north"),
    )
    users = write(*(User(username=name) for name in ("alice", "bob", "dave", "carol")))
    roles = (Role.ADMINISTRATOR, Role.FULL_ACCESS, Role.READ_ONLY, Role.ADMINISTRATOR)
    accounts, projects = (first, first, first, second), (ours, ours, ours, theirs)
    write(
        *(
            Membership(user=user, account=account, role=role)
            for user, account, role in zip(users, accounts, roles, strict=True)
        )
    )
    return SimpleNamespace(
        **{
            user.username: Actor(user, project, role, "192.0.2.1")
            for user, project, role in zip(users, projects, roles, strict=True)
        }
    )


def person(name: str, account: Account, project: Project, role: str) -> Actor:
    user = factories.UserFactory(username=name)
    factories.MembershipFactory(user=user, account=account, role=role)
    actor = actor_for(user, project, "192.0.2.1")
    assert actor is not None
    return actor


HTMX = {"HX-Request": "true"}  # headers that ask for what changes, without its frame


def client_of(actor: Actor | None, **options: Any) -> Client:
    """A browser in which the actor is signed in and was in the actor's project; None: nobody."""
    if actor is None:
        return Client(**options)
    return _signed_in(ProjectClient(actor.project, **options), actor, project=str(actor.project.pk))


def bare_client_of(actor: Actor) -> Client:
    """The same, whose addresses name no project."""
    return _signed_in(Client(), actor)


def _signed_in(client: Client, actor: Actor, **kept: str) -> Client:
    """The session is written as `login` would, at once: signing in has its own tests."""
    assert isinstance(actor.user, User)
    signed_in = {
        SESSION_KEY: str(actor.user.pk),
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: actor.user.get_session_auth_hash(),
    }
    data, expires = SessionStore().encode(kept | signed_in), timezone.now() + timedelta(days=14)
    (session,) = write(Session(session_key=token_hex(16), session_data=data, expire_date=expires))
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return client


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3; who kills it starts it again."""
    with running_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(params=["local", "slow"])
def on_each_engine(request: pytest.FixtureRequest, people: SimpleNamespace) -> Iterator[None]:
    """Their region has the one, then the other, in workers of their own as well. Ask for it before all that has an engine.

    With `only("openstack")` it lies on the lab's cloud.
    """
    cloud = {"cloud": OURS} if request.param == "openstack" else {}
    of_engine(people.bob.region, engine=request.param, **cloud)
    yield
    forget_engines()


@pytest.fixture
def operator(db: None) -> User:
    """The platform's operator: a superuser without a membership."""
    return User.objects.create_superuser("admin", password="admin-password-1")
