"""The web server: gunicorn with the options of the console."""

from collections.abc import Callable
from socket import socket
from typing import Any

from django.conf import settings
from gunicorn.app.base import BaseApplication
from gunicorn.config import Config
from gunicorn.glogging import Logger

from imsconsole.core.listening import listen_at
from imsconsole.jobs.hosts import note_host_forever
from imsconsole.processes.lanes import LaneWorker
from imsconsole.processes.supervisor import Child
from imsconsole.watch import alone
from imsconsole.wsgi import application


class OurLogger(Logger):
    """gunicorn's lines go where all others do, in the same form."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


OPTIONS = {
    "worker_class": LaneWorker,
    "workers": 2,
    "threads": 8,
    "timeout": 3600,
    "preload_app": True,
    "control_socket_disable": True,
    "loglevel": "warning",
    "logger_class": OurLogger,
    "forwarded_allow_ips": "",  # whose X-Forwarded-… counts, says IMS_TRUSTED_PROXIES (core.proxies)
}


def listen_for_web() -> socket:
    """Raises CommandError."""
    return listen_at(
        settings.IMS_BIND,
        settings.IMS_PORT,
        name="web",
        who="The console",
        advice="Set IMS_PORT to a free port.",
    )


def _has_begun(_worker: Any) -> None:
    note_host_forever()


class WebServer(BaseApplication):
    """Serves what comes to `line`, which listens already: the console, or another application.

    Told to end, it takes no more requests, and those that run have `grace_s`.
    """

    def __init__(self, line: socket, answer: Callable[..., Any] = application, *, grace_s: int = 3) -> None:
        self.answer = answer
        self.options = {**OPTIONS, "bind": f"fd://{line.detach()}", "graceful_timeout": grace_s}
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)
        self.cfg.set("post_worker_init", _has_begun)

    def load(self) -> Callable[..., Any]:
        return self.answer


def watched_alone() -> list[Child]:
    """What tells this host's numbers where no pages are served. Raises CommandError."""
    advice = "Set IMS_METRICS_PORT to a free port."
    line = listen_at(
        settings.IMS_BIND,
        settings.IMS_METRICS_PORT,
        name="metrics",
        who="The host's numbers",
        advice=advice,
    )
    return [Child("metrics", lambda: WebServer(line, alone.answer).run(), line)]
