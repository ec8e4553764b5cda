"""A real Prometheus, Debian's, scrapes consoles that are served, and asks the questions of the rules and the board."""

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import disk_usage
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from django.conf import settings

from imsconsole.cloud.models import StoredBytes
from imsconsole.core.now import now
from imsconsole.jobs.models import Job
from tests.factories import ImageDiskFactory, ImageFactory
from tests.support.console import free_port, wait_for
from tests.support.web import answers
from tests.support.workers import supervisor
from tests.watch.numbers import TOKEN
from tests.watch.test_files import BASE, RULES, questions

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow(reason="whole consoles start, and Prometheus, which scrapes them each second"),
]


class Prometheus:
    """It runs, and is asked by its own interface."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/api/v1"

    def get(self, path: str, **query: str) -> Any:
        with urllib.request.urlopen(
            f"{self.url}/{path}?{urllib.parse.urlencode(query)}", timeout=10
        ) as response:
            told = json.load(response)
        assert told["status"] == "success"
        return told["data"]

    def value(self, question: str) -> float | None:
        """Of the first series that answers; None when none does."""
        found = self.get("query", query=question)["result"]
        return float(found[0]["value"][1]) if found else None

    def firing(self) -> set[str]:
        return {
            each["labels"]["alertname"] for each in self.get("alerts")["alerts"] if each["state"] == "firing"
        }

    def errors(self) -> list[str]:
        return [each["lastError"] for each in self.get("targets")["activeTargets"]]


@contextmanager
def scraping(folder: Path, **targets: int) -> Iterator[Prometheus]:
    """Scrapes each second what `deploy/prometheus/prometheus.yml` has, and its example of other hosts; by job, at which port."""
    text = (BASE / "deploy/prometheus/prometheus.yml").read_text()
    lines = text.splitlines()
    example = lines.index("  # - job_name: ims-hosts")
    config = yaml.safe_load(
        "\n".join([*lines[:example], *(line.replace("  # ", "  ", 1) for line in lines[example:])])
    )
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    (folder / "ims.token").write_text(TOKEN)
    config["scrape_configs"] = [each for each in config["scrape_configs"] if each["job_name"] in targets]
    for each in config["scrape_configs"]:
        each["static_configs"] = [{"targets": [f"localhost:{targets[each['job_name']]}"]}]
        each["authorization"]["credentials_file"] = str(folder / "ims.token")
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    (folder / "ims.rules.yml").write_text(RULES.read_text())
    port = free_port()
    process = subprocess.Popen(
        ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address=127.0.0.1:{port}"],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(lambda: answers_at(f"http://127.0.0.1:{port}/-/ready"), "Prometheus is ready")
        yield Prometheus(port)
    finally:
        process.terminate()
        process.wait()


def answers_at(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def test_prometheus_scrapes_a_console_and_its_workers_counts_and_calls_for_help(
    people: SimpleNamespace, start: Callable[..., Job], tmp_path: Path
) -> None:
    port = free_port()
    asked = {"IMS_PORT": str(port), "IMS_SCREEN_PORT": str(free_port()), "IMS_METRICS_TOKEN": TOKEN}
    with supervisor("serve", IMS_QUICK_WORKERS="1", IMS_BULK_WORKERS="1", **asked):
        wait_for(lambda: answers(f"http://localhost:{port}"), "pages come")
        with scraping(tmp_path, ims=port) as prometheus:
            wait_for(lambda: prometheus.value('up{job="ims"}') == 1, f"it is scraped: {prometheus.errors()}")
            job = start()
            ended = 'ims_jobs_ended_total{kind="test.write", state="done", process="bulk-1"}'
            wait_for(lambda: prometheus.value(ended) == 1, "the worker's count arrives")
            job.refresh_from_db()
            assert job.state == "done"
            assert prometheus.value('ims_job_seconds_count{kind="test.write"}') == 1
            assert prometheus.value('ims_responses_total{view="healthz", process="web"}') is not None
            assert prometheus.value("ims_database_up") == 1
            wait_for(lambda: prometheus.value("ims_workers_alive") == 1, "the clock was seen")
            assert prometheus.value("ims_hosts") == 1
            for question in questions():
                prometheus.get("query", query=question.replace("$__rate_interval", "1m"))
            groups = prometheus.get("rules")["groups"]
            assert {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}
            assert len([rule for group in groups for rule in group["rules"]]) >= 20
            assert prometheus.firing() == set()
            assert prometheus.value("ims_stored_damaged") == 0
            stored = ImageDiskFactory(image=ImageFactory(project=people.bob.project)).stored
            StoredBytes.objects.filter(pk=stored.pk).update(damaged_at=now())
            wait_for(lambda: prometheus.firing() == {"ImsBytesDamaged"}, "a damaged file is called for")


def test_a_host_of_workers_alone_is_scraped_at_a_port_of_its_own(
    start: Callable[..., Job], tmp_path: Path
) -> None:
    port = free_port()
    asked = {"IMS_METRICS_PORT": str(port), "IMS_METRICS_TOKEN": TOKEN}
    with (
        supervisor("run_worker", IMS_QUICK_WORKERS="1", IMS_BULK_WORKERS="1", **asked),
        scraping(tmp_path, **{"ims-hosts": port}) as prometheus,
    ):
        start()
        ended = 'ims_jobs_ended_total{job="ims-hosts", state="done", process="bulk-1"}'
        wait_for(lambda: prometheus.value(ended) == 1, "the worker's count arrives")
        assert prometheus.value("ims_folder_free_bytes{folder='data'}") == pytest.approx(free(), rel=0.2)
        assert prometheus.value("ims_jobs") is None


def free() -> float:
    return float(disk_usage(settings.DATA_DIR).free)
