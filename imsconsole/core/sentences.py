"""From an error's code and values to its sentence, in the reader's language. Each room has its own in `sentences.py`."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from django.utils import translation
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from imsconsole.core.errors import ImsError
from imsconsole.core.rooms import drawers
from imsconsole.core.rules import Refused, Verdict

Sentences = Mapping[str, str | Promise]  # by their codes

COMMON: Sentences = {
    "unexpected": _(
        "Something went wrong that we did not expect. Please try again; if it happens again, tell the "
        "operator the reference %(reference)s."
    ),
    "not-found": _("It does not exist, or it is not visible in this project."),
    "conflict": _("It was changed by someone else in the meantime. Please look at it again and repeat."),
    "contended": _(
        "Others were changing the same things at the same moment, so nothing was done. Please try again."
    ),
    "no-space": _(
        "The disk of the service is full. Please tell the operator; the work can be repeated afterwards."
    ),
    "disconnected": _(
        "The database does not answer right now. What you asked for last may not have been done: please look again in a moment."
    ),
    "bytes-missing": _("Its file in the store is missing. Please tell the operator."),
    "bytes-damaged": _(
        "Its stored bytes are no longer what they were, so nobody can use it. Please tell the operator: once the "
        "right file is back, it can be verified again and is usable as before."
    ),
    "away": _("It does not answer right now. The work goes on by itself when it does."),
    "no-answer": _("It did not answer within %(seconds)s seconds."),
    "unavailable": _("The service is not available right now. Please try again in a moment."),
    "bad-image": _(
        "The image cannot be used as it is: its content is not what it should be. Check the file and import it again."
    ),
    "unsupported": _("The host of this region cannot do that. Please ask the operator what it lacks."),
    "download-scheme": _("Only http and https addresses are downloaded from, not %(url)s."),
    "download-address": _(
        "%(host)s leads to the address %(address)s, which is not public. If it is meant, the operator allows "
        "the host (IMS_DOWNLOAD_HOSTS; for imports IMS_IMPORT_HOSTS)."
    ),
    "download-address-odd": _(
        "The address %(host)s is written in a way that hides where it leads. Write the host's name, or its "
        "address in the usual form."
    ),
    "download-downgrade": _(
        "The secure address was redirected to one that is not: %(url)s. Name a source that stays with https."
    ),
    "download-host-unknown": _(
        "The host %(host)s is not known from here. Check the name and the host's network."
    ),
    "download-status": _(
        "%(url)s answered with the status %(status)s. Check the address and try again later."
    ),
    "download-too-large": _(
        "What is there is larger than the %(limit_bytes)s bytes that are allowed (IMS_IMPORT_MAX_GB)."
    ),
    "download-too-slow": _(
        "The download took longer than is allowed (IMS_DOWNLOAD_HOURS). Retry it when the line is faster."
    ),
    "download-header-slow": _(
        "The server did not say within %(seconds)s seconds what it is about to send. Retry it later."
    ),
    "download-drips": _(
        "The server sends less than %(bytes_per_second)s bytes a second, too little to wait for. Retry it later."
    ),
    "download-packed": _(
        "%(url)s answered with packed content (%(encoding)s), which was not asked for. Name a source that sends "
        "the file as it is."
    ),
    "download-redirects": _("The address was redirected more than %(limit)s times. Name the final address."),
    "download-broken": _("The connection to %(url)s failed several times: %(detail)s. Retry it later."),
}
UNKNOWN = _(
    "It did not work, for a reason this version has no words for. Please ask the operator to look at it."
)


# The name under which `lasting_values` keeps a refusal's own sentence: no keyword and no place can be called so.
OWN_SENTENCE = "own sentence"


class _Values(dict[str, Any]):
    """Values of an error that was kept before its sentence got another place: what is missing is a dash."""

    def __missing__(self, _name: str) -> str:
        return "–"


@cache
def sentences() -> Sentences:
    """Those of all rooms, by their codes."""
    found = dict(COMMON)
    for module in drawers("sentences"):
        found |= getattr(module, "SENTENCES", {})
    return found


def sentence(code: str, values: Mapping[str, Any]) -> str:
    """The sentence of an error or a message. Never a bare code.

    It is that of the code; a refusal whose code has none was kept with its own (rows of before 1.0: as `reason`).
    """
    values = {name: said(value) for name, value in values.items()}
    try:
        return str(sentences()[code]) % values
    except KeyError:
        own = values.get(OWN_SENTENCE) or values.get("reason")
        return str(own or str(sentences().get(code, UNKNOWN)) % _Values(values))


def lasting_values(error: ImsError) -> dict[str, Any]:
    """The values of an error that is kept for readers of any language; a refusal's own sentence when its code has no other."""
    if isinstance(error, Refused) and error.code not in sentences():
        return {OWN_SENTENCE: translated(error.verdict.text, **error.values)}
    return _kept(error.values)


def refuse_as(code: str, **values: Any) -> Verdict:
    """A refusal in the sentence of an error's code, or of an error that was kept."""
    match values.get(OWN_SENTENCE):
        case {"msgid": str(text), "values": dict(own)}:
            return Verdict(code, translation.gettext_lazy(text), own)
        case str(text):
            return Verdict(code, text)
    return Verdict(code, sentences().get(code, UNKNOWN), values)


def sentence_of(error: ImsError) -> str:
    """The sentence of an error that was just raised: a refusal has its own."""
    return error.verdict.reason if isinstance(error, Refused) else sentence(error.code, error.values)


class Explained:
    """For rows with `error_code` and `error_values`."""

    error_code: Any
    error_values: Any

    @property
    def error_sentence(self) -> str:
        """What went wrong, in the reader's language; empty when nothing did."""
        return sentence(self.error_code, self.error_values) if self.error_code else ""


def translated(text: str | Promise, **values: Any) -> dict[str, Any]:
    """A text of the house (`_("Import image")`, lazily), kept as its English source and what is in its places."""
    with translation.override(None):
        return {"msgid": str(text), "values": _kept(values)}


def explained(code: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """An error by its code and values."""
    return {"code": code, "values": _kept(values)}


def moment(at: datetime) -> dict[str, Any]:
    """A time, shown in the reader's time zone."""
    return {"at": at.isoformat()}


def said(value: Any) -> Any:
    """What was kept, as its reader is to see it."""
    match value:
        case {"msgid": str(text), "values": dict(values)} if values:
            return translation.gettext(text) % {name: said(each) for name, each in values.items()}
        case {"msgid": str(text)}:
            return translation.gettext(text)
        case {"code": str(code), "values": dict(values)}:
            return sentence(code, values)
        case {"at": str(at)}:
            return date_format(localtime(datetime.fromisoformat(at)), "DATETIME_FORMAT")
        case list():
            return "; ".join(str(said(each)) for each in value)
    return value


def _kept(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _lasting(value) for name, value in values.items()}


def _lasting(value: Any) -> Any:
    if isinstance(value, Promise):
        return translated(value)
    return value if isinstance(value, dict | list | str | int | float | None) else str(value)
