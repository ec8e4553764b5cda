"""Rules, board and document name what there is, and nothing else; Prometheus's own tool reads the rules."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.test import Client
from prometheus_client import Counter

from imsconsole.cloud.reports import SILENT_AFTER
from imsconsole.core.counting import COUNTED
from imsconsole.operator import attention
from imsconsole.watch.exposition import of_console, of_host
from tests.watch.numbers import BEARER

pytestmark = pytest.mark.django_db
BASE = Path(settings.BASE_DIR)
RULES = BASE / "deploy/prometheus/ims.rules.yml"
BOARD = BASE / "deploy/grafana/ims.json"
DOCUMENT = BASE / "imsconsole/docs/operate/monitor.md"
OF_PROMETHEUS = {"job", "instance", "le", "process"}
NAME = re.compile(r"\bims_[a-z_]+")
SELECTED = re.compile(r"\b(ims_[a-z_]+)\{([^}]*)\}")
LABEL = re.compile(r"(\w+)\s*(?:=|!=|=~|!~)\s*\"")
BY = re.compile(r"\bby \(([^)]*)\)")
ROW = re.compile(r"^\| (`ims_[^|]*) \|([^|]*)\|", flags=re.MULTILINE)
QUOTED = re.compile(r"`(\w+)`")


def known() -> dict[str, set[str]]:
    """Of each series that may be told, by its name: its labels."""
    found: dict[str, set[str]] = {}
    counters = list(COUNTED._collector_to_names)
    for metric in (*of_console(), *of_host()):
        if metric.name not in {counted._name for counted in counters}:
            name = f"{metric.name}_info" if metric.type == "info" else metric.name
            found[name] = set(getattr(metric, "_labelnames", ()))
            found[name] |= {label for sample in metric.samples for label in sample.labels}
    for counted in counters:
        ends = ("_total",) if isinstance(counted, Counter) else ("_bucket", "_sum", "_count")
        found |= {f"{counted._name}{end}": set(counted._labelnames) for end in ends}
    return found


def rules() -> Iterator[dict[str, object]]:
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        yield from group["rules"]


def questions() -> list[str]:
    """Every expression of the rules and of the board."""
    panels = json.loads(BOARD.read_text())["panels"]
    of_board = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    of_rules = [str(rule["expr"]) for rule in rules()]
    assert (len(of_board), len(of_rules)) > (30, 15)
    return [*of_rules, *of_board]


def test_rules_and_board_ask_for_what_there_is_by_its_labels() -> None:
    there = known()
    wrong = []
    for question in questions():
        names = NAME.findall(re.sub(r'"[^"]*"', '""', question))
        wrong += [name for name in names if name not in there]
        for name, within in SELECTED.findall(question):
            wrong += [
                f"{name} {label}"
                for label in LABEL.findall(within)
                if label not in there.get(name, set()) | OF_PROMETHEUS
            ]
        labels = set().union(*(there.get(name, set()) for name in names)) | OF_PROMETHEUS
        wrong += [
            f"by {each}" for group in BY.findall(question) for each in group.split(", ") if each not in labels
        ]
    assert wrong == []


def test_what_alerts_say_are_labels_that_they_have() -> None:
    there = known()
    for rule in rules():
        labels = set().union(*(there[name] for name in NAME.findall(str(rule["expr"])))) | {"instance"}
        said = re.findall(r"\$labels\.(\w+)", str(rule["annotations"]))
        assert set(said) <= labels, rule["alert"]


def test_every_metric_is_on_the_board_or_in_a_rule() -> None:
    asked = {name for question in questions() for name in NAME.findall(question)}
    untold = {
        "ims_hosts",
        "ims_region_silent_seconds",
        "ims_folder_size_bytes",
        "ims_uploads",
        "ims_job_attempts_total",
    }
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in known()}
    assert families - {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked} == untold


def test_the_document_has_every_metric_with_its_labels() -> None:
    written = {}
    for names, labels in ROW.findall(DOCUMENT.read_text()):
        written |= {name: set(QUOTED.findall(labels)) for name in QUOTED.findall(names)}
    there = {re.sub(r"_(bucket|sum|count)$", "", name): labels for name, labels in known().items()}
    assert written == there


def test_limits_are_those_of_the_operators_page() -> None:
    text = RULES.read_text()
    assert attention.LEAST_FREE_BYTES == 5 * 1024**3
    assert text.count("< 5 * 1024 ^ 3") == 2
    assert f"ims_clock_late_seconds > {attention.LATE_AFTER.total_seconds():.0f}" in text
    assert (
        f"within {SILENT_AFTER.total_seconds() / 60:.0f} minutes".replace("3", "three")
        in DOCUMENT.read_text()
    )


@pytest.mark.slow(reason="starts promtool")
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", str(RULES)),
        ("check", "config", "--syntax-only", "deploy/prometheus/prometheus.yml"),
        ("test", "rules", "tests/watch/ims.rules.test.yml"),
    ],
)
def test_promtool_finds_nothing_wrong(arguments: tuple[str, ...]) -> None:
    """Of the rules' test: which alerts fire when nothing is well, and that none does when all is."""
    ended = subprocess.run(["promtool", *arguments], cwd=BASE, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "FAILED" not in ended.stdout


def test_each_alert_is_tried() -> None:
    tried = (BASE / "tests/watch/ims.rules.test.yml").read_text()
    assert [rule["alert"] for rule in rules() if f'alertname="{rule["alert"]}"' not in tried] == []


def test_the_questions_of_the_board_can_be_asked(tmp_path: Path) -> None:
    recorded = [
        {"record": f"board:{number}", "expr": question.replace("$__rate_interval", "5m")}
        for number, question in enumerate(questions())
    ]
    (tmp_path / "board.yml").write_text(yaml.safe_dump({"groups": [{"name": "board", "rules": recorded}]}))
    ended = subprocess.run(
        ["promtool", "check", "rules", "board.yml"], cwd=tmp_path, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_promtool_finds_nothing_wrong_with_what_is_told(people) -> None:
    text = Client().get("/metrics", headers=BEARER).content
    ended = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
