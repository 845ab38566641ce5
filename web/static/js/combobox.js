// A text field with a list under it (the ARIA combobox pattern). What is sent is the text itself.
//
// <div class="combobox" data-combobox="/address?…">  asks  /address?q=…  for  [{code, name, verified}]

const PAUSE = 60; // ms after a keystroke before the list is asked for
let pending; // the timer of the next question
let waiting; // the field whose list is on its way
let asked; // what the last question was, so that a late answer to an older one is dropped

const boxOf = (input) => input.closest("[data-combobox]");
const listOf = (input) => document.getElementById(input.getAttribute("aria-controls"));
const isOpen = (input) => input.getAttribute("aria-expanded") === "true";
// Whether Escape closes a list of the field: one that is open, or about to open.
export const hasList = (input) => isOpen(input) || waiting === input;
const options = (input) => [...listOf(input).querySelectorAll("[role=option]:not([aria-disabled])")];
const current = (input) => document.getElementById(input.getAttribute("aria-activedescendant") ?? "");
// Whether the list answers what stands in the field, or what stood there a moment ago.
const isOf = (input) => listOf(input).dataset.question === input.value.trim();

const onInput = (type, handle) =>
  document.addEventListener(type, (event) => {
    const input = event.target;
    if (input instanceof HTMLInputElement && input.matches(".combobox [role=combobox]")) handle(input, event);
  });

onInput("input", (input) => {
  setHint(input);
  clearTimeout(pending);
  waiting = input;
  pending = setTimeout(() => ask(input), PAUSE);
});

onInput("keydown", (input, event) => {
  const key = event.key;
  if (key === "ArrowDown" || key === "ArrowUp") {
    event.preventDefault();
    if (isOpen(input)) move(input, key === "ArrowDown" ? 1 : -1);
    else ask(input);
  } else if (key === "Enter" && isOpen(input) && isOf(input) && current(input)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    choose(input, current(input));
  } else if (key === "Escape" && hasList(input)) {
    event.preventDefault();
    event.stopPropagation();
    forget();
    close(input);
  } else if (key === "Tab" && isOpen(input) && isOf(input) && current(input)) {
    choose(input, current(input));
  }
});

// Leaving the field: a typed code that is in the list is chosen as it stands.
onInput("focusout", (input) => {
  forget();
  close(input);
});

// No list comes any more.
function forget() {
  clearTimeout(pending);
  asked = waiting = undefined;
}

onInput("change", (input) => settle(input));

document.addEventListener("mousedown", (event) => {
  const option = event.target.closest(".combobox [role=option]");
  if (!option) return;
  event.preventDefault(); // focus stays in the field
  if (option.ariaDisabled) return;
  choose(document.querySelector(`[aria-controls="${option.parentElement.id}"]`), option, "mouse");
});

async function ask(input) {
  const question = input.value.trim();
  const token = (asked = {});
  waiting = input;
  const found = await fetchOptions(input, question);
  if (token !== asked) return;
  waiting = undefined;
  if (!found || document.activeElement !== input) return;
  show(input, found, question);
}

const fetchOptions = (input, question) =>
  found(boxOf(input).dataset.combobox, question, input.form?.elements.effective_on?.value);

// What a list says, also where none is shown.
export async function found(source, question, day) {
  const url = new URL(source, location.href);
  url.searchParams.set("q", question);
  if (day) url.searchParams.set("on", day);
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    return answer.ok && answer.headers.get("content-type")?.includes("json") ? await answer.json() : null;
  } catch {
    return null;
  }
}

function show(input, found, question) {
  const list = listOf(input);
  list.replaceChildren(...found.map((each, index) => optionOf(input, each, `${list.id}-${index}`)));
  if (!found.length) list.append(emptyNote(input));
  list.dataset.question = question;
  list.hidden = false;
  input.setAttribute("aria-expanded", "true");
  const exact = found.findIndex((each) => each.code === question);
  point(input, exact >= 0 ? exact : question && found.length ? 0 : -1);
}

function optionOf(input, { code, name, verified }, id) {
  const option = document.createElement("li");
  Object.assign(option, { id, className: "option" });
  Object.assign(option.dataset, { code, name, verified: String(verified) });
  option.setAttribute("role", "option");
  const label = textIn("option-name", "");
  label.append(...named(input, { code, name, verified }));
  option.append(textIn("option-code", code), label);
  return option;
}

function textIn(className, text) {
  const span = document.createElement("span");
  Object.assign(span, { className, textContent: text });
  return span;
}

function emptyNote(input) {
  const note = document.createElement("li");
  Object.assign(note, { className: "option none", textContent: boxOf(input).dataset.empty });
  note.setAttribute("role", "option");
  note.setAttribute("aria-disabled", "true");
  return note;
}

function move(input, step) {
  const all = options(input);
  if (all.length) point(input, (all.indexOf(current(input)) + step + all.length) % all.length);
}

function point(input, index) {
  options(input).forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
  const option = options(input)[index];
  if (option) {
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    input.removeAttribute("aria-activedescendant");
  }
}

// Whoever handles keys of its own takes what the list points at; false where it points at nothing.
export function chooseCurrent(input) {
  const option = isOpen(input) && isOf(input) && current(input);
  if (option) choose(input, option);
  return Boolean(option);
}

function choose(input, option, by = "keyboard") {
  const { code, name, verified } = option.dataset;
  input.value = code;
  input.dataset.settled = code;
  setHint(input, { code, name, verified: verified === "true" });
  close(input);
  input.dispatchEvent(new CustomEvent("combobox:chosen", { bubbles: true, detail: { code, name, by } }));
}

// A code typed in full and left without the list: its name is fetched, and whoever waits for a choice hears of it.
async function settle(input) {
  const code = input.value.trim();
  if (input.dataset.settled === code) return;
  input.dataset.settled = code;
  input.dispatchEvent(new CustomEvent("combobox:chosen", { bubbles: true }));
  const exact = code && (await fetchOptions(input, code))?.find((each) => each.code === code);
  if (input.value.trim() === code) setHint(input, exact || undefined);
}

export function close(input) {
  const list = listOf(input);
  if (!list) return;
  list.hidden = true;
  list.replaceChildren();
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

function setHint(input, value) {
  const hint = boxOf(input).parentElement.querySelector("[data-hint]");
  if (hint) hint.replaceChildren(...(value ? named(input, value) : []));
}

// The name, unless it is but the code, and a mark where nobody has checked it against the act.
function named(input, { code, name, verified }) {
  const shown = name === code ? [] : [name];
  return verified ? shown : [...shown, " ", unverifiedMark(input)];
}

function unverifiedMark(input) {
  const mark = document.createElement("abbr");
  return Object.assign(mark, { className: "unverified", title: boxOf(input).dataset.unverified, textContent: "?" });
}
