// A sheet as it is typed: cells of text, edits that can be undone, blocks in and out. Knows nothing of pages.
//
// A cell's name is that of the field it fills: "debit.account", "credit.dimensions.counterparty", "amount".

export const HEAD = ["journal", "effective_on", "document_number", "document_on", "memo"];
export const MOST_ROWS = 1000;
export const LONGEST = 4000; // characters of a cell: more than any is taken with, so what was cut is still too long
const SIDES = ["debit", "credit"];
const DIMENSIONS = "dimensions.";

export class Sheet {
  constructor(wire) {
    this.head = Object.fromEntries(HEAD.map((name) => [name, wire[name] ?? ""]));
    this.rows = wire.rows.map(flat);
    this.done = [];
    this.undone = [];
    this.step = null;
  }

  // As the program takes it, with a cell that is being typed: what is empty is left out, so are blank rows at the end.
  wire(open = null) {
    const rows = open ? this.rows.with(open.row, { ...this.rows[open.row], [open.field]: open.text }) : this.rows;
    const last = rows.findLastIndex((row) => !isBlank(row));
    return { ...filled(this.head), rows: rows.slice(0, last + 1).map((row) => nested(filled(row))) };
  }

  text(row, field) {
    return this.rows[row]?.[field] ?? "";
  }

  // Blank rows up to a number: they are room to type in, no edit.
  reach(count) {
    while (this.rows.length < Math.min(count, MOST_ROWS)) this.rows.push({});
  }

  // ---- edits; those made within one act are one step of undo

  // What was edited, in order.
  act(work, place) {
    const { edits } = (this.step = { edits: [], place });
    work();
    if (edits.length) {
      this.done.push(this.step);
      this.undone = [];
    }
    this.step = null;
    return edits;
  }

  put(row, field, text) {
    const before = this.text(row, field);
    const after = kept(text);
    if (before === after) return;
    this.reach(row + 1);
    this.record({ row, field, before, after });
  }

  insert(at, rows) {
    for (const row of rows) if (this.rows.length < MOST_ROWS) this.record({ at: at++, row: { ...row } });
  }

  remove(at, count) {
    for (let left = Math.min(count, this.rows.length - at); left > 0; left--) {
      this.record({ at, gone: { ...this.rows[at] } });
    }
  }

  record(edit) {
    apply(this.rows, edit);
    this.step.edits.push(edit);
  }

  // The edits that take a step back and the place where it was made, or nothing where there is none left.
  undo() {
    return this.move(this.done, this.undone, (edits) => edits.toReversed().map(reverse));
  }

  redo() {
    return this.move(this.undone, this.done, (edits) => edits);
  }

  move(from, to, turned) {
    const step = from.pop();
    if (!step) return null;
    to.push(step);
    const edits = turned(step.edits);
    for (const edit of edits) apply(this.rows, edit);
    return { edits, place: step.place };
  }
}

function apply(rows, edit) {
  if ("field" in edit) {
    if (edit.after) rows[edit.row][edit.field] = edit.after;
    else delete rows[edit.row][edit.field];
  } else if ("gone" in edit) {
    rows.splice(edit.at, 1);
  } else {
    rows.splice(edit.at, 0, { ...edit.row });
  }
}

function reverse(edit) {
  if ("field" in edit) return { ...edit, before: edit.after, after: edit.before };
  return "gone" in edit ? { at: edit.at, row: edit.gone } : { at: edit.at, gone: edit.row };
}

export const isBlank = (row) => !Object.values(row).some((text) => text.trim());
const filled = (cells) =>
  Object.fromEntries(Object.entries(cells).flatMap(([name, text]) => (text ? [[name, kept(text)]] : [])));

// A text as far as the program keeps one: no longer than a cell, whole characters, no NUL.
const kept = (text) => text.slice(0, LONGEST).replaceAll("\0", "").toWellFormed();

// ---- rows as the program sends them, and as cells

export function flat(row) {
  const cells = { amount: row.amount, memo: row.memo };
  for (const name of SIDES) {
    const side = row[name] ?? {};
    for (const part of ["account", "quantity", "currency_amount"]) cells[`${name}.${part}`] = side[part];
    for (const [slug, code] of Object.entries(side.dimensions ?? {})) cells[`${name}.${DIMENSIONS}${slug}`] = code;
  }
  return filled(cells);
}

function nested(cells) {
  const row = {};
  for (const [field, text] of Object.entries(cells)) {
    const [name, ...parts] = field.split(".");
    if (!SIDES.includes(name)) {
      row[name] = text;
      continue;
    }
    const side = (row[name] ??= {});
    if (parts.length === 1) side[parts[0]] = text;
    else (side.dimensions ??= {})[parts[1]] = text;
  }
  return row;
}

// ---- blocks as spreadsheets copy them: tabs between cells; a cell with a tab, a line or a quote in it is quoted

export function blockOf(text) {
  const rows = [[""]];
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    const row = rows.at(-1);
    if (quoted) {
      if (char !== '"') row[row.length - 1] += char;
      else if (text[at + 1] === '"') row[row.length - 1] += text[at++];
      else quoted = false;
    } else if (char === '"' && row.at(-1) === "" && closes(text, at)) quoted = true;
    else if (char === "\t") row.push("");
    else if (char === "\n") rows.push([""]);
    else if (char !== "\r") row[row.length - 1] += char;
  }
  if (rows.length > 1 && rows.at(-1).join("") === "") rows.pop();
  return rows.map((row) => row.map((cell) => cell.replace(/\s*\n\s*/g, " ").trim()));
}

// Whether a quote begins a quoted cell: its end stands before a tab, a line's end or the end of all.
function closes(text, at) {
  const end = /^"(?:[^"]|"")*"(?=\t|\r?\n|$)/.exec(text.slice(at));
  return Boolean(end);
}

export function textOf(block) {
  const cell = (text) => (/[\t\n"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return block.map((row) => row.map(cell).join("\t")).join("\n");
}
