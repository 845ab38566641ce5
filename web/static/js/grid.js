// The table of an entry: a WAI-ARIA grid over a sheet, driven by the keyboard. Plain forms do the same without it.

const edition = new URL(import.meta.url).search; // modules change their address together
const [{ Sheet, HEAD, LONGEST, MOST_ROWS, blockOf, flat, isBlank, textOf }, { Keeper }, { money, tiyn }, combobox] =
  await Promise.all(["grid-sheet", "grid-keeper", "entry", "combobox"].map((name) => import(`./${name}.js${edition}`)));

const ROOM = 20; // blank rows at first
const SPARE = 4; // and below the last that is filled
const LOOK = 500; // ms after a change before faults and names are asked for
const TALL = 10; // rows of a page up or down

class Grid {
  constructor(form) {
    this.form = form;
    this.table = form.querySelector("[role=grid]");
    this.body = form.querySelector("[data-rows]");
    this.list = form.querySelector("[data-list]");
    this.given = JSON.parse(form.querySelector("[data-given]").textContent);
    this.words = this.given.words;
    this.chart = this.given.chart;
    this.names = this.given.names;
    this.extra = new Set();
    this.faults = new Map();
    this.sheet = new Sheet(this.given.sheet);
    this.at = { row: 0, column: 0 };
    this.from = null; // the other corner of a selection
    this.editing = null;
    this.keeper = new Keeper({
      address: form.dataset.address,
      page: location.pathname,
      csrf: form.dataset.csrf,
      copies: form.dataset.copies,
      version: this.given.version,
      sheet: this.wire,
      now: () => this.wire,
      say: (state, detail) => this.saySaved(state, detail),
      meet: (theirs) => { this.theirs = theirs; },
      take: (wire) => this.take(wire),
    });
    this.early = this.typedEarly();
    Object.assign(this.sheet.head, this.early);
    this.listen();
    this.showHead();
    this.lay();
    this.replay();
    this.check(false);
    form.dataset.ready = "yes";
  }

  close() {
    if (this.editing) this.commit();
    clearTimeout(this.looking);
    this.keeper.close();
    for (const [type, handle] of this.heard) document.removeEventListener(type, handle);
    removeEventListener("resize", this.resized);
  }

  resized = () => this.placeList();

  // Fields of the head that were typed in before this script began.
  typedEarly() {
    const typed = HEAD.map((name) => this.form.elements[name]).filter((field) => field.value !== givenOf(field));
    return Object.fromEntries(typed.map((field) => [field.name, field.value]));
  }

  // What is typed, up to the letter that was typed last.
  get wire() {
    const { row, field, input } = this.editing ?? {};
    return this.sheet.wire(input && { row, field, text: input.value });
  }

  listen() {
    this.table.addEventListener("keydown", (event) => this.key(event));
    this.table.addEventListener("mousedown", (event) => this.press(event));
    this.table.addEventListener("dblclick", (event) => this.cellOf(event.target) && this.edit());
    this.table.addEventListener("mouseover", (event) => this.drag(event));
    this.table.addEventListener("focusout", (event) => this.left(event));
    this.form.querySelector("[data-frame]").addEventListener("scroll", () => this.placeList(), { passive: true });
    this.form.addEventListener("input", (event) => this.typedInHead(event.target));
    this.form.addEventListener("focusout", (event) => this.typedInHead(event.target)); // a day is made whole by then
    this.form.addEventListener("keydown", (event) => this.keyOfForm(event));
    this.form.addEventListener("click", (event) => this.click(event));
    this.form.addEventListener("combobox:chosen", (event) => this.chosen(event));
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.heard = [
      ["copy", (event) => this.copy(event)],
      ["cut", (event) => this.copy(event) && this.clear()],
      ["paste", (event) => this.paste(event)],
    ];
    for (const [type, handle] of this.heard) document.addEventListener(type, handle);
    addEventListener("resize", this.resized);
  }

  // ------------------------------------------------------------------------------------------ what is shown

  // Columns that some row asks for or fills, in the order of the paper: sides, amounts, text.
  columnsNow() {
    const used = this.columnsUsed();
    return this.given.columns.filter(({ always, field }) => always || used.has(field) || this.extra.has(field));
  }

  columnsUsed() {
    const used = new Set();
    for (const row of this.sheet.rows) {
      for (const [field, text] of Object.entries(row)) if (text) used.add(field);
      for (const side of ["debit", "credit"]) {
        const account = this.chart[row[`${side}.account`]?.trim()];
        if (!account) continue;
        for (const each of this.given.dimensions) {
          if (account.asks & each.bit) used.add(`${side}.dimensions.${each.slug}`);
          if (account.asks & each.bit && each.slug === "currency") used.add(`${side}.currency_amount`);
        }
        if (account.counted) used.add(`${side}.quantity`);
      }
    }
    for (const side of ["debit", "credit"]) {
      const currency = `${side}.dimensions.currency`;
      if (used.has(currency) || this.extra.has(currency)) used.add(`${side}.currency_amount`);
    }
    return used;
  }

  // All of it anew; one stays in the column where one is.
  lay() {
    const hadFocus = this.body.contains(document.activeElement);
    const field = this.columns?.[this.at.column]?.field;
    this.columns = this.columnsNow();
    this.at.column = Math.max(0, this.columns.findIndex((column) => column.field === field));
    this.sheet.reach(Math.max(ROOM, this.lastFilled() + 1 + SPARE));
    const widths = this.columns.map((column) => this.given.widths[column.kind]);
    this.table.style.setProperty("--sheet-columns", `2.75rem ${widths.join(" ")}`);
    this.table.setAttribute("aria-colcount", this.columns.length + 1);
    this.form.querySelector("[data-heads]").replaceChildren(this.headOf());
    this.body.replaceChildren(...this.sheet.rows.map((_, row) => this.rowOf(row)));
    this.settleRows();
    this.showExtra();
    this.point(this.at, { focus: hadFocus });
  }

  lastFilled() {
    return this.sheet.rows.findLastIndex((row) => !isBlank(row));
  }

  headOf() {
    const head = element("div", { className: "sheet-row", role: "row", "aria-rowindex": 1 });
    head.append(element("div", { className: "sheet-no", role: "columnheader", "aria-colindex": 1 }, "№"));
    this.columns.forEach((column, at) => {
      const props = { className: `sheet-head ${column.kind}`, role: "columnheader", "aria-colindex": at + 2 };
      head.append(element("div", { ...props, title: column.title }, column.title));
    });
    return head;
  }

  rowOf(row) {
    const line = element("div", { className: "sheet-row", role: "row", "aria-rowindex": row + 2 });
    line.append(element("div", { className: "sheet-no", role: "rowheader", "aria-colindex": 1 }, String(row + 1)));
    this.columns.forEach((column, at) => line.append(this.fill(element("div"), row, column, at)));
    return line;
  }

  // A cell as it stands: the code with its name, the fault below.
  fill(cell, row, column, at) {
    const text = this.sheet.text(row, column.field);
    const fault = this.faults.get(`${row}.${column.field}`);
    const asked = this.isAsked(row, column);
    const isIdle = !asked && !text && this.isKnown(row, column);
    const isWanted = asked && !text && this.isWanted(row, column);
    cell.className = `sheet-cell ${column.kind}${isIdle ? " idle" : ""}${isWanted ? " wanted" : ""}`;
    cell.tabIndex = -1;
    cell.setAttribute("role", "gridcell");
    cell.setAttribute("aria-colindex", at + 2);
    const shown = column.kind === "amount" && tiyn(text) ? money(tiyn(text)) : text;
    cell.replaceChildren(element("span", { className: "sheet-text" }, shown));
    const name = text && this.nameOf(column, text.trim());
    if (name) cell.append(" ", element("span", { className: "sheet-name" }, name));
    cell.title = name ? `${text} ${name}` : "";
    if (fault) {
      const id = `fault-${row}-${column.field}`;
      cell.append(element("span", { className: "sheet-fault", id }, fault));
      cell.setAttribute("aria-invalid", "true");
      cell.setAttribute("aria-describedby", id);
      cell.title = fault;
    } else {
      cell.removeAttribute("aria-invalid");
      cell.removeAttribute("aria-describedby");
    }
    return cell;
  }

  // Whether the row's account asks for a cell, or lets it be filled; what another account needs stays idle.
  isAsked(row, column) {
    const other = { debit: "credit", credit: "debit" }[column.side];
    if (!other) return true;
    const account = this.chart[this.sheet.text(row, `${column.side}.account`).trim()];
    const opposite = this.chart[this.sheet.text(row, `${other}.account`).trim()];
    if (column.part === "account") return Boolean(account) || !opposite?.off;
    if (!account) return false;
    if (column.part === "quantity") return account.counted;
    if (column.part === "currency_amount") {
      return Boolean(this.sheet.text(row, `${column.side}.dimensions.currency`)) || (account.asks & column.bit) > 0;
    }
    const must = (account.asks & column.bit) > 0;
    return must || ((account.may & column.bit) > 0 && this.extra.has(column.field));
  }

  // Whether it is known what the row asks for on a side.
  isKnown(row, { side, part }) {
    return part === "account" || Boolean(this.chart[this.sheet.text(row, `${side}.account`).trim()]);
  }

  // Whether a row that says something already cannot do without a cell.
  isWanted(row, { kind, side, part, bit }) {
    if (kind === "text" || isBlank(this.sheet.rows[row])) return false;
    const account = this.chart[this.sheet.text(row, `${side}.account`).trim()];
    return part !== "dimensions" || (account?.asks & bit) > 0;
  }

  nameOf(column, code) {
    if (column.kind === "account") return this.chart[code]?.name ?? "";
    return column.kind === "value" ? (this.names[column.slug]?.[code] ?? "") : "";
  }

  lineAt(row) {
    return this.body.children[row];
  }

  cellAt({ row, column }) {
    return this.lineAt(row)?.children[column + 1];
  }

  refresh(row) {
    const line = this.lineAt(row);
    if (!line) return;
    this.columns.forEach((column, at) => {
      const isOpen = this.editing?.row === row && this.editing.column === at;
      if (!isOpen) this.fill(line.children[at + 1], row, column, at);
    });
    if (row === this.at.row) this.point(this.at, { focus: false });
  }

  // After edits: another set of columns lays everything anew, else the rows concerned alone.
  show(edits) {
    const stale = new Set();
    for (const { row, field } of edits.filter((edit) => "field" in edit)) {
      this.faults.delete(`${row}.${field}`);
      stale.add(row);
    }
    const moved = edits.filter((edit) => !("field" in edit));
    if (moved.length) {
      for (const name of this.faults.keys()) stale.add(Number(name.split(".")[0]));
      this.faults.clear(); // they stand by the row's number, and are asked for anew
    }
    if (!this.editing && !this.hasColumns(this.columnsNow())) {
      this.lay();
    } else {
      for (const edit of moved) this.moveLine(edit);
      this.grow();
      if (moved.length) this.renumber(Math.min(...moved.map(({ at }) => at)), moved.length);
      for (const row of stale) this.refresh(row);
    }
    this.settleRows();
    this.touched();
  }

  hasColumns(columns) {
    return columns.length === this.columns.length && columns.every((column, at) => column === this.columns[at]);
  }

  moveLine({ at, gone }) {
    const line = this.lineAt(at);
    if (gone) line?.remove();
    else if (line) line.before(this.rowOf(at));
    else this.body.append(this.rowOf(at));
  }

  renumber(from, count) {
    for (let row = from; row < this.body.children.length; row++) {
      const line = this.lineAt(row);
      line.setAttribute("aria-rowindex", row + 2);
      line.firstChild.textContent = String(row + 1);
      if (row < from + count) this.refresh(row);
    }
  }

  grow() {
    this.sheet.reach(Math.max(this.body.children.length, this.lastFilled() + 1 + SPARE));
    for (let row = this.body.children.length; row < this.sheet.rows.length; row++) this.body.append(this.rowOf(row));
  }

  settleRows() {
    this.table.setAttribute("aria-rowcount", this.sheet.rows.length + 1);
    const filled = this.sheet.rows.filter((row) => !isBlank(row));
    const total = filled.reduce((sum, row) => sum + tiyn(row.amount ?? ""), 0n);
    this.form.querySelector("[data-total]").textContent = money(total);
    this.form.querySelector("[data-filled]").textContent = String(filled.length);
    this.showSelection();
  }

  // ------------------------------------------------------------------------------------------ where one is

  point(at, { focus = true, extend = false } = {}) {
    const row = clamp(at.row, 0, this.sheet.rows.length - 1);
    const column = clamp(at.column, 0, this.columns.length - 1);
    if (extend) this.from ??= this.at;
    else if (focus) this.from = null;
    this.table.querySelector("[tabindex='0']")?.setAttribute("tabindex", "-1");
    this.at = { row, column };
    const cell = this.cellAt(this.at);
    cell.tabIndex = 0;
    if (focus) {
      cell.focus({ preventScroll: true });
      cell.scrollIntoView({ block: "nearest", inline: "nearest" });
      this.leaving = false;
    }
    this.showSelection();
    this.tell(cell);
  }

  // What the cell one is at has no room for.
  tell(cell) {
    const told = this.form.querySelector("[data-told]");
    told.textContent = cell.title;
    told.classList.toggle("wrong", cell.hasAttribute("aria-invalid"));
  }

  get range() {
    const other = this.from ?? this.at;
    return {
      top: Math.min(this.at.row, other.row),
      bottom: Math.max(this.at.row, other.row),
      start: Math.min(this.at.column, other.column),
      end: Math.max(this.at.column, other.column),
    };
  }

  showSelection() {
    const { top, bottom, start, end } = this.range;
    const wanted = new Set();
    if (this.from) {
      for (let row = top; row <= bottom; row++) {
        for (let column = start; column <= end; column++) wanted.add(this.cellAt({ row, column }));
      }
    }
    for (const cell of this.table.querySelectorAll("[aria-selected=true]")) {
      if (!wanted.has(cell)) cell.removeAttribute("aria-selected");
    }
    for (const cell of wanted) cell?.setAttribute("aria-selected", "true");
    const amounts = this.columns.findIndex((column) => column.field === "amount");
    const sum = this.form.querySelector("[data-selected]");
    sum.hidden = !(this.from && start <= amounts && amounts <= end && top < bottom);
    if (sum.hidden) return;
    let total = 0n;
    for (let row = top; row <= bottom; row++) total += tiyn(this.sheet.text(row, "amount"));
    sum.querySelector("output").textContent = money(total);
  }

  step(rows, columns, extend = false) {
    this.point({ row: this.at.row + rows, column: this.at.column + columns }, { extend });
  }

  // The next cell that is asked for, row after row; below the last row a new one.
  onward(back = false) {
    const by = back ? -1 : 1;
    let { row, column } = this.at;
    for (;;) {
      column += by;
      if (column < 0 || column >= this.columns.length) {
        row += by;
        column = back ? this.columns.length - 1 : 0;
        if (row < 0) return false;
        if (row >= this.sheet.rows.length) {
          if (row >= MOST_ROWS) return false;
          this.sheet.reach(row + 1);
          this.grow();
        }
      }
      if (this.isAsked(row, this.columns[column])) break;
    }
    this.point({ row, column });
    return true;
  }

  cellOf(target) {
    const cell = target.closest?.(".sheet-cell");
    if (!cell || !this.body.contains(cell)) return null;
    const row = [...this.body.children].indexOf(cell.parentElement);
    return { row, column: Number(cell.getAttribute("aria-colindex")) - 2 };
  }

  press(event) {
    const at = this.cellOf(event.target);
    if (!at || event.target.closest(".sheet-editor") || event.button) return;
    event.preventDefault();
    if (this.editing) this.commit();
    this.point(at, { extend: event.shiftKey });
    this.dragging = true;
    addEventListener("mouseup", () => { this.dragging = false; }, { once: true });
  }

  drag(event) {
    const at = this.dragging && this.cellOf(event.target);
    if (at && (at.row !== this.at.row || at.column !== this.at.column)) this.point(at, { extend: true });
  }

  // ------------------------------------------------------------------------------------------ keys

  key(event) {
    if (event.isComposing) return;
    if (this.editing) this.keyInCell(event);
    else this.keyOnCell(event);
  }

  keyInCell(event) {
    const { input } = this.editing;
    const isList = input.getAttribute("role") === "combobox";
    const handled = () => { event.preventDefault(); event.stopPropagation(); };
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      this.commit({ choose: true }); // the form hears it then, and posts
    } else if (event.key === "Enter") {
      handled();
      this.commit({ choose: true });
      this.onward(event.shiftKey);
    } else if (event.key === "Tab") {
      handled();
      this.commit({ choose: true });
      this.onward(event.shiftKey);
    } else if (event.code === "KeyD" && (event.ctrlKey || event.metaKey)) {
      handled();
      this.cancel();
      this.copyDown();
    } else if (event.key === "Escape" && !(isList && combobox.hasList(input))) {
      handled();
      this.cancel();
    } else if ((event.key === "ArrowUp" || event.key === "ArrowDown") && !isList && !event.shiftKey) {
      handled();
      this.commit();
      this.step(event.key === "ArrowUp" ? -1 : 1, 0);
    }
  }

  keyOnCell(event) {
    const { key, code, shiftKey: extend } = event;
    const control = event.ctrlKey || event.metaKey;
    const { row, column } = this.at;
    const last = { row: this.sheet.rows.length - 1, column: this.columns.length - 1 };
    const acts = control
      ? {
          Home: () => this.point({ row: 0, column: 0 }, { extend }),
          End: () => this.point({ row: Math.max(0, this.lastFilled()), column: last.column }, { extend }),
          ArrowUp: () => this.point({ row: 0, column }, { extend }),
          ArrowDown: () => this.point({ row: Math.max(row, this.lastFilled()), column }, { extend }),
          ArrowLeft: () => this.point({ row, column: 0 }, { extend }),
          ArrowRight: () => this.point({ row, column: last.column }, { extend }),
          Insert: () => this.insertRow(),
          Delete: () => this.deleteRows(),
          KeyD: () => this.copyDown(),
          KeyZ: () => (extend ? this.redo() : this.undo()),
          KeyY: () => this.redo(),
          KeyA: () => this.selectAll(),
        }
      : {
          ArrowUp: () => this.step(-1, 0, extend),
          ArrowDown: () => this.step(1, 0, extend),
          ArrowLeft: () => this.step(0, -1, extend),
          ArrowRight: () => this.step(0, 1, extend),
          Home: () => this.point({ row, column: 0 }, { extend }),
          End: () => this.point({ row, column: last.column }, { extend }),
          PageUp: () => this.step(-TALL, 0, extend),
          PageDown: () => this.step(TALL, 0, extend),
          Enter: () => this.edit(),
          F2: () => this.edit(),
          Delete: () => this.clear(),
          Backspace: () => this.edit(""),
          Escape: () => this.release(),
        };
    const act = acts[control && code.startsWith("Key") ? code : key];
    if (act && !event.altKey) {
      event.preventDefault();
      event.stopPropagation();
      act();
    } else if (key === "Tab" && !this.leaving && !control && !event.altKey) {
      if (this.isAtEdge(extend)) return; // out of the table
      event.preventDefault();
      this.onward(extend);
    } else if (key.length === 1 && !control && !event.altKey) {
      event.stopPropagation(); // letters are typed here, whatever they do elsewhere
      this.edit(""); // the key itself goes on into the field
    }
  }

  // Escape lets the selection go, and the next Tab leads out of the table.
  release() {
    this.point(this.at);
    this.leaving = true;
  }

  isAtEdge(back) {
    return back ? this.at.row === 0 && this.at.column === 0 : this.at.row > this.lastFilled() && this.at.column === 0;
  }

  keyOfForm(event) {
    const control = event.ctrlKey || event.metaKey;
    if (event.isComposing || event.defaultPrevented) return;
    if (event.key === "Enter" && control) {
      event.preventDefault();
      this.post();
    } else if (event.code === "KeyS" && control) {
      event.preventDefault();
      this.keeper.save();
    } else if (event.key === "F8") {
      event.preventDefault();
      this.nextFault(event.shiftKey);
    } else if (event.key === "Enter" && event.target.matches("[data-head]")) {
      event.preventDefault();
      const heads = [...this.form.querySelectorAll("[data-head]")];
      const next = heads[heads.indexOf(event.target) + 1];
      if (next) next.focus();
      else this.point(this.at);
    } else if (event.key === "Enter" && event.target.matches("[data-insert]")) {
      event.preventDefault();
      this.insertFrom(event.target);
    }
  }

  // ------------------------------------------------------------------------------------------ one cell

  edit(text) {
    const { row, column } = this.at;
    const { kind, field, title, slug } = this.columns[column];
    const cell = this.cellAt(this.at);
    const input = element("input", { className: "sheet-input", type: "text", autocomplete: "off", spellcheck: "false" });
    input.setAttribute("aria-label", `${title}, ${this.words.row} ${row + 1}`);
    input.maxLength = LONGEST;
    const before = this.sheet.text(row, field);
    input.value = text ?? before;
    if (kind === "number" || kind === "amount") input.inputMode = "decimal";
    const box = element("div", { className: "combobox sheet-editor" });
    const source = { account: this.given.accounts, value: `${this.given.values}${slug}` }[kind];
    if (source) {
      Object.assign(box.dataset, { combobox: source, empty: this.words.nothing, unverified: this.words.unverified });
      for (const [name, value] of Object.entries(LISTS)) input.setAttribute(name, value);
    }
    const fault = cell.getAttribute("aria-describedby");
    if (fault) {
      input.setAttribute("aria-invalid", "true");
      input.title = cell.title;
    }
    box.append(input);
    this.from = null;
    this.showSelection();
    this.editing = { row, column, field, input, before };
    cell.classList.add("editing");
    cell.replaceChildren(box);
    input.focus({ preventScroll: true });
    if (text === undefined) input.setSelectionRange(before.length, before.length);
    this.placeList();
  }

  // Where the list under the field stands: below it, or above where there is no room.
  placeList() {
    if (!this.editing) return;
    const { bottom, top, left } = this.editing.input.getBoundingClientRect();
    const below = innerHeight - bottom;
    const style = this.list.style;
    style.left = `${Math.max(8, Math.min(left, innerWidth - 320))}px`;
    style.top = below > 220 ? `${bottom + 2}px` : "auto";
    style.bottom = below > 220 ? "auto" : `${innerHeight - top + 2}px`;
  }

  commit({ choose = false } = {}) {
    if (!this.editing) return;
    const { row, column, field, input, before } = this.editing;
    if (choose && input.value !== before) combobox.chooseCurrent(input);
    const text = input.value;
    this.shut();
    this.set([[row, field, text]], { row, column });
    const { kind, slug } = this.columns[column] ?? {};
    if (text !== before && (kind === "account" || kind === "value")) this.resolve(row, field, text, kind, slug);
  }

  cancel() {
    this.shut();
    this.refresh(this.at.row);
    this.point(this.at);
  }

  shut() {
    const { row, input } = this.editing;
    combobox.close(input);
    input.dataset.settled = input.value.trim(); // its name comes with the faults
    this.editing = null;
    this.refresh(row);
  }

  // Words typed quicker than the list came become the code they mean, where they mean but one; else they stay as they
  // are, and the check says what is wrong with them.
  async resolve(row, field, text, kind, slug) {
    const words = text.trim();
    if (!/\p{L}/u.test(words) || (kind === "account" ? this.chart[words] : this.names[slug]?.[words])) return;
    const source = kind === "account" ? this.given.accounts : `${this.given.values}${slug}`;
    const found = await combobox.found(source, words, this.sheet.head.effective_on);
    const meant = found?.length === 1 ? found[0] : found?.find((each) => each.code === words);
    if (!meant || this.sheet.text(row, field) !== text) return;
    const { code, name } = meant;
    if (kind === "value" && name !== code) (this.names[slug] ??= {})[code] = name;
    this.set([[row, field, code]], this.at);
  }

  chosen(event) {
    const { input, row, column } = this.editing ?? {};
    if (event.target !== input) return;
    const { kind, slug } = this.columns[column];
    const { code, name, by } = event.detail ?? {};
    if (kind === "value" && name && name !== code) (this.names[slug] ??= {})[code] = name;
    if (by !== "mouse") return;
    this.commit();
    this.point({ row, column });
    this.onward();
  }

  // The field lost the focus to something else than the table's own keys.
  left(event) {
    if (this.editing && event.target === this.editing.input && !this.body.contains(event.relatedTarget)) {
      setTimeout(() => this.editing?.input === event.target && document.activeElement !== event.target && this.commit());
    }
  }

  // ------------------------------------------------------------------------------------------ many cells

  set(cells, place = this.at) {
    this.show(this.sheet.act(() => cells.forEach((cell) => this.sheet.put(...cell)), { ...place }));
  }

  selected() {
    const { top, bottom, start, end } = this.range;
    const rows = Array.from({ length: bottom - top + 1 }, (_, by) => top + by);
    const fields = this.columns.slice(start, end + 1).map((column) => column.field);
    return { rows, fields };
  }

  clear() {
    const { rows, fields } = this.selected();
    this.set(rows.flatMap((row) => fields.map((field) => [row, field, ""])));
  }

  // The first row of a selection into those below it; of one cell, the cell above.
  copyDown() {
    const { rows, fields } = this.selected();
    const source = rows.length > 1 ? rows[0] : rows[0] - 1;
    if (source < 0) return;
    const into = rows.length > 1 ? rows.slice(1) : rows;
    this.set(into.flatMap((row) => fields.map((field) => [row, field, this.sheet.text(source, field)])));
    if (rows.length === 1) this.step(1, 0);
  }

  selectAll() {
    this.from = { row: 0, column: 0 };
    this.point({ row: Math.max(0, this.lastFilled()), column: this.columns.length - 1 }, { extend: true });
  }

  insertRow() {
    this.rowsChange(() => this.sheet.insert(this.at.row + 1, [{}]));
    this.point({ row: this.at.row + 1, column: 0 });
  }

  deleteRows() {
    const { rows } = this.selected();
    this.rowsChange(() => this.sheet.remove(rows[0], rows.length));
    this.point({ row: rows[0], column: this.at.column });
  }

  rowsChange(work) {
    this.from = null;
    this.show(this.sheet.act(work, { ...this.at }));
  }

  undo() {
    this.back(this.sheet.undo());
  }

  redo() {
    this.back(this.sheet.redo());
  }

  back(moved) {
    if (!moved) return;
    this.show(moved.edits);
    this.point(moved.place);
  }

  // ------------------------------------------------------------------------------------------ the clipboard

  get isOnCell() {
    return !this.editing && this.body.contains(document.activeElement);
  }

  copy(event) {
    if (!this.isOnCell) return false;
    const { rows, fields } = this.selected();
    event.clipboardData.setData("text/plain", textOf(rows.map((row) => fields.map((f) => this.sheet.text(row, f)))));
    event.preventDefault();
    return true;
  }

  paste(event) {
    if (!this.isOnCell) return;
    event.preventDefault();
    const block = blockOf(event.clipboardData.getData("text/plain"));
    const { top, start, bottom, end } = this.range;
    const one = block.length === 1 && block[0].length === 1;
    const into = one ? fillOf(block[0][0], bottom - top + 1, end - start + 1) : block;
    const cells = [];
    let over = 0;
    into.forEach((line, by) => line.forEach((text, beside) => {
      const column = this.columns[start + beside];
      if (column && top + by < MOST_ROWS) cells.push([top + by, column.field, text]);
      else if (text) over += 1;
    }));
    const wide = Math.max(...into.map((line) => line.length));
    const filled = this.columns.slice(start, start + wide);
    this.set(cells); // which may bring columns in between
    this.from = { row: top, column: this.columns.indexOf(filled[0]) };
    this.point({ row: top + into.length - 1, column: this.columns.indexOf(filled.at(-1)) }, { extend: true });
    const cut = cells.filter(([, , text]) => text.length > LONGEST).length;
    if (over) this.notice(this.words.over.replace("{count}", over));
    else if (cut) this.notice(this.words.cut.replace("{count}", cut), "bad");
    this.check(false);
  }

  // ------------------------------------------------------------------------------------------ head, buttons

  showHead() {
    for (const name of HEAD) {
      const field = this.form.elements[name];
      if (field.value !== this.sheet.head[name]) field.value = this.sheet.head[name];
    }
    this.showButton();
  }

  typedInHead(field) {
    if (field === this.editing?.input) this.touched();
    if (!HEAD.includes(field.name) || this.sheet.head[field.name] === field.value) return;
    this.sheet.head[field.name] = field.value;
    this.faultBeside(field, "");
    if (field.name === "journal") this.showButton();
    if (field.name === "effective_on") this.chartOf(field.value);
    this.touched();
  }

  showButton() {
    const asks = this.form.elements.journal.selectedOptions[0]?.hasAttribute("data-approval");
    const button = this.form.querySelector("[data-post-sheet]");
    button.textContent = asks ? button.dataset.approvalWords : button.dataset.words;
  }

  // Another day may have another chart of accounts.
  async chartOf(day) {
    const answer = await fetch(`${this.given.chart_url}?on=${encodeURIComponent(day)}`).catch(() => null);
    if (!answer?.ok || answer.redirected || this.sheet.head.effective_on !== day) return;
    this.chart = await answer.json();
    if (!this.editing) this.lay();
  }

  click(event) {
    const button = event.target.closest("[data-do]");
    if (!button) return;
    const acts = {
      insert: () => this.insertRow(),
      delete: () => this.deleteRows(),
      undo: () => this.undo(),
      redo: () => this.redo(),
      check: () => this.check(true).then((clean) => clean && this.notice(this.words.clean, "good")),
      post: () => this.post(),
      fault: () => this.nextFault(),
      column: () => this.toggleColumn(button.dataset.field),
      take: () => this.settle(true),
      keep: () => this.settle(false),
    };
    if (this.editing) this.commit();
    acts[button.dataset.do]?.();
  }

  showExtra() {
    const shown = new Set(this.columns.map((column) => column.field));
    const used = this.columnsUsed();
    for (const button of this.form.querySelectorAll("[data-do=column]")) {
      const stays = used.has(button.dataset.field);
      button.setAttribute("aria-pressed", String(shown.has(button.dataset.field)));
      button.setAttribute("aria-disabled", String(stays));
      button.title = stays ? this.words.column_used : "";
    }
  }

  // A column that some row fills or asks for stays.
  toggleColumn(field) {
    if (this.columnsUsed().has(field)) return this.notice(this.words.column_used);
    if (!this.extra.delete(field)) this.extra.add(field);
    this.lay();
  }

  // Rows of a typical entry, of one that is posted or of a template, below the row one is at.
  async insertFrom(input, inputs = {}) {
    combobox.chooseCurrent(input);
    const words = input.value.trim();
    if (!words) return input.focus();
    const asked = new URLSearchParams({ [input.dataset.insert]: words, on: this.sheet.head.effective_on, ...inputs });
    const answer = await fetch(`${this.given.rows_url}?${asked}`).catch(() => null);
    if (!answer?.ok || answer.redirected) return this.notice(this.words.no_answer, "bad");
    const { rows, memo, told, asks } = await answer.json();
    if (asks.length) {
      const given = await this.inputsFor(asks, inputs, told);
      return given ? this.insertFrom(input, given) : input.focus();
    }
    if (told) this.notice(told);
    if (!rows.length) return input.focus();
    const blank = isBlank(this.sheet.rows[this.at.row]);
    const at = blank ? this.at.row : this.at.row + 1;
    this.rowsChange(() => {
      if (blank) this.sheet.remove(at, 1);
      this.sheet.insert(at, rows.map(flat));
    });
    if (!this.sheet.head.memo && memo) {
      this.sheet.head.memo = memo;
      this.showHead();
    }
    input.value = "";
    this.touched();
    const first = this.columns.findIndex((column) => this.isAsked(at, column) && !this.sheet.text(at, column.field));
    this.point({ row: at, column: Math.max(0, first) });
  }

  // What the names in a template's formulas stand for; nothing where one thinks better of it.
  async inputsFor(names, before, told) {
    const dialog = document.querySelector("[data-inputs]");
    const fields = names.map((name) => {
      const field = element("input", { type: "text", name: `inputs.${name}`, inputmode: "decimal", maxlength: "60" });
      field.value = before[field.name] ?? "";
      return field;
    });
    const labels = fields.map((field, at) => {
      const label = element("label", { className: "field" }, names[at].replaceAll("_", " "));
      label.append(field);
      return label;
    });
    const fault = dialog.querySelector("[data-inputs-told]");
    fault.textContent = Object.keys(before).length ? told : "";
    dialog.querySelector("[data-inputs-fields]").replaceChildren(...labels);
    dialog.returnValue = "";
    dialog.showModal();
    await new Promise((closed) => dialog.addEventListener("close", closed, { once: true }));
    return dialog.returnValue && Object.fromEntries(fields.map((field) => [field.name, field.value]));
  }

  // ------------------------------------------------------------------------------------------ keeping and checking

  touched() {
    this.keeper.touched();
    clearTimeout(this.looking);
    this.looking = setTimeout(() => this.check(false), LOOK);
  }

  // Faults beside their cells, and names of values. While one types, what is still empty is no fault.
  async check(whole) {
    clearTimeout(this.looking);
    const asked = (this.asked = {});
    const text = JSON.stringify(this.wire);
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": this.keeper.csrf };
    const answer = await fetch(this.given.look_url, { method: "POST", headers, body: text }).catch(() => null);
    const isJson = answer?.headers.get("content-type")?.includes("json");
    if (!answer?.ok || !isJson) return false;
    const { faults, names } = await answer.json();
    if (asked !== this.asked) return false;
    for (const [slug, found] of Object.entries(names)) Object.assign((this.names[slug] ??= {}), found);
    this.showFaults(whole ? faults : faults.filter((each) => this.isFilled(each)));
    return !faults.length;
  }

  isFilled({ row, field }) {
    if (row === null) return Boolean(this.sheet.head[field]);
    return Boolean(this.sheet.text(row, field)) || this.faults.has(`${row}.${field}`);
  }

  showFaults(faults) {
    this.faults = new Map(faults.filter(({ row }) => row !== null).map((f) => [`${f.row}.${f.field}`, f.text]));
    for (const name of HEAD) {
      const fault = faults.find(({ row, field }) => row === null && field === name);
      this.faultBeside(this.form.elements[name], fault?.text ?? "");
    }
    this.sheet.reach(Math.max(...faults.map(({ row }) => (row ?? -1) + 1), 0));
    this.grow();
    const wanted = new Set(faults.map(({ field, row }) => row !== null && field));
    const hidden = this.given.columns.filter((c) => wanted.has(c.field) && !this.columns.includes(c));
    for (const column of hidden) this.extra.add(column.field);
    if (hidden.length && !this.editing) this.lay();
    else this.sheet.rows.forEach((_, row) => this.refresh(row));
    const told = this.form.querySelector("[data-faults]");
    told.hidden = !faults.length;
    told.querySelector("[data-fault-count]").textContent = String(faults.length);
    const whole = faults.find(({ row, field }) => row === null && !HEAD.includes(field));
    if (whole) this.notice(whole.text, "bad");
  }

  faultBeside(field, text) {
    const fault = this.form.querySelector(`[id="${field.id}-fault"]`);
    field.closest(".field").classList.toggle("wrong", Boolean(text));
    fault.textContent = text;
    fault.hidden = !text;
    if (text) {
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", fault.id);
    } else {
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-describedby");
    }
  }

  nextFault(back = false, fromTop = false) {
    const heads = HEAD.map((name) => this.form.elements[name]).filter((field) => field.hasAttribute("aria-invalid"));
    if (heads.length && (fromTop || !this.isOnCell)) return heads[0].focus();
    const places = [];
    this.sheet.rows.forEach((_, row) => this.columns.forEach(({ field }, column) => {
      if (this.faults.has(`${row}.${field}`)) places.push({ row, column });
    }));
    const order = ({ row, column }) => row * 1000 + column;
    const here = this.isOnCell && !fromTop ? order(this.at) : -1;
    const after = back ? places.findLast((p) => order(p) < here) : places.find((p) => order(p) > here);
    const place = after ?? (back ? places.at(-1) : places[0]);
    if (place) this.point(place);
    else heads[0]?.focus();
  }

  // Saved first, so that what is posted is what is seen; the same draft is posted once.
  async post() {
    if (this.posting) return;
    const button = this.form.querySelector("[data-post-sheet]");
    this.posting = true;
    button.setAttribute("aria-disabled", "true");
    try {
      if (this.editing) this.commit();
      this.notice("");
      if (!(await this.keeper.save())) return;
      if (!(await this.check(true))) return this.nextFault(false, true);
      const answer = await this.keeper.ask("/post", "POST");
      if (!answer?.ok) {
        return this.notice(answer?.body?.detail ?? this.words.no_answer, "bad");
      }
      const { entry_id, prepared_id } = answer.body;
      this.keeper.forget();
      location.assign(entry_id ? `${this.given.home}journal/${entry_id}?posted=1`
        : `${this.given.home}approvals/${prepared_id}?sent=1`);
    } finally {
      this.posting = false;
      button.removeAttribute("aria-disabled");
    }
  }

  saySaved(state, detail) {
    const place = this.form.querySelector("[data-saved]");
    const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    if (state === "over") return location.reload();
    const text = (this.words.states[state] ?? "").replace("{time}", time);
    if (place.textContent !== text) place.textContent = text;
    place.dataset.state = state;
    const isLost = !["typing", "saving", "saved"].includes(state);
    if (!isLost && this.lost) this.notice("");
    if (isLost && this.lost !== state) {
      this.notice(state === "refused" ? (detail?.detail ?? text) : text, "bad", state);
    }
    this.lost = isLost ? state : "";
  }

  // ------------------------------------------------------------------------------------------ what this browser kept

  replay() {
    const [copy] = this.keeper.left();
    if (!copy) return Object.keys(this.early).length ? this.touched() : this.saySaved("saved");
    this.take({ ...copy.sheet, ...this.early });
    if (copy.version === this.keeper.version) {
      this.notice(this.words.replayed, "good");
      this.keeper.save();
      localStorage.removeItem(copy.name);
    } else {
      this.keeper.paused = true;
      this.saySaved("conflict");
      this.theirs = { version: this.keeper.version, sheet: this.given.sheet };
    }
  }

  take(wire) {
    if (this.editing) this.shut();
    this.sheet = new Sheet(wire);
    this.faults.clear();
    this.showHead();
    this.lay();
    clearTimeout(this.looking);
    this.looking = setTimeout(() => this.check(false), LOOK);
  }

  // Of two that differ: take what is there, or keep one's own as another draft.
  async settle(takes) {
    if (takes) {
      this.notice("");
      this.lost = "";
      this.keeper.forget();
      this.keeper.adopt(this.theirs);
      return;
    }
    const { drafts_api, home } = this.given;
    const sheet = this.wire;
    const begun = await this.keeper.ask(drafts_api, "POST", JSON.stringify({ key: this.form.dataset.newKey, sheet }));
    // Begun before, where the answer was lost, it has what was typed by then.
    const seen = { "If-Match": `"${begun?.body?.version}"` };
    const kept = begun?.ok
      ? await this.keeper.ask(`${drafts_api}/${begun.body.id}`, "PUT", JSON.stringify(sheet), seen)
      : begun;
    if (!kept?.ok) return this.notice(kept?.body?.detail ?? this.words.no_answer, "bad", "conflict");
    this.keeper.forget();
    location.assign(`${home}drafts/${begun.body.id}`);
  }

  notice(text, kind = "", state = "") {
    const place = this.form.querySelector("[data-notice]");
    place.hidden = !text;
    place.className = `notice ${kind}`;
    place.querySelector("[data-notice-text]").textContent = text;
    for (const each of place.querySelectorAll("[data-when]")) each.hidden = !each.dataset.when.split(" ").includes(state);
  }
}

const LISTS = {
  role: "combobox",
  "aria-autocomplete": "list",
  "aria-expanded": "false",
  "aria-controls": "sheet-list",
};

// What stood in a field of the head when the page came.
const givenOf = (field) => field.defaultValue ?? [...field.options].find((option) => option.defaultSelected)?.value;

const clamp = (value, least, most) => Math.max(least, Math.min(value, most));
const fillOf = (text, rows, columns) => Array.from({ length: rows }, () => Array(columns).fill(text));

function element(tag, { className, title, tabIndex, ...attributes } = {}, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (title) made.title = title;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

let grid = null;

function start() {
  const form = document.querySelector("form[data-sheet]");
  if (grid?.form === form) return;
  if (grid && form !== grid.form) grid.close();
  grid = form && new Grid(form);
}

document.addEventListener("htmx:after:swap", start);
start();
