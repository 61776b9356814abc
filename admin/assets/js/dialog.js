// Dialogs open by command/commandfor where the browser knows it, and by this
// elsewhere.
const native = "commandForElement" in HTMLButtonElement.prototype;

export function dialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener && !native) document.getElementById(opener.dataset.opens)?.showModal();
    if (opener) opener.closest("[popover]")?.hidePopover();
    if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
    if (event.target.matches("dialog[open]")) {
      const r = event.target.getBoundingClientRect();
      const inside = event.clientX >= r.left && event.clientX <= r.right && event.clientY >= r.top && event.clientY <= r.bottom;
      if (!inside) event.target.close();
    }
    if (event.target.closest("[data-keys]")) {
      document.getElementById("me-menu")?.hidePopover();
      document.getElementById("keys")?.showModal();
    }
  });
}
