// The mailbox page: the list on the left, what is chosen on the right (by the address's fragment), kept fresh by /changes.

import { element, request, shortTime } from "./dom.js";
import { faultsView } from "./faults.js";
import { mailView } from "./mail.js";
import { money, paymentView, standing } from "./payment.js";
import { said, smsView } from "./sms.js";

const PAGE = 50;
const AT_MOST = 500;
const REFRESH_PAUSE_MS = 400;
const RETRY_MS = 2000;

const at = (id) => document.getElementById(id);
const state = { kind: "mail", search: "", shown: PAGE, faults: null, where: null, smtp: "" };

// What is listed: where it is, how it is called, one and many, how it is shown, and whether it is kept for good.
const KINDS = {
  mail: { path: "/mail", home: "#/", one: "mail", many: "mails", item: mailItem, view: mailView },
  sms: { path: "/sms", home: "#/sms", one: "SMS", many: "SMS", item: smsItem, view: smsView },
  payments: { path: "/payments", home: "#/payments", one: "payment", many: "payments", item: paymentItem, view: paymentView, kept: true },
};
let latestListing = 0;

function query(more = {}) {
  return new URLSearchParams({ ...(state.search ? { search: state.search } : {}), ...more });
}

async function refreshList() {
  const ticket = ++latestListing;
  const { path, one, many, item, kept } = KINDS[state.kind];
  const [page, total] = await Promise.all([request(`${path}?${query({ limit: state.shown })}`), request(`${path}/count?${query()}`)]);
  if (ticket !== latestListing) return;
  const focused = document.activeElement?.dataset?.mail;
  at("mails").replaceChildren(...page.items.map(item));
  if (focused) at("mails").querySelector(`[data-mail="${focused}"]`)?.focus();
  at("count").textContent = `${total.count.toLocaleString()} ${total.count === 1 ? one : many}${state.search ? " found" : ""}`;
  at("delete-all").hidden = kept || total.count === 0;
  at("delete-all").textContent = state.search ? "Delete found" : "Delete all";
  at("delete-all").dataset.count = total.count;
  at("more").hidden = page.next_cursor === null || state.shown >= AT_MOST;
  at("empty").hidden = total.count > 0;
  at("empty").replaceChildren(...emptyNote());
  markCurrent();
}

function emptyNote() {
  if (state.search) return [`Nothing matches “${state.search}”.`];
  if (state.kind === "payments") return ["No payment yet. Take one at", element("br"), element("code", { textContent: `${location.origin}/razorpay` })];
  if (state.kind === "sms") return ["No SMS yet. Send one to", element("br"), element("code", { textContent: `${location.origin}/twilio` })];
  return ["No mail yet. Send one to", element("br"), element("code", { textContent: state.smtp })];
}

function mailItem(mail) {
  const [first, ...others] = mail.envelope.rcpt_to;
  return listItem(`#/mail/${mail.id}`, mail, others.length ? `${first} +${others.length}` : first, mail.subject || "(no subject)");
}

function smsItem(sms) {
  return listItem(`#/sms/${sms.id}`, sms, sms.to, `${said(sms)} · ${sms.text}`);
}

function paymentItem(payment) {
  const amount = money(payment.amount_minor, payment.currency);
  return listItem(`#/payments/${payment.gateway}/${payment.id}`, payment, amount, `${standing(payment)} · ${payment.reference ?? payment.id}`);
}

function listItem(href, entry, to, subject) {
  const link = element("a", { href },
    element("span", { className: "to", textContent: to }),
    element("time", { dateTime: entry.received_at, textContent: shortTime(entry.received_at) }),
    element("span", { className: "subject", textContent: subject }));
  link.dataset.mail = entry.id;
  return element("li", {}, link);
}

function markCurrent() {
  for (const link of document.querySelectorAll(".kinds a")) link.setAttribute("aria-current", String(link.dataset.kind === state.kind));
  for (const link of at("mails").querySelectorAll("a")) {
    if (link.getAttribute("href") === location.hash) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

async function refreshFaults() {
  const faults = await request("/faults/smtp");
  const active = faults.rules.filter((rule) => rule.enabled && rule.left !== 0).length;
  at("faults-link").replaceChildren("Fault rules", ...(active ? [element("span", { className: "badge", textContent: active, title: `${active} active` })] : []));
  state.faults?.refresh(faults);
}

function placeholder(text) {
  return element("p", { className: "empty", textContent: text });
}

async function route() {
  const where = (state.where = location.hash);
  const [, kind, id] = /^#\/(mail|sms|payments)\/([\w/]+)$/.exec(where) ?? [];
  at("panes").dataset.view = id || where === "#/faults" ? "detail" : "list";
  state.faults = null;
  const home = Object.keys(KINDS).find((name) => KINDS[name].home === where);
  showKind(kind ?? home ?? (where === "#/faults" ? state.kind : "mail"));
  let shown = placeholder(`Choose ${{ mail: "a mail", sms: "an SMS", payments: "a payment" }[state.kind]} to read it.`);
  if (where === "#/faults") {
    state.faults = faultsView();
    shown = state.faults.root;
    await refreshFaults();
  } else if (id) {
    const { path, home, view } = KINDS[kind];
    try {
      shown = view(await request(`${path}/${id}`), () => { location.hash = home; });
    } catch (error) {
      shown = placeholder(error.message);
    }
  }
  if (where !== state.where) return;
  at("detail").replaceChildren(shown);
  at("detail").scrollTop = 0;
}

function showKind(kind) {
  const changed = kind !== state.kind;
  state.kind = kind;
  markCurrent();
  if (!changed) return;
  state.shown = PAGE;
  refreshList().catch(() => sayLive(false));
}

function sayLive(on) {
  at("live").textContent = on ? "Live" : "Not reachable, trying again";
  at("live").dataset.on = String(on);
}

function pause(milliseconds) {
  return new Promise((resolve) => { setTimeout(resolve, milliseconds); });
}

async function follow() {
  let known = -1;
  for (;;) {
    try {
      const { revision } = await request(`/changes?since=${known}&timeout=25`);
      if (revision !== known) {
        known = revision;
        await Promise.all([refreshList(), refreshFaults()]);
      }
      sayLive(true);
      await pause(REFRESH_PAUSE_MS);
    } catch {
      sayLive(false);
      known = -1;
      await pause(RETRY_MS);
    }
  }
}

async function deleteAll() {
  const count = Number(at("delete-all").dataset.count);
  const { path, home, one, many } = KINDS[state.kind];
  at("confirm-title").textContent = `Delete ${count.toLocaleString()} ${count === 1 ? one : many}?`;
  at("confirm").returnValue = "no";
  at("confirm").showModal();
  await new Promise((resolve) => { at("confirm").addEventListener("close", resolve, { once: true }); });
  if (at("confirm").returnValue !== "yes") return;
  await request(`${path}?${query()}`, { method: "DELETE" });
  location.hash = home;
}

function walkList(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const links = [...at("mails").querySelectorAll("a")];
  const next = links[links.indexOf(document.activeElement) + step];
  if (!step || !next) return;
  event.preventDefault();
  next.focus();
}

let typing;
at("search").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => {
    state.search = at("search").value.trim();
    state.shown = PAGE;
    refreshList().catch(() => sayLive(false));
  }, 150);
});
at("more").addEventListener("click", () => {
  state.shown = Math.min(AT_MOST, state.shown * 2);
  refreshList().catch(() => sayLive(false));
});
at("delete-all").addEventListener("click", deleteAll);
at("mails").addEventListener("keydown", walkList);
addEventListener("hashchange", route);

request("/readyz")
  .then(({ smtp }) => { state.smtp = `${["0.0.0.0", "::"].includes(smtp.host) ? location.hostname : smtp.host}:${smtp.port}`; })
  .catch(() => {})
  .finally(() => { route(); follow(); });
