"""How references look that say what they are of."""

import re

UUID_PATTERN = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
CLOUD_REF = re.compile(
    rf"({UUID_PATTERN})\.({UUID_PATTERN})"
)  # of a thing in a cloud: our ID, and the cloud's
