"""The neighbours of an image, one module each."""

from imsconsole.cloud.models.account_clouds import AccountCloud, AccountCloudQuerySet
from imsconsole.cloud.models.buckets import Bucket, BucketObject
from imsconsole.cloud.models.disks import Disk, DiskTag
from imsconsole.cloud.models.flavors import Architecture, BootMode, Flavor
from imsconsole.cloud.models.glimpses import Glimpse
from imsconsole.cloud.models.key_pairs import KeyPair
from imsconsole.cloud.models.keys import Key, KeyGrant, KeyGrantQuerySet, KeyQuerySet, MasterKey
from imsconsole.cloud.models.projects import ProjectQuerySet
from imsconsole.cloud.models.readings import Reading
from imsconsole.cloud.models.schedules import BackupSchedule, BackupScheduleQuerySet, ScheduledServer
from imsconsole.cloud.models.screens import ScreenToken
from imsconsole.cloud.models.servers import Server, ServerQuerySet, ServerTag
from imsconsole.cloud.models.spool import SpooledPart
from imsconsole.cloud.models.stored import BytesUse, OfStored, StoredBytes, StoredBytesQuerySet
from imsconsole.cloud.models.tags import Tag, Tagged
from imsconsole.cloud.models.usage import SettledUsage, Usage
from imsconsole.cloud.models.user_data import UserData, UserDataQuerySet
from imsconsole.cloud.models.vaults import Backup, BackupDisk, BackupQuerySet, Vault, VaultQuerySet
from imsconsole.cloud.reports import ForeignThing, RegionCheck, RegionReport

__all__ = [
    "AccountCloud",
    "AccountCloudQuerySet",
    "Architecture",
    "Backup",
    "BackupDisk",
    "BackupQuerySet",
    "BackupSchedule",
    "BackupScheduleQuerySet",
    "BootMode",
    "Bucket",
    "BucketObject",
    "BytesUse",
    "Disk",
    "DiskTag",
    "Flavor",
    "ForeignThing",
    "Glimpse",
    "Key",
    "KeyGrant",
    "KeyGrantQuerySet",
    "KeyPair",
    "KeyQuerySet",
    "MasterKey",
    "OfStored",
    "ProjectQuerySet",
    "Reading",
    "RegionCheck",
    "RegionReport",
    "ScheduledServer",
    "ScreenToken",
    "Server",
    "ServerQuerySet",
    "ServerTag",
    "SettledUsage",
    "SpooledPart",
    "StoredBytes",
    "StoredBytesQuerySet",
    "Tag",
    "Tagged",
    "Usage",
    "UserData",
    "UserDataQuerySet",
    "Vault",
    "VaultQuerySet",
]
