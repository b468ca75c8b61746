"""JUnit XML for continuous integration: a suite per database, a case per scenario.

INVALID is a failure with its proofs, UNKNOWN an error, and what a scenario cannot do somewhere is
skipped.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from chaos.formats.wording import first_reason, unsettled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.session_schema import CellSummary, SessionDocument

_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(document: SessionDocument) -> str:
    """Return the document as JUnit XML."""
    root = Element("testsuites", {"name": "killproof chaos"})
    for database in dict.fromkeys(cell.database for cell in document.cells):
        cells = [cell for cell in document.cells if cell.database == database]
        root.append(_suite(database, cells))
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", f"{sum(cell.duration_seconds for cell in document.cells):.3f}")
    indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode")


def _suite(database: str, cells: list[CellSummary]) -> Element:
    suite = Element("testsuite", {"name": database})
    suite.extend(_case(cell) for cell in cells)
    suite.set("tests", str(len(cells)))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("time", f"{sum(cell.duration_seconds for cell in cells):.3f}")
    return suite


def _case(cell: CellSummary) -> Element:
    which = f" ({cell.repetition})" if cell.repetition > 1 else ""
    case = Element(
        "testcase",
        {
            "name": _clean(f"{cell.scenario}{which}"),
            "classname": _clean(f"killproof.{cell.subject}.{cell.database}"),
            "time": f"{cell.duration_seconds:.3f}",
        },
    )
    case.extend(_outcome(cell))
    said = SubElement(case, "system-out")
    said.text = _clean("\n".join(filter(None, (cell.command, cell.folder))))
    return case


def _outcome(cell: CellSummary) -> Iterator[Element]:
    if cell.status == "not applicable" or (cell.status == "not tested" and cell.verdict is None):
        yield _said("skipped", cell.reason, "")
    elif cell.verdict != "VALID":
        tag = "failure" if cell.verdict == "INVALID" else "error"
        checks = list(unsettled(cell))
        first = f"{checks[0].name}: {first_reason(checks[0])}" if checks else cell.reason
        proofs = [
            f"{check.name} {check.verdict}: {proof}"
            for check in checks
            for proof in check.proofs or (check.note,)
        ]
        yield _said(tag, first, "\n".join(proofs))


def _said(tag: str, message: str, text: str) -> Element:
    kind = {} if tag == "skipped" else {"type": "INVALID" if tag == "failure" else "UNKNOWN"}
    element = Element(tag, {"message": _clean(message), **kind})
    element.text = _clean(text)
    return element


def _clean(text: str) -> str:
    """Leave out what XML cannot hold: proofs quote what tasks and databases said."""
    return _NOT_XML.sub("\ufffd", text)
