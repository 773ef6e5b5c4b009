// Plotly figures: the script is fetched only where a figure waits for it, and figures come as data
// from the server, in the page's theme, zone and language.
"use strict";

const holder = document.getElementById("page");
const plots = new Map(); // key → element
for (const plot of document.querySelectorAll("[data-plot]")) plots.set(plot.dataset.plot, plot);
const CONFIG = { displayModeBar: false, responsive: true, doubleClick: false, scrollZoom: false };
let loading = null;
let latest = null;

function plotly() {
  if (!loading) {
    loading = new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = holder.dataset.plotly;
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => reject(new Error(document.body.dataset.noScript));
      document.head.append(script);
    });
  }
  return loading;
}

async function draw(figures) {
  if (!figures || !plots.size) return;
  latest = figures;
  try {
    const library = await plotly();
    if (figures !== latest) return; // newer ones came while the script was loading
    for (const [key, plot] of plots) {
      const figure = figures[key];
      if (figure) await drawOne(library, plot, figure);
    }
  } catch (error) {
    fail(error);
  }
}

async function drawOne(library, plot, figure) {
  plot.querySelector(".skeleton, .note")?.remove();
  const first = !plot.classList.contains("js-plotly-plot");
  await library.react(plot, figure.data, figure.layout, CONFIG);
  if (first) listen(plot);
  plot.dispatchEvent(new CustomEvent("tidewise:drawn", { bubbles: true }));
}

function listen(plot) {
  plot.on("plotly_click", (event) => {
    const href = event.points.map((point) => point.customdata).find(isAddress);
    if (href) location.href = href;
  });
  // Dragging over a chart asks for that span: it becomes the page's address, and "back" undoes it.
  plot.on("plotly_relayout", (change) => {
    const start = change["xaxis.range[0]"];
    const end = change["xaxis.range[1]"];
    if (start !== undefined && end !== undefined) showSpan(plot, start, end);
  });
  plot.on("plotly_hover", (event) => {
    if (event.xvals) announce(plot, event.xvals[0]);
  });
  plot.on("plotly_unhover", () => announce(plot, null));
}

function isAddress(value) {
  return typeof value === "string" && value.startsWith("/");
}

function offset(plot) {
  return (plot.layout && plot.layout.meta && plot.layout.meta.offset) || 0;
}

function wall(value) {
  return typeof value === "number" ? value : Date.parse(`${String(value).replace(" ", "T")}Z`);
}

function showSpan(plot, start, end) {
  const [from, to] = [start, end].map((value) => new Date(wall(value) - offset(plot)));
  if (!holder.dataset.ref || to - from < 60000) return;
  const query = new URLSearchParams();
  query.set("from", from.toISOString().replace(/\.\d+Z/, "Z"));
  query.set("to", to.toISOString().replace(/\.\d+Z/, "Z"));
  location.search = query.toString();
}

function announce(plot, x) {
  const time = x === null ? null : wall(x) - offset(plot);
  plot.dispatchEvent(new CustomEvent("tidewise:cross", { bubbles: true, detail: { time } }));
}

// Why there is no figure, in its place; what was drawn before stays.
function fail(error) {
  for (const plot of plots.values()) {
    if (plot.classList.contains("js-plotly-plot")) continue;
    plot.querySelector(".skeleton, .note")?.remove();
    const note = document.createElement("div");
    note.className = "note";
    const text = document.createElement("p");
    text.textContent = `${document.body.dataset.failed} ${error.message || ""}`;
    note.append(text);
    if (error.request) {
      const id = document.createElement("code");
      id.textContent = error.request;
      note.append(id);
    }
    const again = document.createElement("button");
    again.type = "button";
    again.textContent = document.body.dataset.again;
    again.addEventListener("click", () => {
      loading = null;
      window.tidewiseLive.refresh();
    });
    note.append(again);
    plot.append(note);
  }
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  document.dispatchEvent(new CustomEvent("tidewise:theme"));
});
window.tidewise = { draw, fail, plots, offset };
