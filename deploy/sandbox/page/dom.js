// Elements and requests: the two things that every part of the page needs.

/** An element with properties, attributes (where the name has a dash or is "role" or "for") and children. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes("-") || key === "role") made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

/** The content of a template, and its slots by name. */
export function fromTemplate(id) {
  const root = document.getElementById(id).content.firstElementChild.cloneNode(true);
  const slots = {};
  for (const slot of root.querySelectorAll("[data-slot]")) slots[slot.dataset.slot] = slot;
  return { root, slots };
}

/** A request to the sandbox. Throws an Error with the problem's own sentence; `status` tells a refusal (a number) from a lost line. */
export async function request(path, { method = "GET", body, signal } = {}) {
  const options = { method, signal };
  if (body !== undefined) Object.assign(options, { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  const response = await fetch(path, options);
  const answer = response.status === 204 ? null : await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.detail), { status: response.status });
  return answer;
}

export function bytes(count) {
  if (count < 1024) return `${count} B`;
  const [amount, unit] = count < 1024 * 1024 ? [count / 1024, "KB"] : [count / (1024 * 1024), "MB"];
  return `${amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${unit}`;
}

/** The time of day for today, else the date. */
export function shortTime(iso) {
  const then = new Date(iso);
  return then.toDateString() === new Date().toDateString()
    ? then.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" })
    : then.toLocaleDateString([], { month: "short", day: "numeric" });
}
