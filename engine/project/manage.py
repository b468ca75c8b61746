"""Django's command line for the project: ``python -m engine.project.manage COMMAND``."""

import os
import sys

from django.core.management import execute_from_command_line

from engine.project.lifeline import die_with_parent

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "engine.project.settings")
    die_with_parent()
    execute_from_command_line(sys.argv)
