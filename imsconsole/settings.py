"""All settings. Every IMS_ variable is read here, once; docs/operate/settings.md has a line for each."""

import os
import secrets
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from ipaddress import ip_network
from pathlib import Path

import environ
from csp.constants import NONE, SELF

from imsconsole.core.folders import process_folder
from imsconsole.core.logs import NOT_TOLD, LineFormatter, add_about

PACKAGE_DIR = Path(__file__).resolve().parent
BASE_DIR = PACKAGE_DIR.parent
env = environ.Env()


# ── where things are ────────────────────────────────────────────────────────
def _usual_data_dir() -> Path:
    """Beside the code in a checkout alone: where it is installed, what is there is the installer's."""
    if (BASE_DIR / "pyproject.toml").exists():
        return BASE_DIR / ".data"
    if os.geteuid() == 0:
        return Path("/var/lib/ims-console")
    return Path(env.str("XDG_DATA_HOME", default=str(Path.home() / ".local" / "share"))) / "ims-console"


DATA_DIR = Path(env.str("IMS_DATA_DIR", default=str(_usual_data_dir()))).absolute()
DATA_DIR.mkdir(parents=True, exist_ok=True)
UPLOAD_DIR = DATA_DIR / "uploads"
DATABASE_DIR = DATA_DIR / "database"
BUCKET_DIR = DATA_DIR / "buckets"  # what arrives for buckets, and what is in them unless that is in S3
DOWNLOAD_DIR = DATA_DIR / "downloads"  # images in other formats, made to be downloaded
for _private in (
    UPLOAD_DIR,
    DOWNLOAD_DIR,
    DATABASE_DIR,
    BUCKET_DIR,
):  # the guests' user must reach the data folder, but not these
    _private.mkdir(mode=0o700, exist_ok=True)
TEMP_DIR = DATA_DIR / "tmp"  # of living processes, a folder each
with suppress(OSError):  # on a full disk manage.py must still work, to make room
    tempfile.tempdir = str(process_folder(TEMP_DIR))


def _kept_secret(path: Path) -> str:
    """The secret in `path`, made at the first call; two processes at once agree on one."""
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


SECRET_KEY = env.str("IMS_SECRET_KEY", default="") or _kept_secret(DATA_DIR / "secret_key")
# what wraps the encryption keys: 32 bytes as base64, or a file that is made when first needed (cloud.keys.master)
IMS_MASTER_KEY = env.str("IMS_MASTER_KEY", default="")
IMS_MASTER_KEY_OLD = env.str("IMS_MASTER_KEY_OLD", default="")
MASTER_KEY_FILE = DATA_DIR / "master_key"
DEBUG = env.bool("IMS_DEBUG", default=False)
ALLOWED_HOSTS = env.list("IMS_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("IMS_TRUSTED_ORIGINS", default=[])
IMS_PORT = env.int("IMS_PORT", default=8000)
IMS_HTTPS = env.bool("IMS_HTTPS", default=False)
# whose X-Forwarded-… counts (core.proxies)
IMS_TRUSTED_PROXIES = [ip_network(each) for each in env.list("IMS_TRUSTED_PROXIES", default=[])]

# ── the house ───────────────────────────────────────────────────────────────
ROOMS = [
    "imsconsole.processes",
    "imsconsole.demo",
    "imsconsole.console_backup",
    "sharing",
    "market",
    "images",
    "imsconsole.cloud",
    "imsconsole.jobs",
    "imsconsole.notifications",
    "imsconsole.audit",
    "imsconsole.help",
    "imsconsole.search",
    "imsconsole.accounts",
    "imsconsole.core",
]
INSTALLED_APPS = [
    *ROOMS,
    "imsconsole.operator.apps.OperatorAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
    "django_bootstrap5",
    "django.forms",
    "django_filters",
    "django_htmx",
    "django_tables2",
    "djmoney",
    "django_tasks",
    "django_tasks_db",
    "heroicons",
]

MIDDLEWARE = [
    "imsconsole.core.proxies.TrustedProxyMiddleware",
    "imsconsole.core.requests.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "imsconsole.core.middleware.HeadMiddleware",
    "imsconsole.core.middleware.NoStoreMiddleware",
    "imsconsole.core.middleware.GzipPagesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "imsconsole.core.form_bodies.FormBodyMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "imsconsole.accounts.middleware.PreferencesMiddleware",
    "imsconsole.accounts.lost_forms.LostFormMiddleware",
    "imsconsole.accounts.middleware.ActorMiddleware",
    "imsconsole.audit.middleware.RefusedRequestMiddleware",
    "imsconsole.core.middleware.SentenceMiddleware",
]

ROOT_URLCONF = "imsconsole.urls"
WSGI_APPLICATION = "imsconsole.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "imsconsole.accounts.context.shell",
            ],
            "builtins": ["imsconsole.core.templatetags.icons", "imsconsole.core.templatetags.ims"],
        },
    },
]
BOOTSTRAP5 = {
    "set_placeholder": False,  # a label says it already
    "form_renderers": {"default": "imsconsole.core.forms.QuietFormRenderer"},
}
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
DJANGO_TABLES2_TEMPLATE = "components/table.html"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ── databases, cache, tasks ─────────────────────────────────────────────────
DATABASES = {"default": env.db("IMS_DATABASE_URL", default=f"sqlite:///{DATABASE_DIR / 'ims.sqlite3'}")}
DATABASES["default"]["CONN_MAX_AGE"] = 60  # to open SQLite's file as well costs more than what most ask of it
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["ENGINE"] = "imsconsole.core.sqlite"
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # what was acknowledged survives a power cut: a write to the disk for each commit
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    # a file, so that the workers which tests start see the same rows
    DATABASES["default"]["TEST"] = {
        "NAME": str(DATABASE_DIR / f"test-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}.sqlite3")
    }
else:
    # no query of ours is so long that compiling it pays; PostgreSQL takes up to two seconds to find out. And pages of its
    # files are on disks without arms, where one at random costs what the next does
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "-c jit=off -c random_page_cost=1.1")
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},  # of more, what limits and used codes are would be thrown away
    }
}

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["quick", "bulk"]}}
IMS_JOB_LEASE_S = env.float("IMS_JOB_LEASE_S", default=30)
IMS_QUICK_WORKERS = env.int("IMS_QUICK_WORKERS", default=2)
IMS_BULK_WORKERS = env.int("IMS_BULK_WORKERS", default=2)
IMS_TASKS_KEPT_DAYS = env.int("IMS_TASKS_KEPT_DAYS", default=7)

# ── people ──────────────────────────────────────────────────────────────────
AUTH_USER_MODEL = "accounts.User"
SESSION_ENGINE = "imsconsole.accounts.sessions"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "imsconsole.accounts.adapters.ClosedAccountAdapter"
SOCIALACCOUNT_ADAPTER = "imsconsole.accounts.adapters.ClosedSocialAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[IMS console] "  # or it is the host of the request
# how many sign-ins may fail before one waits. allauth's own limits lock out others: accounts.sign_in
IMS_SIGN_IN_TRIES = env.int("IMS_SIGN_IN_TRIES", default=5)
ACCOUNT_RATE_LIMITS = {"login": "", "login_failed": ""}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {
    "authenticate": "imsconsole.accounts.forms.codes.AuthenticateForm",
    "reauthenticate": "imsconsole.accounts.forms.codes.ReauthenticateForm",
    "authenticate_webauthn": "imsconsole.accounts.forms.codes.AuthenticateWebAuthnForm",
    "reauthenticate_webauthn": "imsconsole.accounts.forms.codes.ReauthenticateWebAuthnForm",
}
MFA_TOTP_ISSUER = "IMS console"
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_PROVIDERS: dict[str, dict[str, list[dict[str, object]]]] = {"openid_connect": {"APPS": []}}
if IMS_OIDC_URL := env.str("IMS_OIDC_URL", default=""):
    SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"].append(
        {
            "provider_id": "oidc",
            "name": env.str("IMS_OIDC_NAME", default="OpenID Connect"),
            "client_id": env.str("IMS_OIDC_CLIENT_ID"),
            "secret": env.str("IMS_OIDC_SECRET"),
            "settings": {"server_url": IMS_OIDC_URL},
        }
    )
IMS_INVITATION_DAYS = env.int("IMS_INVITATION_DAYS", default=7)
EMAIL_CONFIG = env.email_url("IMS_EMAIL_URL", default="dummymail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10  # seconds, or a mail server that hangs holds a worker
DEFAULT_FROM_EMAIL = env.str("IMS_EMAIL_FROM", default="IMS console <ims@localhost>")
IMS_URL = env.str("IMS_URL", default=f"http://localhost:{IMS_PORT}").rstrip("/")
IMS_AUDIT_DAYS = env.int("IMS_AUDIT_DAYS", default=365)
IMS_MESSAGES_DAYS = env.int("IMS_MESSAGES_DAYS", default=90)

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = IMS_HTTPS
SESSION_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True  # scripts find the token in the page
SECURE_HSTS_SECONDS = 31536000 if IMS_HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
if IMS_OIDC_URL:  # browsers hold the redirect after a form to form-action as well
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"].append("/".join(IMS_OIDC_URL.split("/")[:3]))
CSRF_FAILURE_VIEW = "imsconsole.accounts.views.errors.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
# pictures; what is larger streams (core.streamed), so no form leaves a temporary file
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024

# ── languages ───────────────────────────────────────────────────────────────
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [PACKAGE_DIR / "locale"]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
FORMAT_MODULE_PATH = "imsconsole.core.formats"
TIME_ZONE = "UTC"
IMS_TIME_ZONE = env.str("IMS_TIME_ZONE", default="Asia/Shanghai")
USE_TZ = True

# ── static files ────────────────────────────────────────────────────────────
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)  # or whitenoise warns before the first collectstatic
BOOTSTRAP_FILES = find_spec("bootstrap")  # the files of the package bootstrap-wrapper
NOVNC_FILES = next(  # core/ and vendor/ of noVNC: `make run` puts them there, or Debian's package does
    (
        path
        for path in (
            Path(env.str("IMS_NOVNC_DIR", default=f"{sys.prefix}/share/novnc")),
            Path("/usr/share/novnc"),
        )
        if (path / "core" / "rfb.js").is_file()
    ),
    None,
)
STATICFILES_DIRS = [
    PACKAGE_DIR / "static",
    *((f"novnc/{part}", NOVNC_FILES / part) for part in ("core", "vendor") if NOVNC_FILES),
    *(("bootstrap", path) for path in (BOOTSTRAP_FILES and BOOTSTRAP_FILES.submodule_search_locations) or ()),
]
WHITENOISE_USE_FINDERS = DEBUG
STORAGES: dict[str, dict[str, object]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "imsconsole.core.static.LenientManifestStorage"},
    "buckets": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": BUCKET_DIR / "objects",
            "file_permissions_mode": 0o444,  # never changed, and perhaps linked to the file of an image
            "directory_permissions_mode": 0o700,
        },
    },
}


def s3_storages(
    bucket: str, *, endpoint: str, region: str, access_key: str, secret_key: str
) -> dict[str, dict[str, object]]:
    """Objects, and what waits, in a bucket of S3; what is empty boto3 finds out by itself. Needs the extra [s3]."""
    return {
        name: {
            "BACKEND": f"imsconsole.cloud.buckets.s3.{kind}",
            "OPTIONS": {
                "location": folder,
                "bucket_name": bucket,
                "endpoint_url": endpoint or None,
                "region_name": region or None,
                "access_key": access_key or None,
                "secret_key": secret_key or None,
                "default_acl": None,
            },
        }
        for name, kind, folder in (("buckets", "ObjectsInS3", ""), ("spool", "SpoolInS3", "spool"))
    }


IMS_SPOOL = env.str("IMS_SPOOL", default="folder")  # or s3
# where S3 is: for objects, and for backups of the console
IMS_S3 = {
    "endpoint_url": env.str("IMS_S3_ENDPOINT", default="") or None,
    "region_name": env.str("IMS_S3_REGION", default="") or None,
    "access_key": env.str("IMS_S3_ACCESS_KEY", default="") or None,
    "secret_key": env.str("IMS_S3_SECRET_KEY", default="") or None,
}
if IMS_S3_BUCKET := env.str("IMS_S3_BUCKET", default=""):
    STORAGES |= s3_storages(
        IMS_S3_BUCKET,
        endpoint=IMS_S3["endpoint_url"] or "",
        region=IMS_S3["region_name"] or "",
        access_key=IMS_S3["access_key"] or "",
        secret_key=IMS_S3["secret_key"] or "",
    )

# ── backups of the console ──────────────────────────────────────────────────
IMS_BACKUP_TO = env.str(
    "IMS_BACKUP_TO", default=""
)  # a folder, or s3://bucket/prefix; empty: none by the clock
IMS_BACKUP_HOUR = env.int("IMS_BACKUP_HOUR", default=3)  # in IMS_TIME_ZONE
IMS_BACKUP_KEEP = env.int("IMS_BACKUP_KEEP", default=14)

# ── engines, and the local one ──────────────────────────────────────────────
# by what a region calls its engine: who makes it, given the region's code
ENGINES = {
    "local": "imsconsole.cloud.engines.local_engine",
    "openstack": "imsconsole.cloud.regions.clouds.openstack_engine",  # with the extra of that name
    "left": "imsconsole.cloud.regions.left.left_engine",
}
REGION_CHECKS = {
    "openstack": "imsconsole.cloud.regions.clouds.check_cloud"
}  # a look at all of it, for its operator
IMS_CLOUDS = env.str("IMS_CLOUDS", default="")  # a clouds.yaml; empty: where openstacksdk looks for it
IMS_CONSOLE_NAME = env.str("IMS_CONSOLE_NAME", default="")  # how the marks of what is ours in a cloud begin
IMS_CLOUD_TIMEOUT_S = env.float("IMS_CLOUD_TIMEOUT_S", default=10)  # for what the clock asks of a region
IMS_GUEST_NETWORK = env.str("IMS_GUEST_NETWORK", default="none")
IMS_GUEST_REACHES = [ip_network(each) for each in env.list("IMS_GUEST_REACHES", default=[])]
_MEMORY_MB = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024**2
IMS_GUEST_MEMORY_MB = env.int("IMS_GUEST_MEMORY_MB", default=_MEMORY_MB * 3 // 4)
IMS_GUEST_USER = env.str("IMS_GUEST_USER", default="")
_FIRST_UID, _LAST_UID = env.str("IMS_GUEST_UIDS", default="1900000000-1900009999").split("-")
IMS_GUEST_UIDS = range(int(_FIRST_UID), int(_LAST_UID) + 1)
IMS_ACCELERATOR = env.str("IMS_ACCELERATOR", default="auto")
IMS_STOP_TIMEOUT_S = env.float("IMS_STOP_TIMEOUT_S", default=60)
IMS_BOOT_CHECK_S = env.float("IMS_BOOT_CHECK_S", default=90)
IMS_OLD_DISK_DAYS = env.float("IMS_OLD_DISK_DAYS", default=7)
IMS_TRASH_DAYS = env.int("IMS_TRASH_DAYS", default=7)
IMS_VERIFY_DAYS = env.int("IMS_VERIFY_DAYS", default=30)
IMS_MARKET_REINSTALL_DAYS = env.int("IMS_MARKET_REINSTALL_DAYS", default=180)

# ── connections, and screens in the browser ───────────────────────────────────
IMS_BIND = env.str("IMS_BIND", default="127.0.0.1")  # of the console and of the bridge
IMS_PATIENCE_S = env.float("IMS_PATIENCE_S", default=20)
IMS_SLOWEST_BYTES_S = max(1, env.int("IMS_SLOWEST_BYTES_S", default=4096))
IMS_GRACE_S = env.int("IMS_GRACE_S", default=30)
IMS_X_ACCEL = env.str("IMS_X_ACCEL", default="")  # the proxy's address of the data folder (core.sending)
IMS_CONNECTIONS_PER_ADDRESS = env.int("IMS_CONNECTIONS_PER_ADDRESS", default=64)
IMS_SCREEN_PORT = env.int("IMS_SCREEN_PORT", default=IMS_PORT + 1)
IMS_SCREEN_URL = env.str("IMS_SCREEN_URL", default="")
IMS_SCREEN_IDLE_MIN = env.float("IMS_SCREEN_IDLE_MIN", default=30)
IMS_SCREENS_PER_SERVER = env.int("IMS_SCREENS_PER_SERVER", default=8)

# ── limits of the service (ims-facts §1.7 and §8) ───────────────────────────
IMS_QUOTAS = {
    "images": env.int("IMS_QUOTA_IMAGES", default=100),
    "servers": env.int("IMS_QUOTA_SERVERS", default=100),
    "vcpus": env.int("IMS_QUOTA_VCPUS", default=200),
    "memory_mb": env.int("IMS_QUOTA_MEMORY_MB", default=409600),
    "disks": env.int("IMS_QUOTA_DISKS", default=200),
    "disk_gb": env.int("IMS_QUOTA_DISK_GB", default=40960),
    "store_bytes": env.int("IMS_QUOTA_STORE_GB", default=1024) * 1024**3,
    "vault_gb": env.int("IMS_QUOTA_VAULT_GB", default=10240),
    "upload_bytes": env.int("IMS_QUOTA_UPLOAD_GB", default=256) * 1024**3,
    "buckets": env.int("IMS_QUOTA_BUCKETS", default=100),
    "bucket_bytes": env.int("IMS_QUOTA_BUCKET_GB", default=1024) * 1024**3,
}
IMS_IMPORT_MAX_GB = env.int("IMS_IMPORT_MAX_GB", default=128)  # R59
IMS_FAST_IMPORT_MAX_GB = env.int("IMS_FAST_IMPORT_MAX_GB", default=1024)  # R59
IMS_EXPORT_MAX_GB = env.int("IMS_EXPORT_MAX_GB", default=128)  # R75, C10
IMS_FAST_EXPORT_MAX_GB = env.int("IMS_FAST_EXPORT_MAX_GB", default=1024)  # R75
IMS_EXPORT_EXCLUDES = env.list("IMS_EXPORT_EXCLUDES", default=["Windows", "SUSE"])  # R73, C7
IMS_SYSTEM_DISK_GB = (
    env.int("IMS_SYSTEM_DISK_MIN_GB", default=1),
    env.int("IMS_SYSTEM_DISK_MAX_GB", default=1024),
)  # C4
IMS_DATA_DISK_GB = (
    env.int("IMS_DATA_DISK_MIN_GB", default=1),
    env.int("IMS_DATA_DISK_MAX_GB", default=2048),
)  # C5
IMS_VAULT_GB = (1, env.int("IMS_VAULT_MAX_GB", default=10240))
# prices are in one currency (ISO 4217)
DEFAULT_CURRENCY = env.str("IMS_CURRENCY", default="CNY")
CURRENCIES = (DEFAULT_CURRENCY,)
IMS_SHARES = env.int("IMS_SHARES", default=128)  # R44, C1
IMS_SHARES_FULL = env.int("IMS_SHARES_FULL", default=10)
IMS_TAGS_PER_IMAGE = env.int("IMS_TAGS_PER_IMAGE", default=10)  # R97
IMS_COPIES_AT_ONCE = env.int("IMS_COPIES_AT_ONCE", default=5)  # R81
IMS_COPY_MAX_GB = env.int("IMS_COPY_MAX_GB", default=128)  # C10
IMS_UPLOAD_KEPT_HOURS = env.int("IMS_UPLOAD_KEPT_HOURS", default=24)
IMS_DOWNLOAD_KEPT_HOURS = env.int("IMS_DOWNLOAD_KEPT_HOURS", default=24)

# ── public images: what they are fetched from ───────────────────────────────
IMS_PUBLIC_CATALOGUE = env.str("IMS_PUBLIC_CATALOGUE", default="")
IMS_PUBLISHER_KEYS = env.str("IMS_PUBLISHER_KEYS", default="")
IMS_DOWNLOAD_HOSTS = frozenset(host.lower() for host in env.list("IMS_DOWNLOAD_HOSTS", default=[]))
IMS_IMPORT_HOSTS = frozenset(host.lower() for host in env.list("IMS_IMPORT_HOSTS", default=[]))
IMS_FETCHES_AT_ONCE = env.int("IMS_FETCHES_AT_ONCE", default=1)
IMS_DOWNLOAD_PROXY = env.str("IMS_DOWNLOAD_PROXY", default="")
IMS_DOWNLOAD_HOURS = env.float("IMS_DOWNLOAD_HOURS", default=6)
IMS_DEBIAN_MIRROR = env.str("IMS_DEBIAN_MIRROR", default="")

# ── the demo ────────────────────────────────────────────────────────────────
IMS_DEMO = env.bool("IMS_DEMO", default=True)
IMS_DEMO_DEBIAN = env.bool("IMS_DEMO_DEBIAN", default=True)
IMS_DEMO_PASSWORD = env.str("IMS_DEMO_PASSWORD", default="")

# ── the log, and what watches ───────────────────────────────────────────────
# who may see /metrics: whoever knows the token, and these addresses; nobody where neither is set
IMS_METRICS_TOKEN = env.str("IMS_METRICS_TOKEN", default="")
IMS_METRICS_ADDRESSES = [ip_network(each) for each in env.list("IMS_METRICS_ADDRESSES", default=[])]
IMS_METRICS_PORT = env.int("IMS_METRICS_PORT", default=0)  # of a host of workers alone
IMS_LOG_FORMAT = env.str("IMS_LOG_FORMAT", default="line")  # or json
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"about": {"()": lambda: add_about}},
    "formatters": {
        "line": {
            "()": LineFormatter,
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        },
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "{levelname}{name}{process}{message}",
            "style": "{",
            "timestamp": "time",
            "rename_fields": {"levelname": "level", "name": "logger", "exc_info": "exception"},
            "reserved_attrs": NOT_TOLD,
            "json_ensure_ascii": False,
        },
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": IMS_LOG_FORMAT, "filters": ["about"]}
    },
    "root": {"handlers": ["console"], "level": env.str("IMS_LOG_LEVEL", default="INFO")},
    "loggers": {
        "django_tasks": {"level": "WARNING"},
        "django_tasks_db": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
    },
}
