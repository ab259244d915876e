// How series differ without colour: a shape for each point, a dash for each line, a pattern for each area.

import { svg } from "./dom.js";

const COLORS = 6;
const DASHES = [null, "7 4", "2 4", "10 4 2 4", "1 3", "12 5"];
const SHAPES = ["circle", "square", "triangle", "diamond", "plus", "ring"];
let drawings = 0;

export const colorClass = (index) => `c${index % COLORS}`;
export const dash = (index) => DASHES[(index + Math.floor(index / COLORS)) % DASHES.length];

export function marker(index, x, y, size = 4) {
  const shape = SHAPES[(index + Math.floor(index / COLORS)) % SHAPES.length];
  const at = { class: `mark ${colorClass(index)} ${shape}` };
  if (shape === "circle" || shape === "ring") return svg("circle", { ...at, cx: x, cy: y, r: size });
  if (shape === "square") return svg("rect", { ...at, x: x - size, y: y - size, width: size * 2, height: size * 2 });
  if (shape === "triangle") return svg("path", { ...at, d: `M${x} ${y - size * 1.2}L${x + size * 1.2} ${y + size}L${x - size * 1.2} ${y + size}Z` });
  if (shape === "diamond") return svg("path", { ...at, d: `M${x} ${y - size * 1.4}L${x + size * 1.4} ${y}L${x} ${y + size * 1.4}L${x - size * 1.4} ${y}Z` });
  return svg("path", { ...at, d: `M${x - size} ${y}H${x + size}M${x} ${y - size}V${y + size}` });
}

// Patterns for `count` fills: { defs, fill(index) }. The first of each turn is solid; the rest are hatched.
export function fills(count) {
  drawings += 1;
  const prefix = `fill-${drawings}-`;
  const defs = svg("defs", {}, Array.from({ length: count }, (_, index) => pattern(`${prefix}${index}`, index)));
  return { defs, fill: (index) => `url(#${prefix}${index})` };
}

const HATCHES = [[], ["M0 8L8 0"], ["M4 0V8"], ["M0 0L8 8", "M0 8L8 0"], ["M0 4H8"], ["M3 4H5"]];

function pattern(id, index) {
  const lines = HATCHES[(index + Math.floor(index / COLORS)) % HATCHES.length];
  return svg("pattern", { id, width: 8, height: 8, patternUnits: "userSpaceOnUse" },
    svg("rect", { class: `solid ${colorClass(index)}`, width: 8, height: 8 }), lines.map((d) => svg("path", { class: "hatch", d })));
}
