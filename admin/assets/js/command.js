// The command bar: places to go, things to do, and what the shop finds for the
// words typed. The found part comes from the server as markup.
export function openCommand() {
  const bar = document.getElementById("command");
  if (!bar || bar.open) return;
  bar.showModal();
  const input = bar.querySelector("input");
  input.select();
}

export function command() {
  const bar = document.getElementById("command");
  if (!bar) return;
  const input = bar.querySelector("input");
  const go = bar.querySelector("#command-go");
  const found = bar.querySelector("#command-found");
  const none = bar.querySelector(".command__none");
  const own = [...go.querySelectorAll(".command__item")];

  const items = () => [...bar.querySelectorAll(".command__item")].filter((item) => item.offsetParent !== null);
  const mark = (item) => {
    bar.querySelectorAll(".is-at").forEach((other) => { other.classList.remove("is-at"); other.removeAttribute("aria-selected"); });
    if (!item) { input.removeAttribute("aria-activedescendant"); return; }
    item.id ||= "command-" + Math.random().toString(36).slice(2);
    item.classList.add("is-at");
    item.setAttribute("aria-selected", "true");
    item.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", item.id);
  };
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  const sift = () => {
    const words = fold(input.value).split(/\s+/).filter(Boolean);
    for (const item of own) {
      const text = fold(item.dataset.words);
      item.hidden = !words.every((word) => text.includes(word));
    }
    for (const group of go.querySelectorAll(".command__group")) {
      let next = group.nextElementSibling;
      let any = false;
      while (next && !next.matches(".command__group")) { any ||= !next.hidden; next = next.nextElementSibling; }
      group.hidden = !any;
    }
    if (words.length === 0) found.replaceChildren();
    none.hidden = items().length > 0;
    mark(items()[0]);
  };

  input.addEventListener("input", sift);
  bar.addEventListener("toggle", () => { if (bar.open) sift(); });
  document.addEventListener("htmx:after:swap", sift);
  input.addEventListener("keydown", (event) => {
    const list = items();
    const at = list.findIndex((item) => item.classList.contains("is-at"));
    if (event.key === "ArrowDown") { event.preventDefault(); mark(list[(at + 1) % list.length]); }
    if (event.key === "ArrowUp") { event.preventDefault(); mark(list[(at - 1 + list.length) % list.length]); }
    if (event.key === "Enter") { event.preventDefault(); list[Math.max(at, 0)]?.click(); }
  });
  bar.addEventListener("pointermove", (event) => {
    const item = event.target.closest(".command__item");
    if (item && !item.classList.contains("is-at")) mark(item);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("a[data-command]") && !event.ctrlKey && !event.metaKey) { event.preventDefault(); openCommand(); }
  });
}
