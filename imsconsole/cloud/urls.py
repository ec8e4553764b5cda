"""Addresses of servers and all that belongs to them: those of each room."""

from django.urls import include, path

from imsconsole.cloud.backups.urls import BACKUPS
from imsconsole.cloud.backups.vaults.urls import VAULTS
from imsconsole.cloud.buckets.urls import BUCKETS
from imsconsole.cloud.key_pairs.urls import KEY_PAIRS
from imsconsole.cloud.keys.urls import KEYS
from imsconsole.cloud.schedules.urls import SCHEDULES
from imsconsole.cloud.server_pages.urls import SERVERS
from imsconsole.cloud.user_data.urls import USER_DATA

urlpatterns = [
    path("servers/", include((SERVERS, "servers"))),
    path("keypairs/", include((KEY_PAIRS, "keypairs"))),
    path("user-data/", include((USER_DATA, "userdata"))),
    path("buckets/", include((BUCKETS, "buckets"))),
    path("keys/", include((KEYS, "keys"))),
    path("vaults/", include((VAULTS, "vaults"))),
    path("schedules/", include((SCHEDULES, "schedules"))),
    path("backups/", include((BACKUPS, "backups"))),
]
