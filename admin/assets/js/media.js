// Pictures are put in order by dragging; their order is the order of their
// hidden inputs, which the arrows change without the script.
export function media() {
  for (const list of document.querySelectorAll("[data-sortable]")) {
    let held = null;
    list.addEventListener("dragstart", (event) => {
      held = event.target.closest("[draggable]");
      if (!held) return;
      held.classList.add("is-dragged");
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", "");
    });
    list.addEventListener("dragover", (event) => {
      const over = event.target.closest("[draggable]");
      if (!held || !over || over === held) return;
      event.preventDefault();
      const r = over.getBoundingClientRect();
      const after = event.clientX > r.left + r.width / 2;
      list.insertBefore(held, after ? over.nextSibling : over);
    });
    list.addEventListener("dragend", () => {
      held?.classList.remove("is-dragged");
      held?.closest("form")?.dispatchEvent(new Event("guard:check"));
      held = null;
    });
  }
}
