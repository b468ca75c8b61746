"""The pages in a real browser: what a reader sees, presses and hears."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from reports.page import write_index, write_report
from reports.tests.browser import PROGRAM, Browser
from reports.tests.synthetic_runs import (
    store_empty_run,
    store_invalid_run,
    store_swarm_run,
    store_valid_run,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reports.tests.browser import Page

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no Chromium on PATH")

SLIDER = "document.getElementById('over-time-frame')"
READINGS = """
[...document.querySelectorAll('#over-time-frame .reading')]
  .filter((part) => !part.hidden).map((part) => part.textContent)
"""
OVERFLOW = """
[...document.querySelectorAll('body *')].filter((part) => {
  const scrolls = part.closest('.scroll') && !part.matches('.scroll');
  return !scrolls && !part.closest('svg') && !part.closest('.spoken, .definitions')
    && part.getBoundingClientRect().right > innerWidth + 1;
}).map((part) => part.outerHTML.slice(0, 120))
"""
WEAK_CONTRAST = """
(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = numbers(colour).map((n) => n / 255)
      .map((n) => (n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (part) => {
    for (let at = part; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if ((numbers(colour)[3] ?? 1) > 0.5) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const weak = [];
  for (const part of document.querySelectorAll('body *')) {
    const says = [...part.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!says || part.closest('script, style, defs, title, desc, [hidden]')) continue;
    const style = getComputedStyle(part);
    const colour = part.closest('svg') ? style.fill : style.color;
    const [a, b] = [light(colour), light(behind(part.closest('svg')?.parentElement ?? part))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) weak.push(`${ratio.toFixed(2)} ${colour}: ${part.textContent.slice(0, 40)}`);
  }
  return weak;
})()
"""
FOCUS = """
(() => {
  const part = document.activeElement;
  const style = getComputedStyle(part);
  const name = part.getAttribute('aria-label') || part.textContent.trim() || part.value || '';
  return [part.tagName, name.slice(0, 40), style.outlineStyle, parseFloat(style.outlineWidth)];
})()
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with Browser.started(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run with everything in it."""
    return write_report(store_swarm_run(tmp_path_factory.mktemp("runs") / "run"))


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of three runs of two databases."""
    folder = tmp_path_factory.mktemp("session")
    write_report(store_valid_run(folder / "a"))
    store_invalid_run(folder / "b", database={"name": "sqlite", "version": "3.45"})
    store_empty_run(folder / "c", scenario="a_scenario_with_quite_a_long_name")
    return write_index(folder)


@pytest.fixture
def page(browser: Browser) -> Page:
    """A page of the browser."""
    return browser.page()


@pytest.mark.parametrize("which", ["report", "index"])
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "light"), (1280, "dark")])
def test_a_page_opens_without_a_complaint_and_fits_the_screen(
    page: Page, request: pytest.FixtureRequest, which: str, width: int, scheme: str
) -> None:
    """The console is silent, and nothing but a figure or its table scrolls sideways."""
    page.open(request.getfixturevalue(which), width=width, scheme=scheme)

    assert page.complaints == []
    assert page.ask("document.documentElement.scrollWidth <= innerWidth")
    assert page.ask(OVERFLOW) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("which", ["report", "index"])
def test_every_text_stands_out_from_its_background(
    page: Page, request: pytest.FixtureRequest, which: str, scheme: str
) -> None:
    """The contrast is at least 4.5 to 1, in figures too."""
    page.open(request.getfixturevalue(which), scheme=scheme)

    assert page.ask(WEAK_CONTRAST) == []


def test_the_measure_of_contrast_finds_grey_on_white(page: Page, report: Path) -> None:
    """A measure that finds nothing must be one that could."""
    page.open(report)
    page.ask("document.querySelector('h1').style.color = '#999'")

    assert len(page.ask(WEAK_CONTRAST)) == 1


def test_the_schemes_differ(page: Page, report: Path) -> None:
    """Dark is dark: the paper and the inks of the figure change with the reader's wish."""
    ask = "getComputedStyle(document.body).backgroundColor + getComputedStyle(document.body).color"
    page.open(report)
    light = page.ask(ask)
    page.open(report, scheme="dark")

    assert page.ask(ask) != light


def test_the_crosshair_moves_with_the_keys(page: Page, report: Path) -> None:
    """The figure is a slider: arrows move it, and what it reads is shown and spoken."""
    page.open(report)
    page.ask(f"{SLIDER}.focus()")
    moments = []
    for key, shift in (("ArrowRight", False), ("ArrowRight", True), ("ArrowLeft", False)):
        page.press(key, shift=shift)
        moments.append(float(page.ask(f"{SLIDER}.getAttribute('aria-valuenow')")))

    assert 0 < moments[0] < moments[2] < moments[1]
    shown = page.ask(READINGS)
    assert len(shown) == 5
    assert [text.split(" ")[0] for text in shown[1:]] == ["starts", "live", "in", "median"]
    assert page.ask(f"{SLIDER}.getAttribute('role')") == "slider"
    assert "; ".join(shown) == page.ask(f"{SLIDER}.getAttribute('aria-valuetext')")


def test_page_down_goes_from_fault_to_fault(page: Page, report: Path) -> None:
    """It stops at kills too, and the crosshair names the faults at work; Escape hides it."""
    page.open(report)
    page.ask(f"{SLIDER}.focus()")
    page.press("PageDown")
    assert page.ask(f"{SLIDER}.getAttribute('aria-valuenow')") == "2.310"
    page.press("PageDown")

    assert page.ask(f"{SLIDER}.getAttribute('aria-valuenow')") == "3.400"
    assert "A sigstop" in page.ask(READINGS)[0]
    page.press("End")
    assert float(page.ask(f"{SLIDER}.getAttribute('aria-valuenow')")) > 8
    page.press("Escape")
    assert page.ask(READINGS) == []


def test_the_crosshair_follows_the_pointer_in_figure_and_lanes(page: Page, report: Path) -> None:
    """Both lines stand at the same moment, so at the same place of the screen."""
    page.open(report)
    page.ask(f"{SLIDER}.scrollIntoView()")
    left, top = page.ask(
        f"[{SLIDER}.getBoundingClientRect().x, {SLIDER}.getBoundingClientRect().y]"
    )
    page.point(left + 500, top + 150)

    places = page.ask(
        "[...document.querySelectorAll('.over-time .crosshair')]"
        ".filter((part) => !part.hidden).map((part) => part.getBoundingClientRect().x)"
    )
    assert len(places) == 2
    assert places[0] == pytest.approx(left + 500, abs=1.5)
    assert places[1] == pytest.approx(places[0], abs=1.5)


def test_a_dot_says_which_task_it_is(page: Page, report: Path) -> None:
    """The pointer on a task that never started names it with its fate."""
    page.open(report)
    page.ask(f"{SLIDER}.scrollIntoView()")
    x, y = page.ask(
        f"""(() => {{
          const data = JSON.parse(document.getElementById('over-time-data').textContent);
          const box = {SLIDER}.getBoundingClientRect();
          const [due] = data.dots.tasks.find((task) => task[3] === 'stuck-1');
          const left = {SLIDER}.dataset.left / 100, right = {SLIDER}.dataset.right / 100;
          const panel = data.panels.at(-1);
          const height = Math.log(data.dots.never / data.dots.low)
            / Math.log(data.dots.high / data.dots.low);
          return [box.x + box.width * (left + due / data.end * (1 - left - right)),
                  box.y + box.height * (panel.top + panel.height * (1 - height))];
        }})()"""
    )
    page.point(x + 1, y)

    said = page.ask("document.querySelector('.hover').textContent")
    assert re.fullmatch(r"stuck-\d: stuck, due at 6\.600 s, never started", said)


def test_the_focus_is_seen_wherever_it_goes(page: Page, report: Path) -> None:
    """Every stop of the Tab key has an outline and a name."""
    page.open(report)
    stops = []
    for _ in range(40):
        page.press("Tab")
        stops.append(page.ask(FOCUS))

    assert all(style != "none" and width > 0 for _, _, style, width in stops), stops
    assert all(name for tag, name, _, _ in stops if tag != "BODY"), stops
    assert "Moment of the run" in [name for _, name, _, _ in stops]


def test_a_link_to_an_anomaly_opens_its_text(page: Page, report: Path) -> None:
    """The folded explanation opens when one follows the link of its property."""
    page.open(report)
    page.ask("document.querySelector('a[href=\"#about-zombie-finish\"]').click()")

    assert page.ask("document.getElementById('about-zombie-finish').closest('details').open")


def test_without_scripts_the_tables_and_figures_are_there(page: Page, report: Path) -> None:
    """No script, no slider: the property table, the figure and its table can be read."""
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    page.open(report, width=400)

    assert page.complaints == []
    tree = page.send("DOM.getDocument", depth=1)["root"]["nodeId"]
    for selector in ("#property-table tr", "#over-time-frame svg", "#digest tbody tr"):
        assert page.send("DOM.querySelectorAll", nodeId=tree, selector=selector)["nodeIds"]
    sliders = page.send("DOM.querySelectorAll", nodeId=tree, selector="[role=slider]")
    assert sliders["nodeIds"] == []
