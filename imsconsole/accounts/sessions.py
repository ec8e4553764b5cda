"""Sessions in the database, as Django keeps them. Every page asks for one, with SQL that is built once."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from imsconsole.core.prepared import Prepared


class SessionStore(db.SessionStore):
    def _get_session_from_db(self) -> Session | None:
        for session in _WITH_KEY(key=self.session_key or ""):
            if session.expire_date > timezone.now():
                return session
        self._session_key = None
        return None


def _with_key(key: str) -> QuerySet[Session]:
    return Session.objects.filter(session_key=key)


_WITH_KEY = Prepared(_with_key, key=str)
