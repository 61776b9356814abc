// The keyboard. Single keys act only while no field has the caret, and letters
// and signs only for who has not switched them off in their profile: a voice
// that dictates, or a hand that slips, types them without meaning to.
import { openCommand } from "./command.js";

const typing = (target) => target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");

export function keys() {
  let going = 0; // until when a "g" waits for its second letter
  document.addEventListener("keydown", (event) => {
    const mod = event.ctrlKey || event.metaKey;
    if (mod && event.key.toLowerCase() === "k") { event.preventDefault(); openCommand(); return; }
    if (mod && event.key.toLowerCase() === "s") {
      const form = document.querySelector("form[data-guard]");
      if (form) { event.preventDefault(); form.requestSubmit(); }
      return;
    }
    if (mod && event.key === "Enter") { event.target.closest("form")?.requestSubmit(); return; }
    if (mod || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key.length === 1 && document.body.dataset.singleKeys === "off") return;
    if (going > event.timeStamp) {
      going = 0;
      const link = document.querySelector(`.nav [data-go="${CSS.escape(event.key.toUpperCase())}"]`);
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    switch (event.key) {
      case "g": going = event.timeStamp + 1200; break;
      case "/": { const box = document.querySelector("[data-search]"); if (box) { event.preventDefault(); box.focus(); box.select(); } else { event.preventDefault(); openCommand(); } break; }
      case "?": event.preventDefault(); document.getElementById("keys")?.showModal(); break;
      case "c": document.querySelector(".head a[data-create]")?.click(); break;
      case "u": document.querySelector("[data-back]")?.click(); break;
      case "j": case "ArrowDown": if (event.key === "j" || row()) { event.preventDefault(); step(1); } break;
      case "k": case "ArrowUp": if (event.key === "k" || row()) { event.preventDefault(); step(-1); } break;
      case "Enter": if (row() && event.target === document.body) row().querySelector(".cell__lead[href]")?.click(); break;
      case "x": row()?.querySelector(".pick")?.click(); break;
    }
  });
}

const rows = () => [...document.querySelectorAll("[data-rows] tbody tr")];
const row = () => document.querySelector("[data-rows] tr.is-at");

function step(by) {
  const list = rows();
  if (list.length === 0) return;
  const at = list.indexOf(row());
  const next = list[Math.min(Math.max(at + by, 0), list.length - 1)];
  row()?.classList.remove("is-at");
  next.classList.add("is-at");
  next.scrollIntoView({ block: "nearest" });
}
