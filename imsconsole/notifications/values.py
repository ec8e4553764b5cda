"""Values of a message that are themselves said in the reader's language, kept as JSON until then."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime

from imsconsole.core.sentences import sentence


def translated(text: str | Promise) -> dict[str, Any]:
    """A text of the house (`_("Import image")`), kept as its English source."""
    with translation.override(None):
        return {"msgid": str(text)}


def explained(code: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """An error by its code and values, as `core.sentences` says it."""
    return {"code": code, "values": dict(values)}


def moment(at: datetime) -> dict[str, Any]:
    """A time, shown in the reader's time zone."""
    return {"at": at.isoformat()}


def said(value: Any) -> Any:
    """A value as its reader is to see it."""
    match value:
        case {"msgid": str(text)}:
            return translation.gettext(text)
        case {"code": str(code), "values": dict(values)}:
            return sentence(code, values)
        case {"at": str(at)}:
            return date_format(localtime(datetime.fromisoformat(at)), "Y-m-d H:i")
    return value
