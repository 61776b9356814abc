// Files dropped anywhere on a drop area, or pasted while it is on the page.
import { word } from "./toast.js";

export function drops() {
  for (const area of document.querySelectorAll("[data-drop]")) {
    const input = area.querySelector("input[type=file]");
    const show = () => {
      const names = [...input.files].map((file) => file.name);
      area.querySelector("[data-files]").textContent = names.length > 3 ? word("files").replace("{count}", names.length) : names.join(", ");
      if (names.length > 0 && area.hasAttribute("data-send")) { area.classList.add("is-over"); input.form.requestSubmit(); }
    };
    input.addEventListener("change", show);
    for (const name of ["dragenter", "dragover"]) area.addEventListener(name, (event) => { event.preventDefault(); area.classList.add("is-over"); });
    for (const name of ["dragleave", "dragend"]) area.addEventListener(name, () => area.classList.remove("is-over"));
    area.addEventListener("drop", (event) => {
      event.preventDefault();
      area.classList.remove("is-over");
      take(input, event.dataTransfer.files);
    });
    document.addEventListener("paste", (event) => {
      if (event.clipboardData.files.length > 0) { event.preventDefault(); take(input, event.clipboardData.files); }
    });
  }
  // A file that misses its target must not replace the page.
  for (const name of ["dragover", "drop"]) addEventListener(name, (event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
}

function take(input, list) {
  const files = new DataTransfer();
  for (const file of list) {
    files.items.add(file);
    if (!input.multiple) break;
  }
  input.files = files.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}
