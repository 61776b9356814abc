// Everything here makes pleasant what works without it.
import { swap } from "./swap.js";

const $ = (id) => document.getElementById(id);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const later = (fn, ms) => {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(fn, ms, ...args);
  };
};

// Forms

const fields = (form, button) => {
  const data = new FormData(form, button);
  if (form.method === "get") for (const [k, v] of [...data]) if (v === "") data.delete(k);
  return data;
};

let refreshing; // the checkout being worked out anew

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (refreshing && form.dataset.refreshUrl) { // an order goes by what is shown, so first let it be shown
    event.preventDefault();
    refreshing.then(() => $(form.id).requestSubmit());
    return;
  }
  if (form.dataset.once !== undefined) {
    if (form.ariaBusy) event.preventDefault();
    form.ariaBusy = "true";
  }
  const button = event.submitter;
  if (!form.dataset.swap || button?.hasAttribute("formaction")) return;
  event.preventDefault();
  const data = fields(form, button);
  const get = form.method === "get";
  const url = get ? form.action.split("?")[0] + "?" + new URLSearchParams(data) : form.action;
  if (button) form.closest("[popover]:popover-open")?.hidePopover();
  try {
    const done = await swap(url, form.dataset.swap, { body: get ? null : data, push: "push" in form.dataset });
    if (done && form.dataset.then) open(form.dataset.then);
  } catch {
    form.submit();
  }
});

const live = later((form) => form.requestSubmit(), 200);

document.addEventListener("change", ({ target }) => {
  const form = target.form;
  if (!form) return;
  if ("live" in form.dataset) return live(form);
  if ("refresh" in target.dataset) {
    const latest = swap(form.dataset.refreshUrl, form.dataset.refreshSwap, { body: fields(form) }).catch(() => {}).then(() => {
      if (refreshing === latest) refreshing = null;
    });
    refreshing = latest;
  }
});

const suggest = later((form, q) => {
  if (q) swap(form.dataset.suggest + "?q=" + encodeURIComponent(q), "#suggestions").catch(() => {});
}, 150);

document.addEventListener("input", ({ target }) => {
  if (target.form?.dataset.suggest) suggest(target.form, target.value.trim());
});

// Things that open

function open(id) {
  const panel = $(id);
  if (!panel.open) panel.showModal();
}

const popped = () => document.querySelectorAll("details[data-pop][open], .menu__drop[open]");

document.addEventListener("click", async (event) => {
  const { target } = event;
  for (const pop of popped()) if (!pop.contains(target)) pop.open = false;
  if (target.matches("dialog")) target.close();
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;

  const step = target.closest("[data-step]");
  if (step) {
    const input = step.parentElement.querySelector("input");
    step.dataset.step > 0 ? input.stepUp() : input.stepDown();
    input.dispatchEvent(new Event("change", { bubbles: true }));
    return;
  }
  const link = target.closest("a");
  if (!link) return;
  const { open: panel, load, swap: targets } = link.dataset;
  if (panel && $(panel)) {
    event.preventDefault();
    open(panel);
    if (load) swap(link.href, load).catch(() => (location.href = link.href));
  } else if (targets) {
    event.preventDefault();
    swap(link.href, targets, { push: "push" in link.dataset, replace: "replace" in link.dataset }).catch(() => (location.href = link.href));
  } else if (link.matches(".gallery__thumb")) {
    event.preventDefault();
    const photo = document.querySelector(link.hash);
    photo.parentElement.scrollTo({ left: photo.offsetLeft - photo.parentElement.offsetLeft, behavior: calm.matches ? "auto" : "smooth" });
  } else if ("zoom" in link.dataset) {
    event.preventDefault();
    const image = new Image();
    image.src = link.href;
    image.alt = link.querySelector("img").alt;
    $("zoom").replaceChildren(image);
    $("zoom").classList.remove("is-close");
    open("zoom-panel");
  } else if (link.matches(".card__link")) {
    document.querySelector(".gallery__item .photo")?.style.setProperty("view-transition-name", "none");
    link.querySelector(".photo")?.style.setProperty("view-transition-name", "product-photo");
  }
});

$("zoom")?.addEventListener("click", ({ currentTarget: zoom, target, offsetX, offsetY }) => {
  if (target === zoom) return $("zoom-panel").close();
  const [x, y] = [offsetX / target.width, offsetY / target.height];
  if (zoom.classList.toggle("is-close")) zoom.scrollTo(target.width * x - innerWidth / 2, target.height * y - innerHeight / 2);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.id === "zoom") event.target.firstChild.click();
  if (event.key !== "Escape") return;
  for (const pop of popped()) {
    pop.open = false;
    pop.querySelector("summary").focus();
  }
});

// The menu also opens under a pointer that stays.
let hovered;
for (const drop of document.querySelectorAll(".menu__drop")) {
  const set = later((on) => {
    if (on) hovered = drop;
    drop.open = on;
  }, 120);
  drop.addEventListener("pointerenter", (e) => e.pointerType === "mouse" && set(true));
  drop.addEventListener("pointerleave", (e) => e.pointerType === "mouse" && set(false));
  drop.firstElementChild.addEventListener("click", (e) => {
    if (drop.open && hovered === drop && e.detail) e.preventDefault();
  });
  drop.addEventListener("toggle", () => drop.open || hovered !== drop || (hovered = null));
}

// Scrolling

let last = 0;
addEventListener("scroll", () => {
  const y = Math.max(0, scrollY);
  if (Math.abs(y - last) < 8) return;
  $("header")?.classList.toggle("is-away", y > last && y > 300 && !calm.matches && !popped().length);
  last = y;
  const button = document.querySelector("#buy .button--main");
  document.querySelector("[data-buybar]")?.classList.toggle("is-shown", button.getBoundingClientRect().bottom < 0);
}, { passive: true });

document.addEventListener("scroll", ({ target: strip }) => {
  if (!strip.matches?.(".gallery__strip")) return;
  const at = Math.round(Math.abs(strip.scrollLeft) / strip.clientWidth);
  const gallery = strip.closest("[data-gallery]");
  gallery.querySelector("[data-position]")?.replaceChildren(at + 1);
  gallery.querySelectorAll(".gallery__thumb").forEach((thumb, i) => i === at ? thumb.setAttribute("aria-current", "true") : thumb.removeAttribute("aria-current"));
}, { capture: true, passive: true });

addEventListener("popstate", () => location.reload());
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) for (const form of document.querySelectorAll("[data-once]")) form.ariaBusy = null;
});

const waiting = document.querySelector("[data-reload]");
if (waiting) setTimeout(() => location.replace(waiting.dataset.reloadUrl), waiting.dataset.reload * 1000);
document.querySelector("[data-focus]")?.focus();
