// The bar under the mouse is told in words above the chart.
export function charts() {
  for (const chart of document.querySelectorAll("[data-chart]")) {
    const out = chart.querySelector("output");
    const svg = chart.querySelector("svg");
    svg.addEventListener("pointermove", (event) => {
      const title = event.target.closest("g")?.querySelector("title");
      out.textContent = title?.textContent ?? "";
    });
    svg.addEventListener("pointerleave", () => { out.textContent = ""; });
  }
}
