// Arrows go from figure to figure of a report: Tab comes to the one last looked at, and from it out of the table.

const CELL = ":is(th, td)";
const tableOf = (link) => link.closest("table[data-figures]");
const linksIn = (place) => [...place.querySelectorAll(`:is(tbody, tfoot) ${CELL} a`)];
const inRow = (row) => [...row.querySelectorAll(`${CELL} a`)];

function columnOf(link) {
  let column = 0;
  for (let cell = link.closest(CELL).previousElementSibling; cell; cell = cell.previousElementSibling) {
    column += cell.colSpan;
  }
  return column;
}

// The nearest figure of the same column in the rows after, or before.
function beside(link, step) {
  const rows = [...tableOf(link).rows];
  const column = columnOf(link);
  for (let at = rows.indexOf(link.closest("tr")) + step; rows[at]; at += step) {
    const found = inRow(rows[at]).find((each) => columnOf(each) === column);
    if (found) return found;
  }
}

const KEYS = {
  ArrowUp: (link) => beside(link, -1),
  ArrowDown: (link) => beside(link, 1),
  ArrowLeft: (link, row) => row[row.indexOf(link) - 1],
  ArrowRight: (link, row) => row[row.indexOf(link) + 1],
  Home: (link, row) => row[0],
  End: (link, row) => row.at(-1),
  "Control+Home": (link) => linksIn(tableOf(link))[0],
  "Control+End": (link) => linksIn(tableOf(link)).at(-1),
};

document.addEventListener("keydown", (event) => {
  const link = event.target;
  const key = event.ctrlKey ? `Control+${event.key}` : event.key;
  if (event.altKey || event.metaKey || event.shiftKey || !KEYS[key] || !link.matches("a") || !tableOf(link)) return;
  event.preventDefault();
  KEYS[key](link, inRow(link.closest("tr")))?.focus();
});

document.addEventListener("focusin", ({ target }) => {
  if (target.matches("a") && tableOf(target)) stop(target);
});

// Of all the figures of a table Tab stops at this one.
function stop(link) {
  for (const each of linksIn(tableOf(link))) each.tabIndex = each === link ? 0 : -1;
}

function start() {
  for (const table of document.querySelectorAll("table[data-figures]")) {
    const [first] = linksIn(table);
    const here = table.querySelector(":target a") ?? (table.contains(document.activeElement) && document.activeElement);
    if (first) stop(here || first);
  }
}

document.addEventListener("htmx:after:swap", start);
start();
