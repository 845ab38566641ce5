// Cells pasted anywhere on the page go into its box, and the box says how many rows it has.

const box = () => document.querySelector("[data-intake-paste]");

document.addEventListener("paste", (event) => {
  const field = box();
  const text = event.clipboardData?.getData("text/plain");
  if (!field || !text || event.target.closest?.("input, textarea, [contenteditable]")) return;
  event.preventDefault();
  field.value = text;
  count();
  field.form.querySelector("button[value=bring]").focus();
});

document.addEventListener("input", (event) => {
  if (event.target.matches?.("[data-intake-paste]")) count();
});

function count() {
  const said = document.querySelector("[data-intake-count]");
  const rows = box().value.split(/\r\n|\r|\n/).filter((row) => row.trim()).length;
  said.textContent = rows ? said.dataset.one.replace("%", rows) : "";
}
