"""Every address of the console."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("imsconsole.watch.urls")),
    path("", include("imsconsole.overview.urls")),
    path("", include("imsconsole.accounts.urls")),
    path("", include("sharing.urls")),
    path("", include("market.urls")),
    path("images/", include("images.urls")),
    path("servers/create/", include("images.launch.urls")),
    path("backups/", include("images.restore.urls")),
    path("servers/", include("images.change_os.urls")),
    path("servers/", include("images.resize.urls")),
    path("servers/", include("images.mount.urls")),
    path("", include("imsconsole.cloud.urls")),
    path("disks/create/", include("images.launch.disk.urls")),
    path("disks/", include("imsconsole.cloud.disks.urls")),
    path("uploads/", include("images.uploads.urls")),
    path("jobs/", include("imsconsole.jobs.urls")),
    path("audit/", include("imsconsole.audit.urls")),
    path("messages/", include("imsconsole.notifications.urls")),
    path("help/", include("imsconsole.help.urls")),
    path("search/", include("imsconsole.search.urls")),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
]
handler400 = "imsconsole.accounts.views.errors.bad_request"
handler403 = "imsconsole.accounts.views.errors.forbidden"
handler404 = "imsconsole.accounts.views.errors.not_found"
handler429 = "imsconsole.accounts.views.errors.too_many"
handler500 = "imsconsole.accounts.views.errors.server_error"
