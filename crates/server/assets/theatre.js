// Plays the theatre: goes through its steps by itself. Each step is a page that stands without this script.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const stage = document.getElementById("theatre");
  const slider = document.getElementById("frame");
  const play = document.getElementById("play");
  if (!stage || !slider || !play) return;
  const last = Number(stage.dataset.last);
  let wanted = Number(slider.value);
  let shown = wanted;
  let busy = false;
  let timer = 0;
  let plot = null;

  // One step at a time; the newest wish wins.
  const show = async () => {
    if (busy || wanted === shown) return;
    busy = true;
    const step = wanted;
    try {
      const query = new URLSearchParams(stage.dataset.query);
      query.set("frame", String(step));
      const answer = await fetch("?" + query, { headers: { accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("step");
      if (fresh) document.getElementById("step").replaceWith(fresh);
      shown = step;
      mark(step);
    } catch {
      stop();
    } finally {
      busy = false;
      if (wanted !== shown && timer) show();
    }
  };

  const mark = (step) => {
    if (plot) plot.setCursor({ left: plot.valToPos(plot.data[0][step], "x"), top: 10 });
  };

  const stop = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
  };

  play.hidden = false;
  play.addEventListener("click", () => {
    if (timer) return stop();
    if (wanted >= last) wanted = 0;
    play.textContent = "Pause";
    timer = setInterval(() => {
      if (busy) return;
      if (wanted >= last) return stop();
      wanted += 1;
      slider.value = String(wanted);
      show();
    }, 250);
  });
  slider.addEventListener("input", () => {
    stop();
    wanted = Number(slider.value);
    show();
  });

  const draw = (frames) => {
    const box = document.getElementById("chart");
    const ink = getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
    const line = getComputedStyle(document.documentElement).getPropertyValue("--line").trim();
    const number = (values) => values.map((value) => (value === null ? null : Number(value)));
    const price = number(frames.price);
    const losses = price.map((at, step) => (frames.worst[step] === null ? null : at));
    const axis = { stroke: ink, grid: { stroke: line }, ticks: { stroke: line } };
    plot = new uPlot({
      width: Math.min(box.clientWidth, 900),
      height: 240,
      scales: { x: { time: false } },
      axes: [{ ...axis, label: "step" }, { ...axis, scale: "price", size: 60 }, { ...axis, scale: "count", side: 1, grid: { show: false }, size: 60 }],
      series: [
        { label: "step" },
        { label: "price", scale: "price", stroke: "#2563eb", width: 2 },
        { label: "loss", scale: "price", paths: () => null, points: { show: true, size: losses.filter((at) => at !== null).length > 40 ? 4 : 9, fill: "#b3261e", stroke: "#b3261e" } },
        { label: "liquidations", scale: "count", stroke: "#b45309", width: 2, dash: [6, 3] },
      ],
    }, [frames.time_ms.map((_, at) => at), price, losses, frames.liquidations], box);
    mark(shown);
    new ResizeObserver(() => {
      plot.setSize({ width: Math.min(box.clientWidth, 900), height: 240 });
      mark(shown);
    }).observe(box);
  };
  fetch(stage.dataset.frames).then((answer) => answer.json()).then(draw).catch(() => {});
});
