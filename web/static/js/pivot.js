// Typing into a pivot: arrows and Enter move, Escape puts back, a block from a spreadsheet is pasted cell by cell.

const typed = (event) => event.target.closest("[data-pivot] input[data-was]");
const place = (input) => input.name.split(".").slice(1).map(Number);

// The cell so many rows down and columns across; the rows of a page have not every number.
function beside(input, down, across) {
  const [row, column] = place(input);
  const rows = [...new Set([...input.form.querySelectorAll("input[data-was]")].map((each) => place(each)[0]))];
  return input.form.querySelector(`input[name="f.${rows[rows.indexOf(row) + down]}.${column + across}"]`);
}

function mark(input) {
  input.closest("td").classList.toggle("mended", input.value.trim() !== input.dataset.was);
}

document.addEventListener("keydown", (event) => {
  const input = typed(event);
  if (!input || event.altKey || event.ctrlKey || event.metaKey) return;
  const step = { ArrowDown: 1, ArrowUp: -1, Enter: event.shiftKey ? -1 : 1 }[event.key];
  if (event.key === "Escape") {
    input.value = input.dataset.was;
    mark(input);
  } else if (step) {
    const next = beside(input, step, 0);
    next?.focus();
    next?.select();
  } else {
    return;
  }
  event.preventDefault();
});

document.addEventListener("input", (event) => {
  const input = typed(event);
  if (input) mark(input);
});

document.addEventListener("paste", (event) => {
  const input = typed(event);
  const text = event.clipboardData.getData("text/plain").replace(/\r?\n$/, "");
  if (!input || !/[\t\n]/.test(text)) return;
  event.preventDefault();
  let taken = 0;
  const lost = [];
  text.split(/\r?\n/).forEach((line, down) => {
    line.split("\t").forEach((value, across) => {
      const cell = beside(input, down, across);
      if (cell) {
        cell.value = value.trim();
        mark(cell);
        taken += 1;
      } else if (value.trim()) {
        lost.push(value.trim());
      }
    });
  });
  tell(input.form, taken, lost);
});

// What found no place is told, never dropped without a word.
function tell(form, taken, lost) {
  const notice = form.querySelector("[data-lost-notice]");
  const said = { "{taken}": taken, "{lost}": lost.length, "{first}": lost[0] };
  notice.hidden = !lost.length;
  notice.textContent = lost.length ? form.dataset.lost.replace(/\{\w+\}/g, (name) => said[name]) : "";
  if (lost.length) notice.scrollIntoView({ block: "nearest" });
}
