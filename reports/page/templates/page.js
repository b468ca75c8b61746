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

function addHover(frames) {
  const lines = frames.map((frame) => {
    const line = document.createElement("div");
    line.className = "crosshair";
    line.hidden = true;
    frame.append(line);
    return line;
  });
  const hide = () => [hover, ...lines].forEach((part) => (part.hidden = true));
  for (const frame of frames) {
    const plot = frame.querySelector("svg");
    // The browser would show its own tooltip beside ours, so the texts move to where only we look.
    for (const title of plot.querySelectorAll("* > * > title")) {
      title.parentNode.dataset.detail = title.textContent;
      title.remove();
    }
    const start = Number(plot.dataset.start);
    const end = Number(plot.dataset.end);
    frame.addEventListener("pointermove", (event) => {
      const box = plot.getBoundingClientRect();
      const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
      for (const line of lines) {
        line.hidden = false;
        line.style.left = `${100 * share}%`;
      }
      const detail = event.target.closest("[data-detail]")?.dataset.detail;
      const time = `${(start + share * (end - start)).toFixed(3)} s`;
      showHover(detail ? `${time}: ${detail}` : time, event);
    });
    frame.addEventListener("pointerleave", hide);
  }
}

document.querySelectorAll("button[data-copies]").forEach(addCopying);
document.querySelectorAll("fieldset[data-filters]").forEach(addFilter);
addHover([...document.querySelectorAll(".over-time .frame")]);
document.querySelectorAll(".dossier .frame").forEach((frame) => addHover([frame]));
