"""Somebody at the console, over the network, who notes what it has acknowledged."""

import base64
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import urllib3
from django.db import InterfaceError, OperationalError, connection

from imsconsole.core.project_urls import bare
from tests.support.clients import at
from tests.support.console import PASSWORD

T = TypeVar("T")
PATIENCE = urllib3.Timeout(connect=10, read=60)
TUS = {"Tus-Resumable": "1.0.0"}
CHUNK = "application/offset+octet-stream"
SOME = 5  # tries of what the database does not answer


class NoAnswer(Exception):
    """The connection broke, or nothing came: whether it was done nobody knows."""


class NotNow(Exception):
    """There is nothing to do it with, or it was refused."""


@dataclass(frozen=True)
class Told:
    """What an answer acknowledged: the service did that to the thing, and work of that kind was begun about `subject`."""

    at: datetime
    who: str
    action: str
    thing: str
    kind: str = ""
    subject: str = ""


@dataclass(frozen=True)
class Answer:
    status: int
    location: str  # without the project
    text: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Notes:
    """What all of them were told, and what was put in: by the tag a name begins with, the raw content of the disk."""

    told: list[Told] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[datetime, str]] = field(default_factory=list)  # answers of 500
    files: dict[str, str] = field(
        default_factory=dict
    )  # ID of an object or upload → SHA-256 of what was sent
    received: dict[str, int] = field(default_factory=dict)  # ID of an upload → bytes that were acknowledged
    refusals: Counter[str] = field(default_factory=Counter)


class Person:
    """One session. Every change is a POST as a form of the page sends it."""

    def __init__(self, name: str, url: str, project: Any, notes: Notes, seed: str) -> None:
        self.name, self.url, self.project, self.notes = name, url, project, notes
        self.rng = random.Random(f"{seed} {name}")
        self.pool = urllib3.PoolManager(timeout=PATIENCE, retries=False)
        self.cookies: dict[str, str] = {}

    def sign_in(self) -> None:
        self.request("GET", "/accounts/login/")
        self.request("POST", "/accounts/login/", {"login": self.name, "password": PASSWORD})
        if "sessionid" not in self.cookies:
            raise NoAnswer

    def request(
        self, method: str, path: str, typed: Mapping[str, Any] | None = None, *, project: Any = None,
        body: bytes | None = None, headers: Mapping[str, str] | None = None, fields: Mapping[str, Any] | None = None,
    ) -> Answer:  # fmt: skip
        sent = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "X-CSRFToken": self.cookies.get("csrftoken", ""),
            "Accept-Language": "en",
            **(headers or {}),
        }
        if typed is not None:
            body = urlencode(typed, doseq=True).encode()
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        more = {"fields": fields} if fields else {"body": body}
        address = self.url + at(project or self.project, path)
        try:
            answer = self.pool.request(method, address, headers=sent, redirect=False, **more)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            self.notes.answers["none"] += 1
            raise NoAnswer(str(error)) from error
        for line in answer.headers.getlist("Set-Cookie"):
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        self.notes.answers[str(answer.status)] += 1
        if answer.status == 500:
            self.notes.broken.append((datetime.now(UTC), f"{self.name} {method} {path}"))
        location = bare(urlsplit(answer.headers.get("Location", "")).path)
        is_page = "html" in answer.headers.get("Content-Type", "")
        text = answer.data.decode("utf-8", "replace") if is_page else ""
        return Answer(answer.status, location, text, answer.headers, answer.data)

    def post(self, path: str, typed: Mapping[str, Any] | None = None, *, project: Any = None) -> str:
        """Where the answer leads. Raises NotNow when it says no."""
        answer = self.request("POST", path, typed or {}, project=project)
        if answer.status != 302:
            why = sentence_in(answer.text)
            self.notes.refusals[f"{answer.status} {path_without_ids(path)} {why}"] += 1
            raise NotNow(f"{answer.status} {path}")
        if answer.location.startswith("/accounts/login"):
            self.sign_in()
            raise NotNow("signed out")
        return answer.location

    def through(self, path: str, *pages: Mapping[str, Any], leads_to: str = "", project: Any = None) -> str:
        """A wizard: each page is sent where the one before led to, then the confirmation. The ID of what was made.

        `leads_to` is the address of that thing, or of its list: any other says that it was not made.
        """
        for typed in pages:
            path = self.post(path, typed, project=project)
        end = self.post(path, {}, project=project)
        if not re.fullmatch(rf"{leads_to}([0-9a-f-]{{36}}/(edit/)?)?", end):
            self.notes.refusals[f"back to {path_without_ids(end)}"] += 1
            raise NotNow(end)
        return id_in(end)

    def note(self, action: str, thing: Any, kind: str = "", subject: Any = None) -> None:
        """An answer has just said that this was done."""
        told = Told(datetime.now(UTC), self.name, action, str(thing), kind, str(subject or thing))
        self.notes.told.append(told)

    def send_file(self, name: str, content: bytes) -> str:
        """An upload in pieces, gone on with where it broke. Its ID."""
        named = base64.b64encode(name.encode()).decode()
        begun = {**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": f"filename {named}"}
        answer = self.request("POST", "/uploads/tus/", headers=begun, body=b"")
        if answer.status != 201:
            self.notes.refusals[f"{answer.status} /uploads/tus/"] += 1
            raise NotNow
        address = bare(urlsplit(answer.headers["Location"]).path)
        upload, offset = id_in(address), 0
        self.note("startUpload", upload)
        for _ in range(60):
            try:
                offset = self._send_piece(address, content, offset)
            except NoAnswer:
                continue
            self.notes.received[upload] = max(offset, self.notes.received.get(upload, 0))
            if offset == len(content):
                return upload
        raise NotNow("the upload does not end")

    def _send_piece(self, address: str, content: bytes, offset: int) -> int:
        piece = content[offset : offset + self.rng.randint(100_000, 900_000)]
        headers = {**TUS, "Content-Type": CHUNK, "Upload-Offset": str(offset)}
        answer = self.request("PATCH", address, headers=headers, body=piece)
        if answer.status == 204:
            return int(answer.headers["Upload-Offset"])
        if answer.status == 422:
            self.notes.refusals[f"422 of an upload: {sentence_in(answer.text)}"] += 1
            raise NotNow(sentence_in(answer.text))
        seen = self.request("HEAD", address, headers=TUS)
        if seen.status != 200 or "Upload-Offset" not in seen.headers:
            if seen.status in (404, 410, 409):
                raise NotNow(f"{seen.status} of an upload")
            raise NoAnswer
        return int(seen.headers["Upload-Offset"])


def id_in(address: str) -> str:
    """The last ID in an address."""
    for part in reversed(address.split("/")):
        try:
            return str(UUID(part))
        except ValueError:
            continue
    raise NotNow(address)


def sentence_in(page: str) -> str:
    """The words of a page's or a fragment's notice, short."""
    main = page.split("<main")[-1].split("</main")[0]
    notice = re.search(r'(?s)id="error-summary".*?>(.*)', main)
    return " ".join(re.sub(r"<[^>]*>", " ", notice[1] if notice else main).split())[-160:]


def path_without_ids(path: str) -> str:
    return "/".join("…" if len(part) == 36 else part for part in path.split("/"))


def asked(question: Callable[[], T]) -> T:
    """Of the database, which may be going away just now. Raises NotNow."""
    for _ in range(SOME):
        try:
            return question()
        except (OperationalError, InterfaceError):
            connection.close()
    raise NotNow("the database does not answer")
