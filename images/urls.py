"""Addresses of this room."""

from django.urls import include, path

from images.catalogue import views as catalogue
from images.catalogue import views as detail
from images.catalogue import views as export_csv
from images.catalogue import views as selection
from images.choose import views as choose
from images.delete import views as delete
from images.delete import views as trash
from images.export import views as export
from images.export import views as export_several
from images.launch.install import views as install
from images.modify import views as modify
from images.modify import views as tag
from images.os import views as os_versions
from images.verify import views as verify
from images.views import release_notes

app_name = "images"
urlpatterns = [
    path("", catalogue.list_images, name="list"),
    path("export.csv", export_csv.export_images, name="export-csv"),
    path("selection/", selection.show_selection, name="selection"),
    path("delete/", delete.delete_several, name="delete-several"),
    path("restore/", trash.restore_several, name="restore-several"),
    path("purge/", trash.purge_several, name="purge-several"),
    path("export/", export_several.export_several, name="export-several"),
    path("release-notes/", release_notes.list_release_notes, name="release-notes"),
    path("choose/", choose.choose, name="choose"),
    path("os-versions/boot-modes/", os_versions.list_boot_modes, name="boot-modes"),
    path("os-versions/flavor-series/", os_versions.list_flavor_series, name="flavor-series"),
    path("create/", include("images.create.urls")),
    path("create/", include("images.capture.urls")),
    path("", include("images.copy.urls")),
    path("<uuid:image_id>/", detail.show_image, name="detail"),
    path("<uuid:image_id>/delete/", delete.confirm_delete, name="delete"),
    path("<uuid:image_id>/delete/withdraw/", delete.withdraw, name="withdraw-deletion"),
    path("<uuid:image_id>/restore/", trash.restore, name="restore"),
    path("<uuid:image_id>/purge/", trash.purge, name="purge"),
    path("<uuid:image_id>/export/", export.export, name="export"),
    path("<uuid:image_id>/install/", install.install, name="install"),
    path("<uuid:image_id>/modify/", modify.modify, name="modify"),
    path("<uuid:image_id>/verify/", verify.verify, name="verify"),
    path("<uuid:image_id>/tags/", tag.tag, name="tag"),
]
