// The mailbox page: the list on the left, what is chosen on the right (by the address's fragment), kept fresh by /changes.

import { element, request, shortTime } from "./dom.js";
import { faultsView } from "./faults.js";
import { mailView } from "./mail.js";

const PAGE = 50;
const AT_MOST = 500;
const REFRESH_PAUSE_MS = 400;
const RETRY_MS = 2000;

const at = (id) => document.getElementById(id);
const state = { search: "", shown: PAGE, faults: null, where: null, smtp: "" };
let latestListing = 0;

function query(more = {}) {
  return new URLSearchParams({ ...(state.search ? { search: state.search } : {}), ...more });
}

async function refreshList() {
  const ticket = ++latestListing;
  const [page, total] = await Promise.all([request(`/mail?${query({ limit: state.shown })}`), request(`/mail/count?${query()}`)]);
  if (ticket !== latestListing) return;
  const focused = document.activeElement?.dataset?.mail;
  at("mails").replaceChildren(...page.items.map(listItem));
  if (focused) at("mails").querySelector(`[data-mail="${focused}"]`)?.focus();
  at("count").textContent = `${total.count.toLocaleString()} ${total.count === 1 ? "mail" : "mails"}${state.search ? " found" : ""}`;
  at("delete-all").hidden = total.count === 0;
  at("delete-all").textContent = state.search ? "Delete found" : "Delete all";
  at("delete-all").dataset.count = total.count;
  at("more").hidden = page.next_cursor === null || state.shown >= AT_MOST;
  at("empty").hidden = total.count > 0;
  at("empty").replaceChildren(...emptyNote());
  markCurrent();
}

function emptyNote() {
  if (state.search) return [`Nothing matches “${state.search}”.`];
  return ["No mail yet. Send one to", element("br"), element("code", { textContent: state.smtp })];
}

function listItem(mail) {
  const [first, ...others] = mail.envelope.rcpt_to;
  const link = element("a", { href: `#/mail/${mail.id}` },
    element("span", { className: "to", textContent: others.length ? `${first} +${others.length}` : first }),
    element("time", { dateTime: mail.received_at, textContent: shortTime(mail.received_at) }),
    element("span", { className: "subject", textContent: mail.subject || "(no subject)" }));
  link.dataset.mail = mail.id;
  return element("li", {}, link);
}

function markCurrent() {
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
  const mailId = /^#\/mail\/(\d+)$/.exec(where)?.[1];
  at("panes").dataset.view = mailId || where === "#/faults" ? "detail" : "list";
  state.faults = null;
  markCurrent();
  let shown = placeholder("Choose a mail to read it.");
  if (where === "#/faults") {
    state.faults = faultsView();
    shown = state.faults.root;
    await refreshFaults();
  } else if (mailId) {
    try {
      shown = mailView(await request(`/mail/${mailId}`), () => { location.hash = "#/"; });
    } catch (error) {
      shown = placeholder(error.message);
    }
  }
  if (where !== state.where) return;
  at("detail").replaceChildren(shown);
  at("detail").scrollTop = 0;
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
  at("confirm-title").textContent = `Delete ${count.toLocaleString()} ${count === 1 ? "mail" : "mails"}?`;
  at("confirm").returnValue = "no";
  at("confirm").showModal();
  await new Promise((resolve) => { at("confirm").addEventListener("close", resolve, { once: true }); });
  if (at("confirm").returnValue !== "yes") return;
  await request(`/mail?${query()}`, { method: "DELETE" });
  location.hash = "#/";
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
