// What every page does: sends a form once, changes the theme at once, keeps focus where the reader is.

const root = document.documentElement;

// ---- a form marked data-once is sent once, however often its button is pressed

const sending = new WeakSet();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.hasAttribute("data-once") || event.submitter?.hasAttribute("data-again")) return;
  if (sending.has(form)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  sending.add(form);
  // After the values have been gathered: a disabled button would not be among them.
  setTimeout(() => markSending(form, true));
}, { capture: true });

function markSending(form, isSending) {
  if (!isSending) sending.delete(form);
  for (const button of form.querySelectorAll("button[type=submit]")) {
    button.toggleAttribute("disabled", isSending);
    button.setAttribute("aria-disabled", String(isSending));
  }
}

function release() {
  for (const form of document.querySelectorAll("form[data-once]")) markSending(form, false);
}

window.addEventListener("pageshow", release);
document.addEventListener("htmx:finally:request", release);

// ---- the theme changes where the reader is; without this script the server does it

document.addEventListener("click", (event) => {
  const button = event.target.closest(".switch button[name=theme]");
  if (!button) return;
  event.preventDefault();
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `qazyna_theme=${button.value}; path=/; max-age=31536000; samesite=lax${secure}`;
  root.dataset.theme = button.value;
  for (const each of document.querySelectorAll("button[name=theme]")) {
    each.setAttribute("aria-pressed", String(each === button));
  }
});

// ---- a form kept over signing in again leads back to its page by itself

function resume() {
  const form = document.querySelector("form[data-resume]");
  form?.requestSubmit(form.querySelector("button"));
}

if (document.readyState === "complete") resume();
else window.addEventListener("load", resume);

// ---- a page that came without a reload is shown once its own sheets are there, as one that came with it

document.addEventListener("htmx:before:swap", (event) => {
  if (event.detail.ctx.target === document.body) root.classList.add("dressing");
});

document.addEventListener("htmx:finally:swap", async () => {
  const sheets = [...document.querySelectorAll("body > link[rel=stylesheet]")].filter((link) => !link.sheet);
  await Promise.all(sheets.map((link) => new Promise((there) => { link.onload = link.onerror = there; })));
  root.classList.remove("dressing");
});

// ---- after a page came without a reload

document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail.ctx.target !== document.body) return;
  const shell = document.querySelector(".shell");
  if (shell) {
    root.lang = shell.lang;
    root.dataset.theme = shell.dataset.theme;
    root.dataset.density = shell.dataset.density;
  }
  const { anchor } = event.detail.ctx.request ?? {};
  const row = anchor && document.getElementById(decodeURIComponent(anchor));
  const place = row?.querySelector("a") ?? document.querySelector("[autofocus]") ?? document.querySelector("h1");
  row?.scrollIntoView({ block: "center" });
  place?.focus({ preventScroll: place.tagName === "H1" });
});

function sayNoAnswer(isSilent) {
  const notice = document.getElementById("no-answer");
  if (!notice) return;
  notice.hidden = !isSilent;
  if (isSilent) notice.scrollIntoView({ block: "nearest" });
}

document.addEventListener("htmx:error", () => sayNoAnswer(true));
document.addEventListener("htmx:before:request", () => sayNoAnswer(false));

// A link in the list of faults leads to its field: focus, not only scroll.
document.addEventListener("click", (event) => {
  const link = event.target.closest(".faults a[href^='#']");
  const field = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (!field) return;
  event.preventDefault();
  field.focus();
});

// ---- help at a field: F1 opens it, so that Tab goes from field to field

function skipHelp() {
  for (const button of document.querySelectorAll("button.help")) button.tabIndex = -1;
}

skipHelp();
document.addEventListener("htmx:after:swap", skipHelp);

document.addEventListener("keydown", (event) => {
  if (event.key !== "F1" || event.ctrlKey || event.altKey || event.metaKey) return;
  const text = event.target.id && document.getElementById(`help-${event.target.id}`);
  if (!text?.togglePopover) return;
  event.preventDefault();
  text.togglePopover({ source: document.querySelector(`[popovertarget="${CSS.escape(text.id)}"]`) });
});
