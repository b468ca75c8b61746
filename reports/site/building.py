"""Builds the site into the folder of the runs: pages beside their data, and a front page."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from reports.page.session import read_session
from reports.page.stored_run import BadRunError
from reports.page.wording import moment
from reports.page.writing import write_report, write_session
from reports.site.front_page import Entry, FrontPage, write_front_page
from reports.site.stored_runs import choose
from reports.throughput.stored import BadLoadError, read_load_run
from reports.throughput.writing import write_load_page, write_throughput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reports.site.stored_runs import Choice, Found
    from reports.throughput.forecast import Forecast

REPORT: Final = "throughput"
TONES: Final = {"complete": "VALID", "interrupted": "UNKNOWN", "failed": "UNKNOWN"}


class Site:
    """The site of one folder of runs; what cannot be read becomes a sentence of ``complaints``."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._written: list[Path] = []
        self.complaints: list[str] = []

    def write(self, runs: Sequence[Found], forecast: Forecast | None) -> list[Path]:
        """Write all pages and return their paths, the front page last."""
        readable = [run for run in runs if run.is_load and self._can_be_read(run)]
        choice = choose(readable)
        loads = [self._load(run, choice) for run in readable]
        folders = {self._session_of(run.folder) for run in runs if not run.is_load}
        sessions = [self._session(folder) for folder in sorted(folders)]
        page = FrontPage(
            report=self._report(choice, forecast),
            loads=[entry for entry in loads if entry],
            sessions=[entry for entry in sessions if entry],
            complaints=self.complaints,
        )
        self._written.append(write_front_page(self._root / "index.html", page))
        return self._written

    def _can_be_read(self, run: Found) -> bool:
        try:
            read_load_run(run.folder)
        except BadLoadError as error:
            self.complaints.append(str(error))
            return False
        return True

    def _report(self, choice: Choice, forecast: Forecast | None) -> str:
        if not choice.used:
            return ""
        try:
            folders = [run.folder for run in choice.used]
            self._written += write_throughput(folders, self._root / REPORT, forecast)
        except BadLoadError as error:
            self.complaints.append(str(error))
            return ""
        return f"{REPORT}/index.html"

    def _load(self, run: Found, choice: Choice) -> Entry | None:
        try:
            page = write_load_page(run.folder)
        except BadLoadError as error:
            self.complaints.append(str(error))
            return None
        self._written.append(page)
        status = str(run.manifest.get("status"))
        reasons = {id(left): reason for left, reason in choice.left_out}
        note = f"Not in the report: {reasons[id(run)]}." if id(run) in reasons else ""
        return Entry(
            title=run.folder.name,
            link=self._link(page),
            status=status,
            tone=TONES.get(status, ""),
            when=moment(str(run.manifest.get("started_at", ""))),
            note=" ".join(filter(None, (str(run.manifest.get("summary", "")), note))),
        )

    def _session(self, folder: Path) -> Entry | None:
        try:
            session = read_session(folder)
            for run in session.runs:
                self._written.append(write_report(run.folder))
            page = write_session(read_session(folder))
        except BadRunError as error:
            self.complaints.append(str(error))
            return None
        self._written.append(page)
        self.complaints += [bad.reason for bad in session.unreadable]
        runs = session.runs
        return Entry(
            title=folder.name,
            link=self._link(page),
            status=session.verdict.value,
            tone=session.verdict.value,
            when=moment(min((run.manifest.started_at for run in runs), default="")),
            note=f"{len(runs)} runs",
        )

    def _session_of(self, folder: Path) -> Path:
        """Return the folder of the session that a run is part of; a run alone is one by itself."""
        return folder if self._root in {folder, folder.parent} else folder.parent

    def _link(self, page: Path) -> str:
        return quote(os.path.relpath(page, self._root))
