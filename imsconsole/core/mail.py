"""Whether e-mail can be sent at all."""

from django.conf import settings

NO_MAIL = "django.core.mail.backends.dummy.EmailBackend"


def has_mail_server() -> bool:
    """Whether `IMS_EMAIL_URL` is set."""
    return bool(settings.EMAIL_BACKEND != NO_MAIL)
