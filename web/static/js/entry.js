// The entry form under a quick hand: lines come and go in place, an account brings its fields, Enter leads on.

document.documentElement.classList.add("scripted");

const formOf = (element) => element.closest?.("form[data-entry]");

// ---- lines

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-add-line], [data-copy-line], [data-remove-line]");
  const form = button && formOf(button);
  if (!form) return;
  event.preventDefault();
  const line = button.closest("[data-line]");
  if (button.hasAttribute("data-remove-line")) remove(form, line);
  else if (button.hasAttribute("data-copy-line")) firstField(copy(form, line)).focus();
  else firstField(add(form)).focus();
  settleLines(form);
});

const linesOf = (form) => [...form.querySelectorAll("[data-line]")];
const firstField = (line) => line.querySelector("input");
const nextIndex = (form) => 1 + Math.max(-1, ...linesOf(form).map((line) => Number(line.dataset.line)));

function add(form) {
  const html = form.querySelector("[data-blank-line]").innerHTML;
  return insert(html.replaceAll("__n__", nextIndex(form)), form.querySelector("[data-lines]"), "beforeend");
}

function copy(form, line) {
  const [was, is] = [`postings.${line.dataset.line}.`, `postings.${nextIndex(form)}.`];
  const html = line.outerHTML.replaceAll(was, is).replace(/data-line="\d+"/, `data-line="${nextIndex(form)}"`);
  const made = insert(html, line, "afterend");
  const values = [...line.querySelectorAll("input")].map((input) => input.value);
  made.querySelectorAll("input").forEach((input, at) => { input.value = values[at]; });
  return made;
}

function insert(html, place, where) {
  place.insertAdjacentHTML(where, html);
  return where === "afterend" ? place.nextElementSibling : place.lastElementChild;
}

function remove(form, line) {
  const all = linesOf(form);
  const neighbour = all[all.indexOf(line) + 1] ?? all[all.indexOf(line) - 1] ?? add(form);
  line.remove();
  firstField(neighbour).focus();
}

function settleLines(form) {
  linesOf(form).forEach((line, at) => { line.querySelector("[data-line-number]").textContent = at + 1; });
  showTotal(form);
}

// ---- what the button does, by journal

document.addEventListener("change", (event) => {
  const form = event.target.name === "journal" && formOf(event.target);
  const button = form && form.querySelector("[data-approval-words]");
  if (!button) return;
  const asks = event.target.selectedOptions[0].hasAttribute("data-approval");
  button.value = asks ? "prepare" : "post";
  button.textContent = asks ? button.dataset.approvalWords : button.dataset.words;
  form.querySelector("[data-approval-hint]").hidden = !asks;
});

// ---- the running total

export function tiyn(text) {
  const bare = text.replace(/[\s\u00a0\u2009\u202f']/g, "").replace(/[−–]/, "-").replace(",", ".");
  const parts = /^(-?)(\d{1,16})(?:\.(\d{1,2}))?$/.exec(bare); // more digits are no sum that any book keeps
  return parts ? BigInt(parts[1] + parts[2] + (parts[3] ?? "").padEnd(2, "0")) : 0n;
}

export function money(amount) {
  const digits = String(amount < 0n ? -amount : amount).padStart(3, "0");
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, "\u00a0");
  return `${amount < 0n ? "−" : ""}${whole},${digits.slice(-2)}`;
}

function showTotal(form) {
  const amounts = [...form.querySelectorAll("[data-amount]")].map((input) => tiyn(input.value));
  form.querySelector("[data-total]").textContent = money(amounts.reduce((sum, each) => sum + each, 0n));
}

document.addEventListener("input", (event) => {
  const form = event.target.matches("[data-amount]") && formOf(event.target);
  if (form) showTotal(form);
});

// ---- leaving a field: 1234,5 becomes 1 234,50; 5 or 0511 becomes a whole date

document.addEventListener("change", (event) => {
  const input = event.target;
  if (input.matches?.("[data-amount]") && tiyn(input.value)) input.value = money(tiyn(input.value));
  if (input.matches?.("[data-day]")) input.value = wholeDay(input.value.trim());
});

function wholeDay(text) {
  const today = new Date();
  const parts = /^(\d{1,2})[.,/ ]?(\d{1,2})?[.,/ ]?(\d{2}|\d{4})?\.?$/.exec(text);
  if (!parts) return text;
  const [, day, month = today.getMonth() + 1, year = today.getFullYear()] = parts;
  const century = String(year).length === 2 ? "20" : "";
  return `${String(day).padStart(2, "0")}.${String(month).padStart(2, "0")}.${century}${year}`;
}

// ---- an account brings the fields it asks for

document.addEventListener("combobox:chosen", async (event) => {
  const input = event.target;
  const form = input.hasAttribute("data-account") && formOf(input);
  if (!form) return;
  const side = input.closest("[data-side-of]");
  const details = side.querySelector("[data-side]");
  const url = new URL(form.dataset.sideUrl, location.href);
  url.searchParams.set("name", side.dataset.sideOf);
  url.searchParams.set("account", input.value.trim());
  url.searchParams.set("on", form.elements.effective_on.value);
  for (const field of details.querySelectorAll("input")) {
    url.searchParams.set(field.name.slice(side.dataset.sideOf.length + 1), field.value);
  }
  const html = await fragment(url);
  if (html === null || !details.isConnected) return;
  // A quick hand is already at the field that stood next: it is led back to what the account must have.
  const following = nextField(form, input);
  const hastened = document.activeElement === following && following.value === following.defaultValue;
  const orphaned = details.contains(document.activeElement);
  details.outerHTML = html;
  const wanted = [...side.querySelectorAll("[data-side] input[aria-required]")].find((field) => !field.value);
  if (hastened || orphaned) (wanted ?? (orphaned ? input : null))?.focus();
});

async function fragment(url) {
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" } });
    return answer.ok && !answer.redirected ? await answer.text() : null;
  } catch {
    return null;
  }
}

// ---- keys: Enter to the next field, Ctrl+Enter posts

document.addEventListener("keydown", (event) => {
  const form = event.key === "Enter" && formOf(event.target);
  if (!form || event.isComposing || event.defaultPrevented) return;
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    event.target.blur(); // what was typed settles first
    form.requestSubmit(form.querySelector("[data-post]"));
  } else if (event.target.matches("input, select")) {
    event.preventDefault();
    nextField(form, event.target).focus();
  }
});

// checkVisibility also knows of fields in a folded <details>.
const isShown = (field) => field.checkVisibility?.() ?? field.offsetParent !== null;

function nextField(form, field) {
  const fields = [...form.querySelectorAll("input:not([type=hidden]), select, [data-add-line], [data-post]")];
  return fields.find((each, at) => at > fields.indexOf(field) && isShown(each)) ?? form.querySelector("[data-post]");
}
