"""Addresses under `/images/`: those of each room. Others have prefixes of their own (`imsconsole.urls`)."""

from django.urls import include, path

app_name = "images"
urlpatterns = [
    path("", include("images.catalogue.urls")),
    path("create/", include("images.create.urls")),
    path("create/", include("images.fetch.urls")),
    path("create/", include("images.capture.urls")),
    path("", include("images.choose.urls")),
    path("", include("images.copy.urls")),
    path("", include("images.delete.urls")),
    path("", include("images.download.urls")),
    path("", include("images.export.urls")),
    path("", include("images.launch.install.urls")),
    path("", include("images.modify.urls")),
    path("", include("images.os.urls")),
    path("", include("images.public.urls")),
    path("", include("images.verify.urls")),
]
