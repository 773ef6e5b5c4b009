// One moment, read on every chart and panel at once: by pointer, or by arrow keys on the one that
// has the focus. Escape lets it go.
"use strict";

const STEPS = 120; // arrow presses from one end of a span to the other
let current = null; // Unix milliseconds
let moving = false; // while hovers are ours, their events are no news

function span() {
  const layers = document.getElementById("spans");
  return layers ? { start: Number(layers.dataset.start), end: Number(layers.dataset.end) } : null;
}

function cross(time, source) {
  if (moving) return;
  moving = true;
  current = time;
  for (const panel of document.querySelectorAll("[data-panel]")) read(panel, time);
  for (const plot of window.tidewise.plots.values()) {
    if (plot !== source && plot.classList.contains("js-plotly-plot")) hover(plot, time);
  }
  moving = false;
}

function hover(plot, time) {
  const { Fx } = window.Plotly;
  if (time === null) {
    Fx.unhover(plot);
    return;
  }
  const xval = time + window.tidewise.offset(plot);
  const [low, high] = plot.layout.xaxis.range.map((value) =>
    typeof value === "number" ? value : Date.parse(`${String(value).replace(" ", "T")}Z`),
  );
  if (xval < low || xval > high) Fx.unhover(plot);
  else Fx.hover(plot, { xval, yval: 0 }, ["xy"]);
}

// A panel's value at the point nearest to a time; its own last value when there is none.
function read(panel, time) {
  const value = panel.querySelector("[data-value]");
  const hair = panel.querySelector("[data-hair]");
  if (!value || !hair) return;
  if (value.dataset.last === undefined) value.dataset.last = value.innerHTML;
  const area = span();
  const share = time === null || !area ? NaN : (time - area.start) / (area.end - area.start);
  if (!(share >= 0 && share <= 1)) {
    value.innerHTML = value.dataset.last;
    hair.setAttribute("visibility", "hidden");
    return;
  }
  const drawing = panel.querySelector("[data-points]");
  const points = drawing.dataset.points.split(" ").map(Number);
  const texts = drawing.dataset.texts.split("|");
  let nearest = 0;
  points.forEach((point, i) => {
    if (Math.abs(point - share) < Math.abs(points[nearest] - share)) nearest = i;
  });
  value.textContent = texts[nearest] || "–";
  const x = `${(share * 100).toFixed(2)}%`;
  hair.setAttribute("x1", x);
  hair.setAttribute("x2", x);
  hair.setAttribute("visibility", "visible");
}

function timeAt(field, event) {
  const box = field.getBoundingClientRect();
  const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  const area = span();
  return area.start + share * (area.end - area.start);
}

document.addEventListener("pointermove", (event) => {
  const field = event.target.closest && event.target.closest(".signal .field");
  if (field) cross(timeAt(field, event), null);
});
document.addEventListener("pointerout", (event) => {
  const field = event.target.closest && event.target.closest(".signal .field");
  if (field && !field.contains(event.relatedTarget)) cross(null, null);
});
// Parts that were replaced by newer ones show the moment that is being looked at.
document.addEventListener("tidewise:put", () => {
  if (current !== null) cross(current, null);
});
document.addEventListener("tidewise:cross", (event) => cross(event.detail.time, event.target));

document.addEventListener("keydown", (event) => {
  const chart = event.target.closest && event.target.closest("[data-panel], [data-plot]");
  if (!chart || event.target !== chart) return;
  const area = span();
  if (event.key === "Escape") return cross(null, null);
  if (!area || !["ArrowLeft", "ArrowRight"].includes(event.key)) return undefined;
  event.preventDefault();
  const step = ((area.end - area.start) / STEPS) * (event.key === "ArrowLeft" ? -1 : 1);
  const from = current === null ? area.end : current;
  cross(Math.min(area.end, Math.max(area.start, from + step)), null);
  return undefined;
});
