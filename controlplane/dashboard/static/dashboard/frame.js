// What every page's frame does beyond HTML: menus, theme without a reload, copying, shortcuts.
// Everything here is a convenience: without it forms are sent and pages are read all the same.
"use strict";

const YEAR = 365 * 24 * 3600;
const KEYS_OFF = "tidewise.keys";

// Values are words and zone names: nothing that a cookie would need encoded.
function remember(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/; Max-Age=${YEAR}; SameSite=Lax${secure}`;
}

// The browser's own zone, so that the server can write every time in it. Only where a person
// wants that zone, and only once per zone, the page is read again.
function tellZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const { zoneChoice, zone: shown } = document.body.dataset;
  const known = document.cookie.includes(`tidewise_browser_zone=${zone}`);
  if (!zone || known) return;
  remember("tidewise_browser_zone", zone);
  if (zoneChoice === "browser" && shown !== zone && document.cookie.includes("tidewise_browser_zone")) {
    location.reload();
  }
}

function chooseTheme(form) {
  form.addEventListener("submit", (event) => {
    const theme = event.submitter && event.submitter.value;
    if (!theme) return;
    event.preventDefault();
    remember("tidewise_theme", theme);
    document.documentElement.dataset.theme = theme;
    for (const button of form.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.value === theme));
    }
    form.closest("details").open = false;
    document.dispatchEvent(new CustomEvent("tidewise:theme"));
  });
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("click", (event) => {
  const menu = event.target.closest("details.menu");
  closeMenus(menu);
  const copy = event.target.closest("[data-copy]");
  if (copy) copyFrom(copy);
});

function copyFrom(button) {
  const code = button.parentElement.querySelector("code");
  const say = () => {
    button.textContent = document.body.dataset.copied;
  };
  if (navigator.clipboard) {
    navigator.clipboard.writeText(code.textContent).then(say, () => select(code));
  } else {
    select(code);
  }
}

function select(node) {
  const range = document.createRange();
  range.selectNodeContents(node);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

// Single keys, which can be switched off (WCAG 2.1.4), and never while somebody writes.
function keysOn() {
  return localStorage.getItem(KEYS_OFF) !== "off";
}

function press(selector) {
  const found = document.querySelector(selector);
  if (found) found.click();
  return Boolean(found);
}

const ACTIONS = {
  "?": () => openHelp(),
  t: () => press('[data-key="t"]'),
  r: () => document.dispatchEvent(new CustomEvent("tidewise:refresh")),
  p: () => press("#live"),
  "[": () => press('[data-key="["]'),
  "]": () => press('[data-key="]"]'),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const open = document.querySelector("details.menu[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
    return;
  }
  const writes = event.target.closest("input, select, textarea, [contenteditable]");
  if (event.ctrlKey || event.metaKey || event.altKey || writes || !keysOn()) return;
  if (document.querySelector("dialog[open]")) return;
  const act = ACTIONS[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

function openHelp() {
  const help = document.getElementById("help");
  if (help && !help.open) help.showModal();
}

function setUpHelp() {
  const help = document.getElementById("help");
  if (!help) return;
  help.querySelector("[data-close]").addEventListener("click", () => help.close());
  const toggle = help.querySelector("[data-shortcuts]");
  const show = () => {
    toggle.setAttribute("aria-pressed", String(keysOn()));
    toggle.textContent = keysOn() ? toggle.dataset.on : toggle.dataset.off;
  };
  toggle.addEventListener("click", () => {
    localStorage.setItem(KEYS_OFF, keysOn() ? "off" : "on");
    show();
  });
  show();
  for (const button of document.querySelectorAll("[data-open-help]")) {
    button.hidden = false;
    button.addEventListener("click", openHelp);
  }
}

for (const form of document.querySelectorAll("[data-theme-form]")) chooseTheme(form);
function showCopies() {
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
}

showCopies();
document.addEventListener("tidewise:put", showCopies);
for (const field of document.querySelectorAll("[data-submits]")) {
  field.addEventListener("change", () => field.form.requestSubmit());
}
setUpHelp();
tellZone();
