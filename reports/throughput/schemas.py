"""Makes the published JSON schemas from the dataclasses: ``python -m reports.throughput.schemas``.

The files in reports/schema/ are what it writes; a test fails when they differ.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from reports.load_schema import Findings, LoadManifest
from reports.load_steps import Step
from reports.session_schema import ComparisonDocument, SessionDocument
from reports.throughput.document import ReportDocument

FOLDER: Final = Path(__file__).parents[1] / "schema"
DOCUMENTS: Final[dict[str, type]] = {
    "load_manifest.schema.json": LoadManifest,
    "load_step.schema.json": Step,
    "load_findings.schema.json": Findings,
    "report.schema.json": ReportDocument,
    "chaos_session.schema.json": SessionDocument,
    "chaos_comparison.schema.json": ComparisonDocument,
}
_PLAIN: Final = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    type(None): {"type": "null"},
}
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema_of(document: type) -> dict[str, Any]:
    """Return the schema of a dataclass and of all below it."""
    shapes: dict[str, Any] = {}
    _shape(document, shapes)
    return {
        "$schema": _DIALECT,
        "title": document.__name__,
        "$ref": f"#/$defs/{document.__name__}",
        "$defs": dict(sorted(shapes.items())),
    }


def written(document: type) -> str:
    """Return the text of a schema's file."""
    return json.dumps(schema_of(document), indent=1) + "\n"


def _shape(document: Any, shapes: dict[str, Any]) -> dict[str, Any]:
    name = document.__name__
    if name not in shapes:
        shapes[name] = {}
        hints = typing.get_type_hints(document)
        fields = dataclasses.fields(document)
        shapes[name] = {
            "type": "object",
            "description": (document.__doc__ or "").strip().split("\n")[0],
            "properties": {field.name: _value(hints[field.name], shapes) for field in fields},
            "required": [field.name for field in fields if _is_required(field)],
            "additionalProperties": False,
        }
    return {"$ref": f"#/$defs/{name}"}


def _is_required(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _value(hint: Any, shapes: dict[str, Any]) -> dict[str, Any]:
    if dataclasses.is_dataclass(hint):
        return _shape(hint, shapes)
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    return _compound(typing.get_origin(hint), typing.get_args(hint), shapes)


def _compound(origin: Any, parts: tuple[Any, ...], shapes: dict[str, Any]) -> dict[str, Any]:
    if origin in {types.UnionType, typing.Union}:
        return {"anyOf": [_value(part, shapes) for part in parts]}
    if origin is typing.Literal:
        return {"enum": list(parts)}
    if origin is tuple:
        return _array(parts, shapes)
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _value(parts[1], shapes)}
    return {}


def _array(parts: tuple[Any, ...], shapes: dict[str, Any]) -> dict[str, Any]:
    if parts[-1] is ...:
        return {"type": "array", "items": _value(parts[0], shapes)}
    return {
        "type": "array",
        "prefixItems": [_value(part, shapes) for part in parts],
        "minItems": len(parts),
        "maxItems": len(parts),
    }


def main() -> int:
    """Write all schemas."""
    for name, document in DOCUMENTS.items():
        path = FOLDER / name
        path.write_text(written(document), encoding="utf-8")
        print(path)  # noqa: T201 - the paths are the command's output
    return 0


if __name__ == "__main__":
    sys.exit(main())
