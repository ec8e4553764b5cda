"""As people write it."""

DATE_FORMAT = SHORT_DATE_FORMAT = "Y年n月j日"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "Y年n月j日 H:i"
TIME_FORMAT = "H:i"
EXACT_FORMAT = "Y年n月j日 H:i:s"
ZONED_FORMAT = "Y年n月j日 H:i T"
