"use strict";
const figures = JSON.parse(document.getElementById("figures").textContent).figures;
const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");

// Colours in figures are CSS variables, so that light and dark mode share one description.
function coloured(node, style) {
  if (typeof node === "string") {
    const name = /^var\((--[a-z0-9-]+)\)$/.exec(node);
    return name ? style.getPropertyValue(name[1]).trim() : node;
  }
  if (Array.isArray(node)) return node.map((item) => coloured(item, style));
  if (node === null || typeof node !== "object") return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, coloured(value, style)]));
}

function draw() {
  const style = getComputedStyle(root);
  for (const [id, figure] of Object.entries(figures)) {
    const { data, layout } = coloured(figure, style);
    Plotly.react(id, data, layout, { responsive: true, displayModeBar: false, doubleClick: false });
  }
}

const toggle = document.getElementById("theme");
toggle.hidden = false;
toggle.addEventListener("click", () => {
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
  root.dataset.theme = isDark ? "light" : "dark";
  draw();
});
dark.addEventListener("change", draw);

// A click on a heading sorts its table: numerically if possible, empty cells last; a second click reverses the order.
for (const button of document.querySelectorAll("th > button")) {
  button.addEventListener("click", () => {
    const heading = button.parentElement;
    const column = heading.cellIndex;
    const order = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", order === 1 ? "ascending" : "descending");
    const body = heading.closest("table").tBodies[0];
    const key = (row) => row.cells[column].dataset.key;
    const compared = (a, b) => {
      const difference = Number(a) - Number(b);
      return Number.isNaN(difference) ? a.localeCompare(b) : difference;
    };
    const rows = [...body.rows].sort((first, second) => {
      const [a, b] = [key(first), key(second)];
      if (a === "" || b === "") return (a === "") - (b === "");
      return order * compared(a, b);
    });
    body.append(...rows);
  });
}

for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.from).textContent);
    button.textContent = "Copied";
  });
}

draw();
