// One mail: its facts, and its parts under tabs.

import { bytes, element, fromTemplate, request } from "./dom.js";

// A part longer than this is cut on the page; the download has it whole.
const SHOWN_CHARACTERS = 200_000;

let preferred = "html";

/** The article that shows a mail. `onDelete` is called after it is gone. */
export function mailView(mail, onDelete) {
  const { root, slots } = fromTemplate("mail-template");
  slots.subject.textContent = mail.subject || "(no subject)";
  slots.facts.append(...facts(mail));
  slots.raw.href = `/mail/${mail.id}/raw`;
  slots.delete.addEventListener("click", async () => {
    await request(`/mail/${mail.id}`, { method: "DELETE" });
    onDelete();
  });
  if (!mail.answered || mail.defects.length) {
    slots.warning.hidden = false;
    slots.warning.textContent = [
      mail.answered ? "" : "The connection was dropped before the sender got its 250.",
      mail.defects.length ? `Not well-formed: ${mail.defects.join(", ")}.` : "",
    ].join(" ").trim();
  }
  slots.attachments.hidden = mail.attachments.length === 0;
  slots.attachments.append(...mail.attachments.map(attachment));
  addTabs(mail, slots);
  return root;
}

function facts(mail) {
  const from = mail.headers.find((header) => header.name.toLowerCase() === "from");
  const rows = [
    ["From", from?.value || mail.envelope.mail_from || "<> (null sender)"],
    ["To", mail.envelope.rcpt_to.join(", ")],
    ["Received", `${new Date(mail.received_at).toLocaleString()} by ${mail.provider}, ${bytes(mail.size_bytes)}${mail.tls ? ", TLS" : ""}${mail.login ? `, as ${mail.login}` : ""}`],
  ];
  return rows.flatMap(([name, value]) => [element("dt", { textContent: name }), element("dd", { textContent: value })]);
}

function attachment(part) {
  const link = element("a", { href: part.url, textContent: part.filename || part.content_type, className: "button" });
  link.setAttribute("download", "");
  link.append(element("small", { textContent: bytes(part.size_bytes) }));
  return element("li", {}, link);
}

function addTabs(mail, slots) {
  const parts = { html: ["HTML", mail.html !== null], text: ["Text", mail.text !== null], headers: ["Headers", true] };
  const tabs = Object.entries(parts).map(([key, [label, there]]) =>
    element("button", { type: "button", role: "tab", id: `tab-${key}`, textContent: label, disabled: !there, "aria-controls": "part" }));
  const choose = (key, focus = false) => {
    for (const tab of tabs) {
      const chosen = tab.id === `tab-${key}`;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      if (chosen && focus) tab.focus();
    }
    slots.part.setAttribute("aria-labelledby", `tab-${key}`);
    slots.part.replaceChildren(content[key](mail));
  };
  for (const tab of tabs) tab.addEventListener("click", () => choose((preferred = tab.id.slice(4))));
  slots.tabs.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const usable = tabs.filter((tab) => !tab.disabled);
    const next = usable[(usable.indexOf(event.target) + step + usable.length) % usable.length];
    choose((preferred = next.id.slice(4)), true);
  });
  slots.tabs.append(...tabs);
  choose([preferred, "html", "text"].find((key) => parts[key][1]) ?? "headers");
}

const content = {
  text: (mail) => element("pre", { textContent: cut(mail.text) }),
  html: (mail) => {
    const frame = element("iframe", { title: "HTML part of the mail", src: `/mail/${mail.id}/html` });
    frame.setAttribute("sandbox", "allow-popups allow-popups-to-escape-sandbox");
    return frame;
  },
  headers: (mail) => {
    const rows = mail.headers.map(({ name, value }) =>
      element("tr", {}, element("th", { scope: "row", textContent: name }), element("td", { textContent: cut(value) })));
    return rows.length ? element("table", {}, element("tbody", {}, ...rows)) : element("p", { className: "note", textContent: "The mail has no headers." });
  },
};

function cut(text) {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}\n… (cut here; download the mail to see all of it)` : text;
}
