"""Every figure of the throughput report comes from the stored data: nobody can type one in."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import pytest

from reports import throughput
from reports.tests.page_reader import Element, read_page
from reports.tests.synthetic_load import forecast, scaled, standard_set
from reports.throughput import read_forecast, write_throughput

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE = Path(throughput.__file__).parent
_NAMES = re.compile(r"\bp(99\.9|999|99|95|90|50)(_ms)?\b|sha256|utf-8|\{[01]\}")
_EXAMPLE = Path(throughput.__file__).parents[1] / "forecast.example.toml"
# Geometry, colours and layout: no words that a reader sees.
_DRAWING_MODULES = {"palette.py", "drawing.py"}
# Messages of the terminal, and the example of a date in one of them.
_TERMINAL_MODULES = {"forecast.py", "stored.py", "__main__.py", "schemas.py"}


def _bare(text: str) -> str:
    return _NAMES.sub("", text)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The standard set of stored runs."""
    return standard_set(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def site(runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the standard set."""
    output = tmp_path_factory.mktemp("site")
    write_throughput(runs, output, read_forecast(_EXAMPLE))
    return output


def _template_words(path: Path) -> str:
    """The words of a template that stand between tags, as its syntax tree has them."""
    tree = jinja2.Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
    # A tag may be cut by an expression, so that the parts are put together first.
    literal = "".join(
        node.data
        for output in tree.find_all(jinja2.nodes.Output)
        for node in output.nodes
        if isinstance(node, jinja2.nodes.TemplateData)
    )
    return re.sub(r"<[^<>]*>", " ", re.sub(r"<style.*?</style>", "", literal, flags=re.DOTALL))


@pytest.mark.parametrize("path", sorted((_PACKAGE / "templates").glob("*.html")), ids=str)
def test_no_template_holds_a_digit_between_its_tags(path: Path) -> None:
    """Templates give shape: their words have no figure in them."""
    words = _template_words(path)

    assert words.strip()
    assert not re.search(r"\d", re.sub(r"<[^<>]*$|^[^<>]*>", "", words)), words


def _strings(path: Path) -> Iterator[tuple[int, str]]:
    """Every string of a module that can become a word of the report, with its line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = {
        id(part) for node in ast.walk(tree) for part in _not_words(node) for part in ast.walk(part)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in hidden:
            continue
        if isinstance(node.value, str):
            yield node.lineno, node.value


def _not_words(node: ast.AST) -> list[ast.AST]:
    """Docstrings, format specifications and the patterns of regular expressions."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return [node.value]
    if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
        return [node.format_spec]
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return []
    is_pattern = isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
    return list(node.args) if is_pattern else []


def _modules() -> list[Path]:
    excepted = _DRAWING_MODULES | _TERMINAL_MODULES
    return [p for p in sorted(_PACKAGE.rglob("*.py")) if p.name not in excepted]


@pytest.mark.parametrize("path", _modules(), ids=lambda path: path.name)
def test_no_string_of_a_module_holds_a_digit(path: Path) -> None:
    """Whatever makes sentences takes its figures from data, never from its own text."""
    found = [(line, text) for line, text in _strings(path) if re.search(r"\d", _bare(text))]

    # Paths of SVG, looks of hatches and the like are no sentences: they have no blank and no word.
    assert [
        entry for entry in found if re.search(r"[a-z]{2}", entry[1]) or entry[1].isdigit()
    ] == []


@pytest.mark.parametrize("path", _modules(), ids=lambda path: path.name)
def test_no_literal_number_is_written_as_a_quantity(path: Path) -> None:
    """rate(1000) or {2} in a sentence would be a figure that somebody typed."""
    names = {
        "rate", "count", "number", "milliseconds", "seconds", "share", "ratio", "size", "several",
        "exact", "Quantity", "stored", "code", "Stored",
    }  # fmt: skip
    typed = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
            typed += [a for a in arguments if _is_typed_number(a)]
        if isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.Constant):
            typed.append(node.value)

    assert [node.lineno for node in typed] == []


def _is_typed_number(node: ast.AST) -> bool:
    is_number = isinstance(node, ast.Constant) and isinstance(node.value, int | float)
    return is_number and not isinstance(getattr(node, "value", None), bool)


def _loose_texts(element: Element) -> Iterator[str]:
    """The texts of a page that are neither a quantity, nor stored, nor drawn."""
    for child in element.children:
        if isinstance(child, str):
            yield child
        elif child.name not in {"svg", "style", "data"} and not child.classes & {
            "stored",
            "source",
        }:
            yield from _loose_texts(child)


def test_the_page_has_no_digit_outside_of_quantities_stored_texts_and_drawings(site: Path) -> None:
    """What is left of a page without its data holds no figure at all."""
    page = read_page(site / "index.html")

    left = _bare(" ".join(_loose_texts(page)))

    assert len(left) > 5000
    assert re.findall(r".{0,40}\d.{0,20}", left) == []


def _quantities(page: Element) -> list[tuple[float, str]]:
    return [(float(e.attributes["value"]), e.text) for e in page.all("data")]


def _values(document: Any) -> Iterator[float]:
    if isinstance(document, dict):
        yield from document.get("values", [])
        for entry in document.values():
            yield from _values(entry)
    elif isinstance(document, list):
        for entry in document:
            yield from _values(entry)


def test_every_quantity_of_the_page_is_in_the_json_of_the_report(site: Path) -> None:
    """The page and report.json say the same figures."""
    document = json.loads((site / "report.json").read_text(encoding="utf-8"))
    known = {f"{value:.10g}" for value in _values(document["sections"])}

    shown = _quantities(read_page(site / "index.html"))

    assert len(shown) > 1000
    assert {f"{value:.10g}" for value, _ in shown} <= known


def test_every_quantity_is_written_as_its_value(site: Path) -> None:
    """The text of a quantity is its value, rounded: units change the scale and nothing else."""
    scales = (1, 100, 1e-3, 1e-6, 1e-9, 1e3, 60, 1e-3 / 60, 1 / 60)
    for value, text in _quantities(read_page(site / "index.html")):
        figure = float(re.sub(r"[^\d.e+-]", "", text.replace(",", "").split(" ")[0]))
        assert any(abs(figure - value * s) <= max(0.012 * abs(figure), 5e-4) for s in scales), text


def _scale_runs(runs: list[Path], folder: Path, factor: float) -> list[Path]:
    """Copies of runs in which every stored number is another one."""
    copies = []
    for run in runs:
        copy = folder / run.name
        copy.mkdir()
        copies.append(copy)
        for path in sorted(run.iterdir()):
            changed = [json.dumps(scaled(json.loads(text), factor)) for text in _documents(path)]
            (copy / path.name).write_text("\n".join(changed) + "\n", encoding="utf-8")
    return copies


def test_other_stored_numbers_give_another_page(
    runs: list[Path], site: Path, tmp_path: Path
) -> None:
    """With all stored numbers scaled, no stored number is left on the page as it was."""
    measured = {
        f"{value:.10g}"
        for run in runs
        for path in run.iterdir()
        for text in _documents(path)
        for value in _leaves(json.loads(text))
    }
    copies = _scale_runs(runs, tmp_path, 1.7)
    output = tmp_path / "site"
    write_throughput(copies, output, read_forecast(_EXAMPLE))

    before = {f"{value:.10g}" for value, _ in _quantities(read_page(site / "index.html"))}
    after = {f"{value:.10g}" for value, _ in _quantities(read_page(output / "index.html"))}

    changed = {f"{value:.10g}" for value in (float(text) * 1.7 for text in before & measured)}
    assert len(before & measured) > 200
    assert len(changed & after) > 0.5 * len(changed)
    # Short figures may meet by chance or be counts of things; measured ones have more digits.
    kept = {text for text in before & after & measured if len(text.strip("0.")) > 4}
    assert kept == set()


def _documents(path: Path) -> list[str]:
    """The documents of a stored file: one for each line, or one."""
    text = path.read_text(encoding="utf-8")
    return text.splitlines() if path.suffix == ".ndjson" else [text]


def _leaves(document: Any) -> Iterator[float]:
    if isinstance(document, dict):
        for entry in document.values():
            yield from _leaves(entry)
    elif isinstance(document, list):
        for entry in document:
            yield from _leaves(entry)
    elif isinstance(document, int | float) and not isinstance(document, bool):
        yield float(document)


def test_one_changed_number_changes_what_is_said_of_it(runs: list[Path], tmp_path: Path) -> None:
    """The low end of the bracket is on the page as stored, in the answer too."""
    copy = tmp_path / "knee"
    copy.mkdir()
    for path in runs[0].iterdir():
        (copy / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    findings = json.loads((copy / "findings.json").read_text(encoding="utf-8"))
    findings["knees"][0]["low"] = 641.0
    (copy / "findings.json").write_text(json.dumps(findings), encoding="utf-8")

    expected = forecast(tmp_path, _EXAMPLE.read_text(encoding="utf-8"))
    write_throughput([copy], tmp_path / "site", read_forecast(expected))

    page = read_page(tmp_path / "site" / "index.html")
    assert "It holds 641 tasks per second" in page.all("div", "banner")[0].text
    assert "641 to 819" in page.all("dl", "facts")[0].text
    assert "757 to" not in page.text
