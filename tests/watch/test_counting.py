"""Processes count by themselves, and are asked together. Each of these tests has processes of its own."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from imsconsole.core import counting
from imsconsole.core.counting import COUNTED, FOLDER, RESERVED_BYTES, count, keep_counts, measure
from imsconsole.core.metrics import DATABASE_ERRORS, REQUEST_SECONDS, RESPONSES
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.metrics import ATTEMPTS, ENDED, SECONDS

FORK = multiprocessing.get_context("fork")


@contextmanager
def a_process(work: Callable[[], object]) -> Iterator[None]:
    """It works, and lives on until the end of the block."""
    here, there = FORK.Pipe()

    def run(line: Connection) -> None:
        work()
        line.send("done")
        line.recv()

    process = FORK.Process(target=run, args=(there,))
    process.start()
    there.close()
    try:
        assert here.recv() == "done"
        yield
        here.send("end")
        process.join()
    finally:
        process.kill()
        process.join()
    assert process.exitcode == 0


@pytest.fixture(autouse=True)
def _no_others(settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def told(name: str, **labels: str) -> float | None:
    """The sum over all processes; None when nobody tells."""
    found = [
        sample.value
        for metric in counting.counted()
        for sample in metric.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    return sum(found) if found else None


def counts(process: str, times: int) -> Callable[[], None]:
    def work() -> None:
        keep_counts(process)
        for _ in range(times):
            count(DATABASE_ERRORS, "told")
            measure(SECONDS, "told", seconds=61)

    return work


def test_two_processes_are_added_up_and_told_apart() -> None:
    with a_process(counts("bulk-1", 2)), a_process(counts("bulk-2", 3)):
        assert told("ims_database_errors_total", error="told") == 5
        assert told("ims_database_errors_total", error="told", process="bulk-2") == 3
        assert told("ims_job_seconds_bucket", kind="told", le="60.0") == 0
        assert told("ims_job_seconds_bucket", kind="told", le="300.0") == 5
        assert told("ims_job_seconds_sum", kind="told", process="bulk-1") == 122


def test_what_a_process_forks_counts_for_itself_from_nothing() -> None:
    def work() -> None:
        counts("web", 7)()
        with a_process(lambda: count(DATABASE_ERRORS, "told")):
            assert told("ims_database_errors_total", error="told") == 8

    with a_process(work):
        assert told("ims_database_errors_total", error="told", process="web") == 8


def test_what_a_process_counted_goes_with_it_and_its_files_with_the_next() -> None:
    def dies() -> None:
        counts("web", 1)()
        os._exit(9)

    process = FORK.Process(target=dies)
    process.start()
    process.join()
    assert process.exitcode == 9
    assert told("ims_database_errors_total", error="told", process="web") is None
    assert len(list((Path(settings.DATA_DIR) / FOLDER).iterdir())) == 1
    with a_process(counts("web", 2)):
        assert told("ims_database_errors_total", error="told") == 2
        assert len(list((Path(settings.DATA_DIR) / FOLDER).iterdir())) == 1
    assert list((Path(settings.DATA_DIR) / FOLDER).iterdir()) == []


def test_who_keeps_nothing_counts_in_memory() -> None:
    before = COUNTED.get_sample_value("ims_database_errors_total", {"error": "told"}) or 0
    count(DATABASE_ERRORS, "told")
    assert told("ims_database_errors_total", error="told") == before + 1
    assert not (Path(settings.DATA_DIR) / FOLDER).exists()


def test_on_a_full_disk_nothing_is_counted_and_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files are taken of the disk before they are mapped: a page of them that there is no room for would end the process."""

    def full(number: int, offset: int, size_bytes: int) -> None:
        raise OSError(28, "No space left on device")

    def work() -> None:
        monkeypatch.setattr(os, "posix_fallocate", full)
        counts("web", 3)()

    with a_process(work):
        assert told("ims_database_errors_total", error="told", process="web") is None


def test_a_fork_on_a_disk_that_has_become_full_does_not_count_and_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(number: int, offset: int, size_bytes: int) -> None:
        raise OSError(28, "No space left on device")

    def work() -> None:
        counts("web", 1)()
        monkeypatch.setattr(os, "posix_fallocate", full)
        with a_process(lambda: [count(DATABASE_ERRORS, "told"), measure(REQUEST_SECONDS, "new", seconds=1)]):
            assert told("ims_database_errors_total", error="told") == 1

    with a_process(work):
        pass


def test_room_is_taken_for_all_views_and_kinds_that_there_are() -> None:
    """Then no file grows, which would be by pages that no disk has promised."""
    views, kinds = list(names(get_resolver())), [kind.kind for kind in every(JobKind) if "kind" in vars(kind)]
    assert (len(views), len(kinds)) > (300, 20)

    def work() -> None:
        keep_counts("web")
        for view in views:
            measure(REQUEST_SECONDS, view, seconds=1)
            for number in range(2, 6):
                count(RESPONSES, view, f"{number}xx")
        for kind in kinds:
            measure(SECONDS, kind, seconds=1)
            count(ATTEMPTS, kind)
            for state in ("done", "failed", "cancelled"):
                count(ENDED, kind, state)

    with a_process(work):
        files = list((Path(settings.DATA_DIR) / FOLDER).glob("web-*/*.db"))
        assert sorted(path.stat().st_size for path in files) == sorted(RESERVED_BYTES.values())
        used = [int.from_bytes(path.read_bytes()[:4], "little") for path in files]
        assert min(used) > 100_000
        assert max(used) < 0.8 * max(RESERVED_BYTES.values())
        assert all(path.stat().st_blocks * 512 >= path.stat().st_size for path in files)


def names(resolver: URLResolver, within: str = "") -> Iterator[str]:
    for each in resolver.url_patterns:
        if isinstance(each, URLPattern):
            yield f"{within}{each.name}"
        else:
            yield from names(each, f"{within}{each.namespace}:" if each.namespace else within)


def every(kind: type[JobKind]) -> Iterator[type[JobKind]]:
    for each in kind.__subclasses__():
        yield each
        yield from every(each)
