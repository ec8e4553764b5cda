"""Which clouds a region can name: those of `clouds.yaml`. Their secrets are read there by what speaks to them, and kept nowhere else."""

import logging

from django.conf import settings
from django.utils.module_loading import import_string

logger = logging.getLogger(__name__)


def cloud_names() -> list[str]:
    """In the order of the alphabet; none where there is no such file, it cannot be read, or nothing here reads it."""
    try:
        names: list[str] = import_string("imsconsole.engine.openstack.cloud.cloud_names")(settings.IMS_CLOUDS)
    except ImportError:
        return []
    except Exception:
        logger.warning("clouds.yaml cannot be read", exc_info=True)
        return []
    return names
