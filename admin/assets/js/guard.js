// The guard of unsaved work: it shows the save bar when a form differs from
// what was loaded, asks before leaving, and keeps a copy in this tab until the
// form is sent, so that a crash or a lost session loses nothing.
const state = (form) => [...new FormData(form)]
  .filter(([name, value]) => name !== "form_key" && typeof value === "string")
  .map(([name, value]) => [name, value]);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const files = (form) => [...form.querySelectorAll("input[type=file]")].some((input) => input.files.length > 0);

export function guard() {
  const forms = [...document.querySelectorAll("form[data-guard]")];
  if (forms.length === 0) return;
  let sending = false;
  let wanted = null; // where the person was going when we asked

  for (const form of forms) {
    const loaded = state(form);
    const key = "draft:" + location.pathname + ":" + (form.id || "form");
    const check = () => {
      const now = state(form);
      const changed = form.hasAttribute("data-refused") || !same(now, loaded) || files(form);
      form.classList.toggle("is-changed", changed);
      try {
        if (changed) sessionStorage.setItem(key, JSON.stringify({ loaded, now }));
        else sessionStorage.removeItem(key);
      } catch { /* the tab has no room to keep it */ }
    };
    restore(form, key, loaded);
    check();
    form.addEventListener("input", check);
    form.addEventListener("change", check);
    form.addEventListener("guard:check", check);
    form.addEventListener("reset", () => setTimeout(check));
    form.addEventListener("submit", () => { sending = true; try { sessionStorage.removeItem(key); } catch { /* nothing kept */ } });
    form.querySelector("[data-discard]")?.addEventListener("click", () => {
      sending = true;
      try { sessionStorage.removeItem(key); } catch { /* nothing kept */ }
    });
  }

  const dirty = () => !sending && forms.some((form) => form.classList.contains("is-changed"));
  addEventListener("beforeunload", (event) => { if (dirty()) event.preventDefault(); });
  addEventListener("pageshow", () => { sending = false; });
  const ask = document.getElementById("leave");
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || !dirty() || link.target === "_blank" || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (link.hasAttribute("data-discard") || link.getAttribute("href").startsWith("#") || link.hasAttribute("data-command")) return;
    event.preventDefault();
    wanted = link.href;
    document.querySelectorAll("dialog[open]").forEach((open) => open.close());
    ask?.showModal();
  });
  ask?.querySelector("[data-leave]")?.addEventListener("click", () => {
    sending = true;
    try { for (const form of forms) sessionStorage.removeItem("draft:" + location.pathname + ":" + (form.id || "form")); } catch { /* nothing kept */ }
    location.href = wanted;
  });
}

// restore puts a kept copy back if it was made from the same saved state.
function restore(form, key, loaded) {
  if (form.hasAttribute("data-refused")) return;
  let kept = null;
  try { kept = JSON.parse(sessionStorage.getItem(key)); } catch { return; }
  if (!kept || !same(kept.loaded, loaded)) return;
  const seen = {};
  for (const input of form.elements) {
    if (!input.name || input.name === "form_key" || input.type === "file") continue;
    const values = kept.now.filter(([name]) => name === input.name).map(([, value]) => value);
    if (input.type === "checkbox" || input.type === "radio") { input.checked = values.includes(input.value); continue; }
    if (input.type === "select-multiple") { for (const option of input.options) option.selected = values.includes(option.value); continue; }
    const i = seen[input.name] ?? 0;
    seen[input.name] = i + 1;
    if (values[i] !== undefined) input.value = values[i];
  }
}
