"""The month as a word: which number is the day and which the month is read in two ways."""

DATE_FORMAT = SHORT_DATE_FORMAT = "j M Y"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "j M Y, H:i"
TIME_FORMAT = "H:i"
EXACT_FORMAT = "j M Y, H:i:s"
ZONED_FORMAT = "j M Y, H:i T"
