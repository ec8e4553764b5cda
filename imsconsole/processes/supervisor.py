"""Processes that are to run: forked from one that has loaded the console, and forked again when they die."""

import ctypes
import logging
import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkProcess
from socket import socket
from typing import Any, NoReturn

from django.conf import settings
from django.db import connections

from imsconsole.core.counting import keep_counts
from imsconsole.core.folders import process_folder
from imsconsole.core.listening import say_ready
from imsconsole.core.loading import load_console

logger = logging.getLogger(__name__)
PATIENCE_S = 3.0
STARTS_APART_S = 2.0  # what cannot start is not started more often
TOLD_TO_END = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15


@dataclass
class Child:
    """A process that is to run, and its latest incarnation; `line` is what it alone listens at, however often it starts."""

    name: str
    run: Callable[[], object]
    line: socket | None = None
    started_at: float = float("-inf")
    process: ForkProcess | None = None

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.is_alive()

    def signal(self, number: int) -> None:
        if self.process is not None and self.process.pid and self.is_running:
            os.kill(self.process.pid, number)


def supervise(children: Sequence[Child]) -> NoReturn:
    """Keep all of them running until we are told to end; then end them, and exit with 0."""
    load_console()
    for number in TOLD_TO_END:
        signal.signal(number, _stop)
    try:
        _start_missing(children)
        say_ready()
        while True:
            _start_missing(children)
            time.sleep(0.2)
    finally:
        _end_all(children)


def _stop(number: int, frame: Any) -> NoReturn:
    raise SystemExit(0)


def _start_missing(children: Sequence[Child]) -> None:
    for child in children:
        if child.is_running or time.monotonic() - child.started_at < STARTS_APART_S:
            continue
        if child.process is not None:
            logger.warning("%s ended with %s; starting it again", child.name, child.process.exitcode)
        connections.close_all()  # none is shared
        child.started_at = time.monotonic()
        others = [other.line for other in children if other is not child and other.line]
        fork = multiprocessing.get_context("fork").Process
        child.process = fork(target=_become, args=(child, others, os.getpid()), name=child.name)
        child.process.start()


def _become(child: Child, others: Sequence[socket], parent: int) -> None:
    """In the forked process: leave what is the parent's behind, end when it dies without a word, and run."""
    for number in TOLD_TO_END:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()  # Ctrl-C reaches the parent alone
    os.dup2(os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC), 0)
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_NAME, f"ims-{child.name}".encode())
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        return
    for line in others:
        line.close()
    tempfile.tempdir = str(process_folder(settings.TEMP_DIR))
    keep_counts(child.name)
    child.run()


def _end_all(children: Sequence[Child]) -> None:
    """Ask once; ask again, which gives a running job back to the queue; then kill."""
    for number in TOLD_TO_END:
        signal.signal(number, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
        for child in children:
            child.signal(number)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and any(child.is_running for child in children):
            time.sleep(0.05)
