// Live updates: a pulse says that something changed, and the page reads its state again. At most
// once a second, never while hidden or paused, and by itself while the socket is gone.
"use strict";

const page = document.getElementById("page") || document.body;
const button = document.getElementById("live");
const lost = document.getElementById("lost");
const SECOND = 1000;
const POLL_LOST = 5 * SECOND; // while the socket is gone
const POLL_QUIET = 30 * SECOND; // ages and countdowns move although nothing happens
const STILL = 10 * SECOND; // a fixed range does not grow; its page's head does
const AT_MOST_WAIT = 10 * SECOND;

const live = {
  paused: false,
  busy: false,
  dirty: false,
  gap: page.dataset.moving === "no" ? STILL : SECOND,
  readAt: 0,
  timer: 0,
  seq: 0,
  tries: 0,
  open: false,
};
const applied = new Map(); // id → the HTML that was put there last

function address() {
  const query = new URLSearchParams(page.dataset.query || "");
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const theme = document.documentElement.dataset.theme;
  query.set("theme", theme === "system" ? (dark ? "dark" : "light") : theme);
  const plot = document.querySelector("[data-plot]");
  if (plot) query.set("width", String(Math.max(200, Math.round(plot.clientWidth - 70))));
  const open = [...document.querySelectorAll("[data-keep][open]")].map((one) => one.dataset.keep);
  if (open.length) query.set("open", open.join(","));
  return `${page.dataset.live || document.body.dataset.live}?${query}`;
}

async function refresh() {
  if (live.busy || live.paused || document.hidden) {
    live.dirty = true;
    return;
  }
  live.busy = true;
  live.dirty = false;
  const began = performance.now();
  try {
    const answer = await fetch(address(), { headers: { Accept: "application/json" } });
    if (answer.status === 401) {
      location.reload();
      return;
    }
    if (!answer.ok) throw await failure(answer);
    const news = await answer.json();
    if (live.paused) {
      live.dirty = true; // what was asked before the pause is not shown in it
      return;
    }
    put(news.html);
    if (window.tidewise) window.tidewise.draw(news.figures);
    live.gap = gapAfter(performance.now() - began, news.refresh * SECOND);
  } catch (error) {
    if (window.tidewise) window.tidewise.fail(error);
  } finally {
    live.busy = false;
    live.readAt = performance.now();
    if (live.dirty) ask();
  }
}

// A slow server is asked less, so that no page takes more than a quarter of its time; but one slow
// answer (a restart) must not keep the page waiting for long.
function gapAfter(took, least) {
  const still = page.dataset.moving === "no" ? STILL : SECOND;
  return Math.max(still, least, Math.min(AT_MOST_WAIT, 4 * took));
}

async function failure(answer) {
  const about = await answer.json().catch(() => ({}));
  const error = new Error(about.detail || answer.statusText);
  error.request = about.request_id || answer.headers.get("X-Request-ID") || "";
  return error;
}

// Ask for a refresh: at once when the last one is long enough ago, else as soon as it is.
function ask() {
  if (live.timer || live.paused) {
    live.dirty = true;
    return;
  }
  const wait = Math.max(0, live.readAt + live.gap - performance.now());
  live.timer = setTimeout(() => {
    live.timer = 0;
    refresh();
  }, wait);
}

function put(html) {
  const box = document.createElement("template");
  box.innerHTML = html;
  for (const fresh of [...box.content.children]) {
    const old = fresh.id && document.getElementById(fresh.id);
    if (old) swap(old, fresh);
  }
  document.dispatchEvent(new CustomEvent("tidewise:put"));
}

function swap(old, fresh) {
  const version = fresh.dataset.version;
  if (version !== undefined && version === old.dataset.version) return;
  const text = fresh.outerHTML;
  if (applied.get(fresh.id) === text || writingIn(old)) return;
  applied.set(fresh.id, text);
  for (const kept of old.querySelectorAll("[data-keep][open]")) {
    const same = fresh.querySelector(`[data-keep="${CSS.escape(kept.dataset.keep)}"]`);
    if (same) same.open = true;
  }
  const focus = place(old);
  old.replaceWith(fresh);
  if (focus) document.querySelector(focus)?.focus({ preventScroll: true });
}

// A table that was closed came without its rows; opened, it gets them, also while paused.
async function fill(details) {
  const answer = await fetch(address(), { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const box = document.createElement("template");
  box.innerHTML = (await answer.json()).html;
  const same = box.content.querySelector(`[data-keep="${CSS.escape(details.dataset.keep)}"]`);
  if (same && details.isConnected) details.replaceChildren(...same.childNodes);
}

function writingIn(node) {
  const active = document.activeElement;
  return node.contains(active) && active.matches("input, select, textarea");
}

// Where the keyboard is, so that a replaced part does not lose it.
function place(node) {
  const active = document.activeElement;
  if (!node.contains(active)) return "";
  if (active.dataset.panel) return `[data-panel="${CSS.escape(active.dataset.panel)}"]`;
  if (active.matches("summary")) {
    return `[data-keep="${CSS.escape(active.parentElement.dataset.keep || "")}"] > summary`;
  }
  const href = active.getAttribute("href");
  return href ? `#${CSS.escape(node.id)} a[href="${CSS.escape(href)}"]` : "";
}

function concerns(change) {
  const ref = page.dataset.ref;
  const [topic, name] = change;
  return topic === "overview" || !ref || name === ref;
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/ws/live`);
  socket.onopen = () => {
    live.open = true;
    live.tries = 0;
    live.seq = 0;
    show();
    ask();
  };
  socket.onmessage = (event) => {
    const news = JSON.parse(event.data);
    const missed = news.seq !== live.seq + 1;
    live.seq = news.seq;
    if (missed || news.all || news.changes.some(concerns)) ask();
  };
  socket.onclose = (event) => {
    live.open = false;
    if (event.code === 4401 || event.code === 4403) return location.reload();
    setTimeout(show, 2 * SECOND);
    live.tries += 1;
    const wait = Math.min(AT_MOST_WAIT, SECOND * 2 ** Math.min(live.tries, 4));
    setTimeout(connect, wait * (0.5 + Math.random()));
  };
}

function show() {
  if (lost) lost.hidden = live.open;
  if (!button) return;
  button.hidden = false;
  button.setAttribute("aria-pressed", String(live.paused));
  button.classList.toggle("is-lost", !live.open);
  const words = button.dataset;
  button.querySelector("[data-word]").textContent = live.paused
    ? words.paused
    : live.open
      ? words.live
      : words.lost;
}

function toggle() {
  live.paused = !live.paused;
  show();
  if (live.paused) {
    clearTimeout(live.timer);
    live.timer = 0;
  } else {
    ask();
  }
}

if (button) button.addEventListener("click", toggle);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && (live.dirty || performance.now() - live.readAt > POLL_QUIET)) ask();
});
document.addEventListener(
  "toggle",
  (event) => {
    const details = event.target;
    if (details.open && details.matches("[data-keep]") && !details.querySelector("table, ol")) {
      fill(details);
    }
  },
  true,
);
document.addEventListener("tidewise:theme", () => refresh());
document.addEventListener("tidewise:refresh", () => refresh());
setInterval(() => {
  if (!live.open && !document.hidden) ask();
}, POLL_LOST);
setInterval(() => {
  if (!document.hidden) ask();
}, POLL_QUIET);

window.tidewiseLive = { refresh, ask };
document.addEventListener("DOMContentLoaded", () => {
  if (page.dataset.plotly) refresh();
  connect();
});
