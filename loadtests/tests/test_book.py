"""A run that is interrupted keeps what it measured, and goes on from there."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from loadtests.book import Book, BookError
from reports.load_schema import STEPS, LoadManifest, read_load_manifest, read_steps
from loadtests.tests.test_analysis_steps import step

if TYPE_CHECKING:
    from pathlib import Path

    from reports.load_schema import Step
