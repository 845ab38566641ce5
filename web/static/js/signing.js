// Signs with NCALayer, the certification centre's program on the reader's own machine, over its local socket.
// Without it, or without this script, the same form takes a consent or a file that was signed elsewhere.

const MODULE = "kz.gov.pki.knca.basics";
const DOCUMENT_SIGNING = "1.3.6.1.5.5.7.3.4"; // key usage by which NCALayer offers the keys for signing
const PATIENCE = 5 * 60 * 1000; // the person chooses a key and types its password

for (const box of document.querySelectorAll("[data-ncalayer]")) {
  const button = box.querySelector("[data-sign]");
  button.hidden = false;
  button.addEventListener("click", () => signWith(box, button));
}

async function signWith(box, button) {
  if (button.ariaDisabled === "true") return;
  const { form } = button;
  tell(box, "waiting");
  button.ariaDisabled = "true"; // not disabled, which would take the keyboard's place away
  try {
    form.elements.container.value = await ask(box.dataset.ncalayer, form.elements.signed.value);
    tell(box, "");
    form.requestSubmit(box.querySelector("[data-signed]"));
  } catch (trouble) {
    tell(box, trouble instanceof Refused ? "refused" : "silent", trouble.message);
  } finally {
    button.ariaDisabled = null;
  }
}

class Refused extends Error {}

function ask(address, content) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address);
    const late = setTimeout(() => socket.close(), PATIENCE);
    socket.onopen = () => socket.send(JSON.stringify({
      module: MODULE,
      method: "sign",
      args: {
        allowedStorages: null,
        format: "cms",
        data: content,
        signingParams: { decode: "true", encapsulate: "false", digested: "false", tsaProfile: {} },
        signerParams: { extKeyUsageOids: [DOCUMENT_SIGNING], chain: null },
        locale: { kk: "kk", ru: "ru" }[document.documentElement.lang] ?? "en",
      },
    }));
    socket.onmessage = ({ data }) => {
      const answer = read(data);
      if (typeof answer?.status !== "boolean") return; // a greeting, a heartbeat
      clearTimeout(late);
      const [container] = [answer.body?.result].flat();
      if (answer.status && typeof container === "string") resolve(container);
      else reject(new Refused(answer.message ?? ""));
      socket.close();
    };
    socket.onerror = () => reject(new Error());
    socket.onclose = () => {
      clearTimeout(late);
      reject(new Error());
    };
  });
}

function read(data) {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

function tell(box, what, more = "") {
  for (const each of box.querySelectorAll("[data-told]")) {
    each.hidden = each.dataset.told !== what;
    const said = each.querySelector("[data-more]");
    if (said) said.textContent = more;
  }
}
