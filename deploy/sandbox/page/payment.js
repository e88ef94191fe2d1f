// One payment: what the gateway knows of it, and its refunds.

import { element, fromTemplate } from "./dom.js";

/** An amount in minor units in its currency, as people read it. */
export function money(minor, currency) {
  const format = new Intl.NumberFormat([], { style: "currency", currency });
  return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
}

/** What has become of a payment, with the reason where it was declined. */
export function standing({ status, declined }) {
  return declined ? `${status} (${declined})` : status;
}

/** The article that shows a payment. */
export function paymentView(payment) {
  const { root, slots } = fromTemplate("payment-template");
  slots.amount.textContent = money(payment.amount_minor, payment.currency);
  slots.facts.append(...facts(payment));
  slots.part.append(
    ...payment.refunds.map((refund) => table(`Refund of ${money(refund.amount, payment.currency)}: ${refund.status}`, refund)),
    table(`What ${payment.gateway} shows of it`, payment.document));
  return root;
}

function facts(payment) {
  const rows = [
    ["Status", standing(payment)],
    ["Reference", payment.reference || "(none)"],
    ["Begun", `${new Date(payment.received_at).toLocaleString()} at ${payment.gateway}, as ${payment.id}`],
  ];
  return rows.flatMap(([name, value]) => [element("dt", { textContent: name }), element("dd", { textContent: value })]);
}

function table(caption, document) {
  const lines = Object.entries(document)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => element("tr", {}, element("th", { scope: "row", textContent: name }),
      element("td", { textContent: typeof value === "object" ? JSON.stringify(value) : String(value) })));
  return element("table", {}, element("caption", { textContent: caption }), element("tbody", {}, ...lines));
}
