#!/usr/bin/env python3
"""Django's entry point, nothing else."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import DatabaseError

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:  # the message says what to write instead
        sys.exit(f"Tidewise cannot start: {error}")
    except DatabaseError as error:
        if "--traceback" in sys.argv:
            raise
        sys.exit(
            f"The database cannot be used: {error}. `python manage.py migrate` brings its tables"
            " up to date, and `python manage.py doctor` looks at everything."
        )
