// What the pages draw charts with, and nothing else of it, so that the bundle stays small.
import * as Plot from "@observablehq/plot";

globalThis.Plot = {
  plot: Plot.plot,
  areaY: Plot.areaY,
  lineY: Plot.lineY,
  barX: Plot.barX,
  ruleX: Plot.ruleX,
  ruleY: Plot.ruleY,
  text: Plot.text,
  axisX: Plot.axisX,
  axisY: Plot.axisY,
  gridX: Plot.gridX,
  gridY: Plot.gridY,
};
