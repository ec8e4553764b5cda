"""The web server: gunicorn with the options of the console."""

from collections.abc import Callable
from socket import socket
from typing import Any

from django.conf import settings
from gunicorn.app.base import BaseApplication

from imsconsole.core.listening import listen_at
from imsconsole.jobs.hosts import note_host_forever
from imsconsole.processes.lanes import LaneWorker
from imsconsole.wsgi import application

OPTIONS = {
    "worker_class": LaneWorker,
    "workers": 2,
    "threads": 8,
    "timeout": 3600,
    "graceful_timeout": 3,
    "preload_app": True,
    "control_socket_disable": True,
    "loglevel": "warning",
    "forwarded_allow_ips": "",  # whose X-Forwarded-… counts, says IMS_TRUSTED_PROXIES (core.proxies)
}


def listen_for_web() -> socket:
    """Raises CommandError."""
    return listen_at(
        settings.IMS_BIND, settings.IMS_PORT, who="The console", advice="Set IMS_PORT to a free port."
    )


def _has_begun(_worker: Any) -> None:
    note_host_forever()


class WebServer(BaseApplication):
    """Serves what comes to `line`, which listens already."""

    def __init__(self, line: socket) -> None:
        self.bind = f"fd://{line.detach()}"
        super().__init__()

    def load_config(self) -> None:
        for name, value in {**OPTIONS, "bind": self.bind}.items():
            self.cfg.set(name, value)
        self.cfg.set("post_worker_init", _has_begun)

    def load(self) -> Callable[..., Any]:
        return application
