// The fault rules of SMTP: seen, switched, added, removed.

import { element, fromTemplate, request } from "./dom.js";

const ACTIONS = {
  delay: (rule) => `The answer comes ${rule.seconds} s late`,
  bounce_later: (rule) => `Accepted, bounces after ${rule.seconds} s`,
  disconnect_before_data: () => "Connection lost before the mail",
  disconnect_after_data: () => "Connection lost after the mail, before the 250",
};

/** The article with the rules and the form for a new one. `refresh` shows new rules without touching the form. */
export function faultsView() {
  const { root, slots } = fromTemplate("faults-template");
  const show = ({ rules }) => {
    const focused = document.activeElement?.dataset?.rule;
    slots.rules.replaceChildren(...(rules.length ? rules.map((rule) => row(rule, act)) : [nothing()]));
    if (focused) slots.rules.querySelector(`[data-rule="${focused}"]`)?.focus();
  };
  const act = async (path, options) => {
    try {
      await request(path, options);
      slots.error.textContent = "";
    } catch (error) {
      slots.error.textContent = error.message;
    }
    show(await request("/faults/smtp"));
  };
  slots.form.addEventListener("submit", (event) => {
    event.preventDefault();
    act("/faults/smtp", { method: "POST", body: ruleFrom(slots.form) });
  });
  slots.form.elements.action.addEventListener("change", () => fit(slots.form));
  fit(slots.form);
  return { root, refresh: show };
}

function row(rule, act) {
  const path = `/faults/smtp/${encodeURIComponent(rule.id)}`;
  const words = [rule.enhanced, rule.text].filter(Boolean).join(" ");
  const what = [ACTIONS[rule.action]?.(rule) ?? rule.action, words].filter(Boolean).join(ACTIONS[rule.action] ? ": " : " ");
  const when = ACTIONS[rule.action] && rule.action !== "delay" ? "" : rule.stage === "rcpt" ? " at the recipient" : " after the mail";
  const usage = rule.times === null ? "always" : `${rule.left} of ${rule.times} left`;
  const toggle = element("button", { type: "button", className: "switch", role: "switch", "aria-checked": String(rule.enabled), "aria-label": `Rule for ${rule.match}: ${what}` });
  toggle.dataset.rule = rule.id;
  toggle.addEventListener("click", () => act(path, { method: "PATCH", body: { enabled: !rule.enabled } }));
  const remove = element("button", { type: "button", className: "quiet danger", textContent: "Remove", "aria-label": `Remove the rule for ${rule.match}` });
  remove.addEventListener("click", () => act(path, { method: "DELETE" }));
  const description = element("div", {}, element("strong", { textContent: rule.match === "*" ? "Everybody" : rule.match }),
    element("small", { textContent: `${what}${when} · ${usage} · struck ${rule.hits} ${rule.hits === 1 ? "time" : "times"}` }));
  return element("li", { className: rule.enabled ? "" : "off" }, toggle, description, remove);
}

function nothing() {
  return element("li", { className: "none", textContent: "No rules: every mail is taken at once." });
}

function fit(form) {
  const { action, seconds, stage } = form.elements;
  const timed = action.value === "delay" || action.value === "bounce_later";
  const staged = action.value === "delay" || /^\d+$/.test(action.value);
  seconds.disabled = !timed;
  seconds.closest("label").hidden = !timed;
  stage.closest("label").hidden = !staged;
  stage.value = staged && action.value !== "delay" ? "rcpt" : "data";
}

function ruleFrom(form) {
  const { match, action, seconds, stage, times } = form.elements;
  const rule = { match: match.value.trim(), action: action.value, stage: stage.value };
  if (!seconds.disabled) rule.seconds = Number(seconds.value);
  if (times.value) rule.times = Number(times.value);
  return rule;
}
