// Keeps what is typed: in this browser at once, at the program a second later. Nothing typed is lost by a lost
// connection, an ended session, a closed window or a second one.

const PAUSE = 1000; // ms after the last change before it is saved
const AT_HAND = 150; // ms before it is kept in this browser
const AGAIN = [2000, 5000, 10000, 30000]; // ms before what could not be saved is tried again
const LARGEST_FAREWELL = 60000; // bytes that a closing page may still send

export class Keeper {
  // `now()` is the sheet to keep; `say(state)` is told how things stand; `meet(theirs, mine)` of a newer one there.
  constructor({ address, page, csrf, copies, version, sheet, now, say, meet, take }) {
    Object.assign(this, { address, page, csrf, copies, version, now, say, meet, take });
    this.copy = `${copies}${crypto.randomUUID?.() ?? Date.now()}`;
    this.saved = JSON.stringify(sheet);
    this.failures = 0;
    this.paused = false;
    this.others = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(copies);
    this.others?.addEventListener("message", () => this.look());
    addEventListener("online", this.again);
    addEventListener("pagehide", this.leave);
    document.addEventListener("visibilitychange", this.seen);
  }

  close() {
    clearTimeout(this.timer);
    clearTimeout(this.handTimer);
    this.leave();
    this.others?.close();
    removeEventListener("online", this.again);
    removeEventListener("pagehide", this.leave);
    document.removeEventListener("visibilitychange", this.seen);
  }

  again = () => this.unsaved && this.save();
  leave = () => this.unsaved && !this.paused && this.farewell();
  seen = () => (document.hidden ? this.leave() : this.look());

  get unsaved() {
    return JSON.stringify(this.now()) !== this.saved;
  }

  // ---- what was typed

  touched() {
    clearTimeout(this.handTimer);
    this.handTimer = setTimeout(() => this.keepCopy(), AT_HAND);
    if (this.paused) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), PAUSE);
    if (!this.failures) this.say("typing");
  }

  // Saves until there is nothing left to save; true where all of it is.
  async save() {
    clearTimeout(this.timer);
    if (this.paused) return false;
    if (this.saving) return this.saving.then(() => this.save());
    if (!this.unsaved) return this.settled();
    this.keepCopy();
    this.saving = this.send().finally(() => { this.saving = null; });
    return (await this.saving) ? this.save() : false;
  }

  async send() {
    const sheet = this.now();
    const text = JSON.stringify(sheet);
    this.say("saving");
    const answer = await this.ask("", "PUT", text);
    if (answer?.ok) {
      this.became(answer.body.version, text);
      this.others?.postMessage(this.version);
      return true;
    }
    if (answer?.status === 412) return this.reconcile(text);
    return this.failed(answer);
  }

  became(version, text) {
    this.version = version;
    this.saved = text;
    this.failures = 0;
  }

  settled() {
    localStorage.removeItem(this.copy);
    this.say("saved");
    return true;
  }

  failed(answer) {
    this.failures += 1;
    this.say(answer === null ? "offline" : answer.status === 401 ? "signed-out" : "refused", answer?.body);
    if (answer === null || answer.status >= 500) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.save(), AGAIN[Math.min(this.failures, AGAIN.length) - 1]);
    }
    return false;
  }

  // ---- another window

  // What is there is newer than what this window has seen: perhaps its own, whose answer was lost.
  async reconcile(sent) {
    const answer = await this.ask("", "GET");
    if (!answer?.ok) return this.failed(answer);
    const theirs = JSON.stringify(answer.body.sheet);
    if (same(theirs, sent)) {
      this.became(answer.body.version, sent);
      return true;
    }
    this.paused = true;
    this.say("conflict");
    this.meet(answer.body);
    return false;
  }

  // Another window has saved, or this one comes into sight again.
  async look() {
    if (this.paused || this.saving) return;
    const answer = await this.ask("", "GET", null, { "If-None-Match": `"${this.version}"` });
    if (!answer?.ok || this.paused || this.saving || answer.body.version === this.version) {
      if (answer === null || answer.status === 304 || answer.ok) this.again();
      return;
    }
    if (answer.body.state !== "open") await (this.unsaved ? this.save() : this.say("over"));
    else if (this.unsaved) await this.reconcile(JSON.stringify(this.now()));
    else this.adopt(answer.body);
  }

  // Go on with what is there; what stood here goes.
  adopt(theirs) {
    this.paused = false;
    this.became(theirs.version, JSON.stringify(theirs.sheet));
    this.take(theirs.sheet);
    this.saved = JSON.stringify(this.now());
    this.settled();
  }

  // ---- this browser's own copy

  keepCopy() {
    clearTimeout(this.handTimer);
    try {
      localStorage.setItem(this.copy, JSON.stringify({ version: this.version, sheet: this.now(), at: Date.now() }));
    } catch {
      this.say("no-room");
    }
  }

  // What another time left here unsaved, the newest first.
  left() {
    const found = Object.keys(localStorage).filter((name) => name.startsWith(this.copies) && name !== this.copy);
    const kept = found.map((name) => ({ name, ...copyIn(localStorage.getItem(name)) })).filter((copy) => copy.sheet);
    const other = (copy) => !same(JSON.stringify(copy.sheet), this.saved);
    for (const copy of kept.filter((each) => !other(each))) localStorage.removeItem(copy.name);
    return kept.filter(other).sort((one, two) => two.at - one.at);
  }

  forget() {
    const own = Object.keys(localStorage).filter((name) => name.startsWith(this.copies));
    for (const name of own) localStorage.removeItem(name);
  }

  // ---- the wire

  farewell() {
    this.keepCopy();
    const text = JSON.stringify(this.now());
    const keepalive = new Blob([text]).size < LARGEST_FAREWELL;
    fetch(this.address, { ...this.request("PUT", text), keepalive }).then(
      (answer) => answer.ok && answer.json().then(({ version }) => this.became(version, text)),
      () => this.say("offline"),
    );
  }

  request(method, text, headers = {}) {
    const match = method === "GET" ? {} : { "If-Match": `"${this.version}"`, "X-CSRF-Token": this.csrf };
    const type = text ? { "Content-Type": "application/json" } : {};
    return { method, body: text || undefined, headers: { Accept: "application/json", ...match, ...type, ...headers } };
  }

  // The answer with its body; null where none came. A token that has passed is asked for again, once.
  async ask(path, method, text = null, headers = {}, isSecond = false) {
    let answer;
    try {
      const address = path.startsWith("/api/") ? path : this.address + path;
      answer = await fetch(address, this.request(method, text, headers));
    } catch {
      return null;
    }
    const isJson = answer.headers.get("content-type")?.includes("json");
    const body = isJson ? await answer.json().catch(() => null) : null;
    if (!isSecond && answer.status === 403 && body?.code === "foreign-form" && (await this.renewToken())) {
      return this.ask(path, method, text, headers, true);
    }
    return { ok: answer.ok && Boolean(body), status: answer.status, body };
  }

  // Whoever signed in again in another window has another token now.
  async renewToken() {
    try {
      const answer = await fetch(this.page, { headers: { Accept: "text/html" } });
      if (!answer.ok || answer.redirected) return false;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      this.csrf = page.querySelector("[data-sheet]")?.dataset.csrf ?? this.csrf;
      return true;
    } catch {
      return false;
    }
  }
}

// Nothing, of one that was cut off while it was written.
function copyIn(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// Whether two sheets say the same, whatever the order in which they say it.
function same(one, other) {
  return one === other || canonical(JSON.parse(one)) === canonical(JSON.parse(other));
}

function canonical(value) {
  return JSON.stringify(value, (_, each) => {
    if (each === "" || each === null) return undefined;
    if (typeof each !== "object" || Array.isArray(each)) return each;
    const filled = Object.entries(each).filter(([, inner]) => inner !== "" && !isEmpty(inner));
    return Object.fromEntries(filled.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

const isEmpty = (value) => typeof value === "object" && !Array.isArray(value) && JSON.stringify(value) === "{}";
