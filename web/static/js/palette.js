// The search window over any page (Ctrl+K), the list of keys (?), and keys that lead to places (g then a letter).
// Without this script the same stand on pages of their own, /find and /keys.

const PAUSE = 120; // ms after a keystroke before findings are asked for
const SEQUENCE = 1500; // ms between the keys of one command
const KEPT = 8; // places remembered
const STORE = "qazyna.recent";

const shell = () => document.querySelector(".shell");
const palette = () => document.getElementById("palette");
const field = () => document.getElementById("palette-q");
const list = () => document.getElementById("palette-list");
const options = () => [...list().querySelectorAll("[role=option]")];
const current = () => document.getElementById(field().getAttribute("aria-activedescendant") ?? "");

let pending; // the timer of the next question
let asked; // the last question, so that a late answer to an older one is dropped
let isWaiting = false; // whether what is shown answers an older question
let goes = false; // Enter was pressed while waiting: to the first finding as soon as it is there
let last; // the first key of a command, and when it was pressed

// ---- the window

function open() {
  const window = palette();
  if (!window || window.open || document.querySelector("dialog[open]")) return;
  window.showModal();
  field().value = "";
  list().replaceChildren();
  ask();
}

async function ask() {
  clearTimeout(pending);
  const token = (asked = {});
  const words = field().value.trim();
  const url = new URL(list().dataset.source, location.href);
  url.searchParams.set("q", words);
  isWaiting = true;
  list().setAttribute("aria-busy", "true");
  const html = await fragment(url);
  if (token !== asked || !palette()?.open) return;
  list().removeAttribute("aria-busy");
  isWaiting = false;
  if (html === null) {
    goes = false;
    return say(list().dataset.silent);
  }
  list().innerHTML = html;
  if (!words) list().prepend(...recent());
  say(list().querySelector("[data-found]").dataset.found);
  point(words ? options()[0] : undefined);
  if (goes) go(options()[0]);
}

function go(option) {
  goes = false;
  if (!option) return;
  palette().close();
  option.click();
}

async function fragment(url) {
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" } });
    return answer.ok && !answer.redirected ? await answer.text() : null;
  } catch {
    return null;
  }
}

function say(words) {
  document.getElementById("palette-said").textContent = words;
}

function point(option) {
  for (const each of options()) each.setAttribute("aria-selected", String(each === option));
  if (option) {
    field().setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    field().removeAttribute("aria-activedescendant");
  }
}

function move(step) {
  const all = options();
  const at = all.indexOf(current());
  if (all.length) point(all[at < 0 && step < 0 ? all.length - 1 : (at + step + all.length) % all.length]);
}

document.addEventListener("input", (event) => {
  if (event.target !== field()) return;
  asked = undefined; // what is on its way answers another question
  isWaiting = true;
  goes = false;
  clearTimeout(pending);
  pending = setTimeout(ask, PAUSE);
});

document.addEventListener("keydown", (event) => {
  if (event.target.id !== "palette-q" || event.isComposing) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    move(step);
  } else if (event.key === "Enter" && isWaiting) {
    event.preventDefault();
    goes = true;
  } else if (event.key === "Enter" && current()) {
    event.preventDefault();
    go(current());
  }
});

// A click beside a window closes it; one on what leads elsewhere too.
document.addEventListener("click", (event) => {
  const window = event.target.closest("dialog");
  if (event.target === window && window.matches(".palette, .keys-window")) window.close();
  const opener = event.target.closest("[data-palette], [data-keys]");
  if (!opener || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  event.stopPropagation();
  if (opener.hasAttribute("data-palette")) open();
  else showKeys();
}, { capture: true });

// ---- places that this person was at, the last first; they stay in this browser until signing out

function places() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE) ?? "null");
    return kept?.user === shell()?.dataset.user ? kept.places : [];
  } catch {
    return [];
  }
}

function remember() {
  const { user, place: url } = shell()?.dataset ?? {};
  if (!user || !url) return;
  const title = document.title.replace(/ · [^·]*$/, "");
  const where = document.querySelector(".institution-name")?.textContent ?? "";
  const others = places().filter((each) => each.url !== url);
  localStorage.setItem(STORE, JSON.stringify({ user, places: [{ url, title, where }, ...others].slice(0, KEPT + 1) }));
}

function recent() {
  const shown = places().filter((each) => each.url !== shell().dataset.place && each.url.startsWith("/")).slice(0, KEPT);
  if (!shown.length) return [];
  const group = element("div", { role: "group", "aria-labelledby": "found-recent" });
  const title = element("p", { role: "presentation", id: "found-recent", class: "found-group" }, list().dataset.recent);
  group.append(title, ...shown.map(({ url, title: name, where }, at) => {
    const link = element("a", { role: "option", id: `found-recent-${at}`, href: url, tabindex: "-1", "aria-selected": "false" });
    link.append(element("span", { class: "found-title" }, name), " ", element("span", { class: "found-detail" }, where));
    return link;
  }));
  return [group];
}

function element(tag, attributes, text = "") {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}

function settled() {
  try {
    remember();
  } catch {
    // a browser that keeps nothing: the window then has no places of its own
  }
}

document.addEventListener("submit", (event) => {
  if (event.target.matches("form[action='/sign-out']")) localStorage.removeItem(STORE);
});

settled();
document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail.ctx.target === document.body) settled();
});

// ---- keys

const typing = "input, textarea, select, [contenteditable], [role=grid], [role=listbox], [role=combobox], dialog";

document.addEventListener("keydown", (event) => {
  const { ctrlKey, metaKey, altKey, shiftKey, code, key } = event;
  if (event.defaultPrevented || event.isComposing) return;
  if ((ctrlKey || metaKey) && !altKey && !shiftKey && code === "KeyK") {
    event.preventDefault();
    return open();
  }
  if (ctrlKey || metaKey || altKey || !shell()?.hasAttribute("data-single-keys") || event.target.closest?.(typing)) return;
  const first = last && event.timeStamp - last.at < SEQUENCE ? last.code : "";
  last = { code, at: event.timeStamp };
  if (key === "/") {
    event.preventDefault();
    open();
  } else if (key === "?") {
    event.preventDefault();
    showKeys();
  } else if (first === "KeyG" && code.startsWith("Key")) {
    const letter = code.slice(3).toLowerCase();
    const link = document.querySelector(`a[data-go="${letter}"]`);
    if (link) {
      event.preventDefault();
      last = undefined;
      link.click();
    }
  }
});

async function showKeys() {
  const link = document.querySelector("a[data-keys]");
  const window = document.getElementById("keys");
  if (!link || !window || document.querySelector("dialog[open]")) return;
  const html = await fragment(link.href);
  const found = html && new DOMParser().parseFromString(html, "text/html").getElementById("keys-list");
  if (!found) return location.assign(link.href);
  window.querySelector("[data-shown]").replaceChildren(document.adoptNode(found));
  window.showModal();
}
