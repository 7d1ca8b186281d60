// Draws the charts of a page with Observable Plot, each into its figure, anew whenever the width
// changes. What is drawn stands in words beside it: a chart is not all there is.
(() => {
  "use strict";
  const style = { background: "none", color: "inherit", font: "inherit", fontSize: "13px" };

  function date(text) {
    return new Date(text);
  }

  // The time in which something was copied, with a little beyond it: days of waiting would make it
  // a line.
  function busy(points) {
    const last = points.at(-1);
    const end = points.find((each) => each.messages === last.messages) ?? last;
    const begin = points.findLast((each) => each.messages === points[0].messages) ?? points[0];
    const span = Math.max(date(end.at) - date(begin.at), 60_000);
    return [new Date(date(begin.at) - 0.03 * span), new Date(+date(end.at) + 0.05 * span)];
  }

  const day = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", timeZone: "UTC" });
  const second = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone: "UTC" });
  const hour = new Intl.DateTimeFormat("en-GB", { timeStyle: "short", timeZone: "UTC" });

  const compact = new Intl.NumberFormat("en", { notation: "compact" });
  const count = (number) => compact.format(number);

  // Times as in the text of the page: 24 hours, UTC. The first of an axis and each midnight have
  // their day.
  const time = (clock) => (moment, place) => {
    const midnight = moment % 86_400_000 === 0;
    if (midnight) return day.format(moment);
    return place ? clock.format(moment) : `${clock.format(moment)}\n${day.format(moment)}`;
  };

  function frame(width, label, rest) {
    return { width, marginLeft: 56, marginRight: 16, style, ariaLabel: label, ...rest };
  }

  function axis(width, domain) {
    const ticks = Math.max(2, Math.floor(width / 110));
    const isShort = domain && domain[1] - domain[0] < ticks * 60_000; // minutes are not enough
    const tickFormat = time(isShort ? second : hour);
    return { type: "utc", label: null, grid: true, tickFormat, ticks, domain };
  }

  function drawProgress(points, width) {
    const at = (each) => date(each.at);
    return Plot.plot(
      frame(width, "Messages dealt with over time", {
        height: 200,
        x: { ...axis(width - 72, busy(points)), clamp: true },
        y: { label: "messages", zero: true, grid: true, tickFormat: count, nice: true },
        marks: [
          Plot.areaY(points, { x: at, y: "messages", fill: "var(--accent)", fillOpacity: 0.18 }),
          Plot.lineY(points, { x: at, y: "messages", stroke: "var(--accent)", strokeWidth: 2 }),
          Plot.ruleY([0]),
        ],
      }),
    );
  }

  function drawRate(points, width) {
    const steps = points.slice(1).map((each, place) => {
      const before = points[place];
      const minutes = (date(each.at) - date(before.at)) / 60_000;
      const rate = minutes ? (each.messages - before.messages) / minutes : 0;
      return { at: date(before.at), rate };
    });
    steps.push({ at: date(points.at(-1).at), rate: steps.at(-1)?.rate ?? 0 });
    return Plot.plot(
      frame(width, "Messages a minute over time", {
        height: 140,
        x: { ...axis(width - 72, busy(points)), clamp: true },
        y: { label: "messages a minute", zero: true, grid: true, tickFormat: count, nice: true },
        marks: [
          Plot.areaY(steps, {
            x: "at",
            y: "rate",
            curve: "step-after",
            fill: "var(--accent)",
            fillOpacity: 0.35,
          }),
          Plot.ruleY([0]),
        ],
      }),
    );
  }

  // On a narrow page the names stand above the bars: beside them they leave no room.
  function drawPhases(phases, width) {
    const [begun, ended] = [date(phases[0].begun), Math.max(...phases.map((each) => date(each.ended)))];
    const least = (3 * (ended - begun)) / width; // so that a minute among days can be seen
    const spans = phases.map((each, place) => ({
      name: each.name,
      row: `${place}`,
      begun: Math.min(date(each.begun), ended - least),
      ended: Math.max(date(each.ended), +date(each.begun) + least),
    }));
    const name = new Map(spans.map((each) => [each.row, each.name]));
    const narrow = width < 480;
    const [marginLeft, high] = narrow
      ? [12, 40]
      : [16 + 7.2 * Math.max(...spans.map((each) => each.name.length)), 26];
    return Plot.plot(
      frame(width, "When each phase began and ended", {
        height: 48 + high * spans.length,
        marginTop: 8,
        marginBottom: 40,
        marginLeft,
        x: axis(width - marginLeft),
        y: {
          domain: spans.map((each) => each.row),
          label: null,
          axis: narrow ? null : "left",
          tickFormat: (row) => name.get(row),
        },
        marks: [
          Plot.barX(spans, {
            x1: "begun",
            x2: "ended",
            y: "row",
            fill: "var(--accent)",
            insetTop: narrow ? 20 : 3,
            insetBottom: 3,
          }),
          Plot.text(narrow ? spans : [], {
            text: "name",
            y: "row",
            frameAnchor: "left",
            dy: -10,
            fill: "currentColor",
          }),
        ],
      }),
    );
  }

  // One picture with one name: its parts have none that a screen reader could use.
  function asPicture(svg) {
    for (const part of svg.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
    svg.setAttribute("role", "img");
    return svg;
  }

  const draw = { progress: drawProgress, rate: drawRate, phases: drawPhases };
  // A chart whose page is live is drawn anew of the box that comes with the event.
  function start(box) {
    const read = (from) => JSON.parse(from.querySelector("script").textContent);
    let told = read(box);
    const place = document.createElement("div");
    box.append(place);
    let drawn = 0;
    const show = () => {
      drawn = Math.floor(box.clientWidth);
      if (drawn) place.replaceChildren(asPicture(draw[box.dataset.chart](told, drawn)));
    };
    new ResizeObserver(() => {
      if (Math.floor(box.clientWidth) !== drawn) show();
    }).observe(box);
    box.addEventListener("renewed", (event) => {
      told = read(event.detail);
      show();
    });
  }

  const startAll = (root) => root.querySelectorAll("[data-chart]").forEach(start);
  document.addEventListener("added", (event) => startAll(event.detail));
  startAll(document);
})();
