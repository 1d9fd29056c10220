// Draws values over time with uPlot where the screen is wide; their tables hold what is drawn. Without this script, and on
// a narrow screen, the picture that came with the page stays.
"use strict";

const uplotSource = document.currentScript.dataset.uplot;

document.addEventListener("DOMContentLoaded", () => {
  const figures = [...document.querySelectorAll("figure[data-plot]")];
  const wide = matchMedia("(min-width: 60rem)");
  if (!figures.length || !uplotSource) return;

  // Money as people read it: digits, commas between thousands, the asset behind.
  const number = (cell) => Number(cell.textContent.replace(/,/g, "").split(" ")[0]);

  // When, how much, and the highest so far; a moment that stands there twice is parted by a thousandth of a second.
  const values = (figure) => {
    const [when, now, peak] = [[], [], []];
    for (const row of figure.querySelectorAll("tbody tr")) {
      const [at, amount, below] = row.cells;
      const seconds = Date.parse(at.textContent) / 1000;
      when.push(when.length && seconds <= when.at(-1) ? when.at(-1) + 0.001 : seconds);
      now.push(number(amount));
      peak.push(number(amount) + number(below));
    }
    return [when, now, peak];
  };

  const draw = (figure) => {
    const data = values(figure);
    if (data[0].length < 2) return;
    const svg = figure.querySelector("svg");
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(name).trim();
    const box = document.createElement("div");
    box.className = "plot";
    box.setAttribute("role", "img");
    box.setAttribute("aria-label", svg.querySelector("title").textContent + "; its table stands below");
    svg.before(box);
    figure.classList.add("drawn");
    const axis = { stroke: color("--ink"), grid: { stroke: color("--line") }, ticks: { stroke: color("--line") } };
    const stepped = uPlot.paths.stepped({ align: 1 });
    const size = () => ({ width: figure.clientWidth, height: 280 });
    // Times as everywhere on these pages: in UTC, the day as 2025-10-10, the hour from 00 to 23.
    const written = [["{h}", "{HH}"], ["{aa}", ""], ["{M}/{D}/{YY}", "{YYYY}-{MM}-{DD}"], ["{M}/{D}", "{MM}-{DD}"]];
    const plot = new uPlot({
      ...size(),
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      fmtDate: (form) => uPlot.fmtDate(written.reduce((text, [from, to]) => text.replaceAll(from, to), form)),
      title: svg.querySelector("title").textContent,
      axes: [axis, { ...axis, size: 90 }],
      series: [
        {},
        { label: "now", stroke: color("--accent"), width: 2, paths: stepped, points: { show: false } },
        { label: "highest so far", stroke: color("--soft"), width: 1, dash: [4, 4], paths: stepped, points: { show: false } },
      ],
      bands: [{ series: [2, 1], fill: color("--bad-back") }],
    }, data, box);
    new ResizeObserver(() => plot.setSize(size())).observe(figure);
  };

  const choose = () => {
    for (const figure of figures) {
      if (wide.matches && !figure.querySelector(".plot")) draw(figure);
      const drawn = wide.matches && figure.querySelector(".plot") !== null;
      figure.querySelector("svg").classList.toggle("away", drawn);
      figure.querySelector(".plot")?.classList.toggle("away", !drawn);
      figure.classList.toggle("drawn", drawn);
    }
  };

  // The script that draws is only fetched where it will be used.
  const ready = () => {
    if (window.uPlot) return choose();
    const script = document.createElement("script");
    script.src = uplotSource;
    script.addEventListener("load", choose);
    document.head.append(script);
  };
  if (wide.matches) ready();
  wide.addEventListener("change", ready);
});
