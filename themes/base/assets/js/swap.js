// Fetches an address and replaces elements by those of the same id in the
// answer, which may be a fragment or a whole page.

const running = new Map(); // targets → AbortController; the latest request wins

export async function swap(url, targets, { body, push, replace } = {}) {
  const ids = targets.split(" ").map((t) => t.slice(1));
  running.get(targets)?.abort();
  const control = new AbortController();
  running.set(targets, control);
  mark(ids, true);
  const sent = new Map(controls(ids).map((c) => [c, state(c)]));
  try {
    const answer = await fetch(url, {
      method: body ? "POST" : "GET",
      body: body && new URLSearchParams(body),
      headers: { "X-Swap": ids.join(" "), Accept: "text/html" },
      signal: control.signal,
    });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!ids.some((id) => page.getElementById(id))) {
      if (answer.redirected || !body) location.href = answer.url;
      else document.replaceChild(document.adoptNode(page.documentElement), document.documentElement);
      return;
    }
    exchange(ids, page, sent);
    if (push && url !== location.href) history.pushState(null, "", url);
    if (replace) history.replaceState(null, "", url);
    if ((push || replace) && page.title) document.title = page.title;
    return true;
  } catch (err) {
    if (err.name === "AbortError") return;
    throw err;
  } finally {
    if (running.get(targets) === control) {
      running.delete(targets);
      mark(ids, false);
    }
  }
}

function mark(ids, busy) {
  for (const id of ids) document.getElementById(id)?.setAttribute("aria-busy", busy);
}

const controls = (ids) => ids.flatMap((id) => [...(document.getElementById(id)?.querySelectorAll("input[name], textarea[name], select[name]") ?? [])]);
const reachable = (id) => [...(document.getElementById(id)?.querySelectorAll("a[href], button, input, select, textarea, summary") ?? [])].filter((e) => e.checkVisibility());
const picks = (c) => c.type === "checkbox" || c.type === "radio";
const state = (c) => (picks(c) ? c.checked : c.value);
const looks = (e) => [e.tagName, e.name, picks(e) && e.value, e.getAttribute("href"), e.dataset.step, e.textContent].join();
const alike = (list, look) => list.filter((e) => looks(e) === look);

// What somebody typed or chose while the answer was under way stays.
function keep(changed) {
  for (const c of changed) {
    const next = c.id ? document.getElementById(c.id) : [...document.getElementsByName(c.name)].find((n) => !picks(c) || n.value === c.value);
    if (!next || next === c) continue;
    if (picks(c)) next.checked = c.checked;
    else next.value = c.value;
  }
}

function exchange(ids, page, sent) {
  const changed = controls(ids).filter((c) => sent.has(c) && sent.get(c) !== state(c));
  const at = document.activeElement;
  const focus = at?.id;
  const caret = at?.selectionStart;
  const home = ids.find((id) => document.getElementById(id)?.contains(at));
  const before = home ? reachable(home) : [];
  const look = home && looks(at);
  const nth = alike(before, look).indexOf(at);
  let words = "";
  for (const id of ids) {
    const old = document.getElementById(id);
    const fresh = page.getElementById(id);
    if (!old || !fresh) continue;
    for (const part of old.querySelectorAll("details[data-keep][id]")) {
      const next = page.getElementById(part.id);
      if (next) next.open = part.open;
    }
    const scrolled = old.querySelector(".sheet__body")?.scrollTop || old.scrollTop;
    old.replaceWith(document.adoptNode(fresh));
    (fresh.querySelector(".sheet__body") || fresh).scrollTop = scrolled;
    words ||= fresh.dataset.announce;
    const count = fresh.dataset.bag;
    if (count) {
      for (const badge of document.querySelectorAll("[data-bag-count]")) {
        badge.textContent = count;
        badge.hidden = count === "0";
      }
    }
  }
  keep(changed);
  const first = document.querySelector("[data-focus]");
  const after = home ? reachable(home) : [];
  const again = first || document.getElementById(focus || "-") || alike(after, look)[nth] || after.slice(0, Math.max(1, before.indexOf(at) + 1)).pop(); // at least close by
  again?.focus({ preventScroll: !first });
  if (!first && caret != null) again?.setSelectionRange?.(caret, caret);
  if (words) document.getElementById("announce").textContent = words;
}
