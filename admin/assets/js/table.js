// Picking rows: all of them, or a range with shift. Counting and showing the
// bar is done by the style sheet.
export function tables() {
  let last = null;
  document.addEventListener("click", (event) => {
    const pick = event.target.closest(".pick");
    if (!pick) return;
    const table = pick.closest("table");
    const picks = [...table.querySelectorAll("tbody .pick")];
    if (pick.matches("[data-pick-all]")) {
      for (const other of picks) other.checked = pick.checked;
    } else {
      if (event.shiftKey && last && picks.includes(last)) {
        const [from, to] = [picks.indexOf(last), picks.indexOf(pick)].sort((a, b) => a - b);
        for (let i = from; i <= to; i++) picks[i].checked = pick.checked;
      }
      last = pick;
    }
    const all = table.querySelector("[data-pick-all]");
    const on = picks.filter((other) => other.checked).length;
    if (all) { all.checked = on === picks.length; all.indeterminate = on > 0 && on < picks.length; }
  });
}
