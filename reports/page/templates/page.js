"use strict";
// Everything on the page can be read without this script: it adds copying, filters and hover details.

function addCopying(button) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const command = document.getElementById(button.dataset.copies);
    getSelection().selectAllChildren(command);
    try {
      await navigator.clipboard.writeText(command.textContent);
    } catch {
      document.execCommand("copy");
    }
    button.textContent = "Copied";
  });
}

function addFilter(fieldset) {
  const target = document.getElementById(fieldset.dataset.filters);
  fieldset.hidden = false;
  fieldset.addEventListener("change", (event) => {
    const { value, checked } = event.target;
    if (fieldset.dataset.by === "class") {
      target.classList.toggle(`hide-${value}`, !checked);
      return;
    }
    for (const row of target.querySelectorAll(`tbody tr.is-${value}`)) {
      row.hidden = !checked;
    }
  });
}

const hover = document.createElement("div");
hover.className = "hover";
hover.hidden = true;
document.body.append(hover);

function showHover(text, event) {
  hover.textContent = text;
  hover.hidden = false;
  const left = Math.min(event.clientX + 14, innerWidth - hover.offsetWidth - 8);
  hover.style.left = `${Math.max(left, 8)}px`;
  hover.style.top = `${Math.min(event.clientY + 16, innerHeight - hover.offsetHeight - 8)}px`;
}

function addPart(frame, css) {
  const part = document.createElement("div");
  part.className = css;
  part.hidden = true;
  part.setAttribute("aria-hidden", "true");
  frame.append(part);
  return part;
}

// One time axis of one or several frames, which share a line; data-left and data-right say in
// percent where the axis begins and ends in a frame.
function addLines(frames, start, end, onMove, onHide) {
  const lines = frames.map((frame) => addPart(frame, "crosshair"));
  const edge = (frame, side) => Number(frame.dataset[side] ?? 0) / 100;
  const place = (frame, time) => {
    const share = (time - start) / (end - start);
    return edge(frame, "left") + share * (1 - edge(frame, "left") - edge(frame, "right"));
  };
  const moveTo = (time) => {
    const held = Math.min(Math.max(time, start), end);
    frames.forEach((frame, number) => {
      lines[number].hidden = false;
      lines[number].style.left = `${100 * place(frame, held)}%`;
    });
    onMove?.(held, place);
    return held;
  };
  const hide = () => {
    hover.hidden = true;
    lines.forEach((line) => (line.hidden = true));
    onHide?.();
  };
  for (const frame of frames) {
    frame.addEventListener("pointermove", (event) => {
      const box = frame.getBoundingClientRect();
      const width = 1 - edge(frame, "left") - edge(frame, "right");
      const share = ((event.clientX - box.left) / box.width - edge(frame, "left")) / width;
      const time = moveTo(start + share * (end - start));
      const detail = event.target.closest("[data-detail]")?.dataset.detail;
      const near = frame.nearest?.(event, box);
      if (detail || near) {
        showHover(detail ?? near, event);
      } else if (frame.nearest) {
        hover.hidden = true;
      } else {
        showHover(`${time.toFixed(3)} s`, event);
      }
    });
    frame.addEventListener("pointerleave", hide);
  }
  return { moveTo, hide };
}

function takeTitles(frame) {
  // The browser would show its own tooltip beside ours, so the texts move to where only we look.
  for (const title of frame.querySelectorAll(".plot * > title")) {
    title.parentNode.dataset.detail = title.textContent;
    title.remove();
  }
}

const sayDuration = (seconds) =>
  seconds < 1 ? `${(1000 * seconds).toPrecision(3)} ms` : `${seconds.toPrecision(3)} s`;
const WORDS = {
  per_second: (value) => `${value.toFixed(1)}/s`,
  count: (value) => value.toFixed(0),
  seconds: sayDuration,
};

function readAt(series, time) {
  let low = 0;
  let high = series.times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (series.times[middle] <= time) low = middle + 1;
    else high = middle;
  }
  const value = low ? series.values[low - 1] : null;
  return `${series.label} ${value === null ? "none" : WORDS[series.unit](value)}`;
}

function addReading(frame, others) {
  const data = JSON.parse(document.getElementById("over-time-data").textContent);
  const within = (spans, time) => spans.filter((s) => s[1] <= time && time <= s[2]).map((s) => s[0]);
  const first = addPart(frame, "reading");
  first.style.top = `${100 * data.faultsTop}%`;
  const labels = data.panels.map((panel) => {
    const label = addPart(frame, "reading");
    label.style.top = `${100 * panel.top}%`;
    return label;
  });
  const show = (time, place) => {
    const share = place(frame, time);
    const faults = within(data.faults, time);
    const texts = data.panels.map((panel) => panel.series.map((s) => readAt(s, time)).join(", "));
    const moment = [`${time.toFixed(3)} s`, within(data.phases, time).at(-1), ...faults];
    const said = [moment.filter(Boolean).join(", "), ...texts];
    [first, ...labels].forEach((label, number) => {
      label.hidden = false;
      label.textContent = said[number];
      label.style.left = `${100 * share}%`;
      label.classList.toggle("flipped", share > 0.62);
    });
    frame.setAttribute("aria-valuenow", time.toFixed(3));
    frame.setAttribute("aria-valuetext", said.join("; "));
  };
  const hide = () => [first, ...labels].forEach((label) => (label.hidden = true));
  const { moveTo, hide: hideAll } = addLines([frame, ...others], data.start, data.end, show, hide);
  frame.nearest = (event, box) => nearestDot(data, frame, event, box);
  addKeys(frame, data, moveTo, hideAll);
}

function nearestDot({ dots, panels, start, end }, frame, event, box) {
  const panel = panels.at(-1);
  const [left, right] = [frame.dataset.left / 100, 1 - frame.dataset.right / 100];
  const scale = Math.log(dots.high / dots.low);
  let best = null;
  let distance = 12;
  for (const [due, waited, fate, task] of dots.tasks) {
    const x = box.left + box.width * (left + ((due - start) / (end - start)) * (right - left));
    if (Math.abs(x - event.clientX) > distance) continue;
    const height = Math.log((waited === null ? dots.never : Math.max(waited, 0.001)) / dots.low);
    const y = box.top + box.height * (panel.top + panel.height * (1 - height / scale));
    const away = Math.hypot(x - event.clientX, y - event.clientY);
    if (away < distance) {
      distance = away;
      const start = waited === null ? "never started" : `started after ${sayDuration(waited)}`;
      best = `${task}: ${dots.fates[fate]}, due at ${due.toFixed(3)} s, ${start}`;
    }
  }
  return best;
}

function addKeys(frame, data, moveTo, hide) {
  const step = (data.end - data.start) / 200;
  let time = data.start;
  const targets = {
    ArrowLeft: (by) => time - by,
    ArrowRight: (by) => time + by,
    Home: () => data.start,
    End: () => data.end,
    PageUp: () => data.marks.filter((mark) => mark < time - 1e-6).at(-1) ?? data.start,
    PageDown: () => data.marks.find((mark) => mark > time + 1e-6) ?? data.end,
  };
  const attributes = { role: "slider", tabindex: 0, "aria-label": "Moment of the run" };
  Object.assign(attributes, { "aria-valuemin": data.start, "aria-valuemax": data.end });
  Object.entries({ ...attributes, "aria-valuenow": time }).forEach(([key, value]) =>
    frame.setAttribute(key, value),
  );
  frame.addEventListener("focus", () => frame.matches(":focus-visible") && (time = moveTo(time)));
  frame.addEventListener("blur", hide);
  frame.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    const target = targets[event.key];
    if (!target || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    time = moveTo(target(event.shiftKey ? 10 * step : step));
    const line = frame.querySelector(".crosshair");
    const around = frame.parentElement;
    if (around.scrollWidth > around.clientWidth) {
      around.scrollLeft = line.offsetLeft - around.clientWidth / 2;
    }
  });
}

document.querySelectorAll("button[data-copies]").forEach(addCopying);
document.querySelectorAll("fieldset[data-filters]").forEach(addFilter);
document.querySelectorAll(".frame").forEach(takeTitles);
const overTime = document.getElementById("over-time-frame");
if (overTime) addReading(overTime, [document.getElementById("attempt-frame")]);
for (const frame of document.querySelectorAll(".dossier .frame")) {
  const { start, end } = frame.querySelector(".plot").dataset;
  addLines([frame], Number(start), Number(end));
}
