// Toasts: what was just done. They leave by themselves, but never while the
// mouse or the caret is on them.
const box = () => document.getElementById("toasts");
const LINGER = 9000;

// word is a text of the page, written there in the person's language.
export const word = (name) => document.getElementById("words")?.dataset[name] ?? "";

export function say(text, bad = false) {
  if (!text || !box()) return;
  const toast = document.createElement("div");
  toast.className = bad ? "toast toast--bad" : "toast";
  toast.dataset.toast = "";
  const span = document.createElement("span");
  span.className = "toast__text";
  span.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "button button--sm";
  close.dataset.dismiss = "";
  close.textContent = word("dismiss");
  toast.append(span, close);
  box().replaceChildren(toast);
  linger(toast);
}

function linger(toast) {
  let timer = setTimeout(() => toast.remove(), LINGER);
  const hold = () => clearTimeout(timer);
  const resume = () => { hold(); timer = setTimeout(() => toast.remove(), LINGER / 3); };
  toast.addEventListener("pointerenter", hold);
  toast.addEventListener("focusin", hold);
  toast.addEventListener("pointerleave", resume);
  toast.addEventListener("focusout", resume);
}

export function toasts() {
  document.addEventListener("click", (event) => {
    event.target.closest("[data-dismiss]")?.closest("[data-toast]")?.remove();
  });
  document.querySelectorAll("[data-toast]").forEach(linger);
  // What was done is told once: a reload does not tell it again.
  const here = new URL(location.href);
  if (here.searchParams.has("done")) {
    for (const name of ["done", "of", "n"]) here.searchParams.delete(name);
    history.replaceState(history.state, "", here);
  }
}
