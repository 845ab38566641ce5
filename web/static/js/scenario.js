// The scenario page under a quick hand: a slider or a number moves, the figures beside it follow; nothing is saved.

const PAUSE = 80; // milliseconds of quiet before the server is asked

let waiting = 0;
let asked = null;

const formOf = (element) => element.closest?.("form[data-scenario]");
const number = (text) => text.trim().replace(/[\s\u00a0\u202f]/g, "").replace("−", "-").replace(",", ".");

document.addEventListener("input", (event) => {
  const form = formOf(event.target);
  if (!form) return;
  const field = event.target.closest("[data-value]");
  const [text, slider] = [field?.querySelector("input[type=text]"), field?.querySelector("input[type=range]")];
  if (event.target === slider) text.value = slider.value.replace(".", ",");
  else if (event.target === text) slider.value = number(text.value);
  if (field) field.classList.toggle("changed", number(text.value) !== text.dataset.saved);
  clearTimeout(waiting);
  waiting = setTimeout(() => refresh(form), PAUSE);
});

document.addEventListener("change", (event) => {
  const form = event.target.matches("select") && formOf(event.target);
  if (form) refresh(form);
});

document.addEventListener("submit", (event) => {
  const form = event.target.matches("form[data-scenario]") && event.target;
  if (!form) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  clearTimeout(waiting);
  refresh(form);
}, { capture: true });

// What differs from what is saved, as the address has it: a link to the page shows the same figures.
function asking(form) {
  const query = new URLSearchParams();
  for (const field of form.elements) {
    if (!field.name) continue;
    const saved = field.dataset.saved;
    if (saved === undefined ? field.value : number(field.value) !== saved) query.append(field.name, field.value);
  }
  return query;
}

async function refresh(form) {
  const query = asking(form);
  const shown = document.getElementById("shown");
  asked?.abort();
  asked = new AbortController();
  shown.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(`${form.dataset.figures}&${query}`, { signal: asked.signal });
    if (answer.redirected || !answer.headers.get("content-type")?.startsWith("text/html")) {
      location.assign(`${form.action}?${query}`);
      return;
    }
    if (!answer.ok) throw new Error(`${answer.status}`);
    shown.innerHTML = await answer.text();
    for (const field of form.querySelectorAll("[data-value]")) {
      const text = field.querySelector("input[type=text]");
      const isWrong = Boolean(shown.querySelector(`.faults a[href="#${text.id}"]`));
      field.classList.toggle("wrong", isWrong);
      text.setAttribute("aria-invalid", isWrong);
    }
    const address = `${form.getAttribute("action")}${query.size ? `?${query}` : ""}`;
    history.replaceState(history.state, "", address);
    for (const next of document.querySelectorAll("#preferences [name=next]")) next.value = address;
    shown.removeAttribute("aria-busy");
    document.getElementById("no-answer").hidden = true;
  } catch (error) {
    if (error.name === "AbortError") return;
    shown.removeAttribute("aria-busy");
    document.getElementById("no-answer").hidden = false;
  }
}
