#!/usr/bin/env python
"""Django's command line for the IMS console."""

import os
import sys

from django.core.management import execute_from_command_line

from imsconsole.core.collecting import collect_seldom

if __name__ == "__main__":
    collect_seldom()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imsconsole.settings")
    execute_from_command_line(sys.argv)
