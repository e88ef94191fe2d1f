// One SMS: its facts, its text, what the request said and what has become of it.

import { element, fromTemplate, request } from "./dom.js";

/** The article that shows an SMS. `onDelete` is called after it is gone. */
export function smsView(sms, onDelete) {
  const { root, slots } = fromTemplate("sms-template");
  slots.to.textContent = sms.to;
  slots.facts.append(...facts(sms));
  slots.delete.addEventListener("click", async () => {
    await request(`/sms/${sms.id}`, { method: "DELETE" });
    onDelete();
  });
  slots.warning.hidden = sms.answered;
  slots.warning.textContent = sms.answered ? "" : "The sender got no answer to its request.";
  slots.part.append(
    element("pre", { textContent: sms.text }),
    table("What became of it", sms.history.map((step) => [said(step), new Date(step.at).toLocaleTimeString()])),
    table("What the request said", Object.entries(sms.request)),
  );
  return root;
}

/** What a status is called, with the provider's code where there is one. */
export function said({ status, code }) {
  return code == null ? status : `${status} (${code})`;
}

function facts(sms) {
  const size = `${sms.segments} ${sms.segments === 1 ? "segment" : "segments"}, ${sms.encoding === "gsm7" ? "GSM 7-bit" : "UCS-2"}`;
  const rows = [
    ["From", sms.sender || "(the account’s own)"],
    ["Status", said(sms)],
    ["Size", size],
    ["Received", `${new Date(sms.received_at).toLocaleString()} by ${sms.provider}, as ${sms.provider_id}`],
    ["Reference", sms.reference || "(none)"],
  ];
  return rows.flatMap(([name, value]) => [element("dt", { textContent: name }), element("dd", { textContent: value })]);
}

function table(caption, rows) {
  const lines = rows.map(([name, value]) =>
    element("tr", {}, element("th", { scope: "row", textContent: name }), element("td", { textContent: value })));
  return element("table", {}, element("caption", { textContent: caption }), element("tbody", {}, ...lines));
}
