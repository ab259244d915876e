// `data_visualization` as inline SVG in the theme's colours: pie, line, bar and area with legend, axes and values on
// hover and focus. A chart is drawn again when its width changes, so that its words keep their size on a phone.

import { colorClass, dash, fills, marker } from "./chart_marks.js";
import { h, svg } from "./dom.js";

const HEIGHT = 230;
const WIDEST = 640;
const HINT = "Point at it, or use Tab, to read its values.";
const PAD = { top: 12, right: 12, bottom: 30, left: 46 };

export function chartBlock(block) {
  const { chart, title } = block;
  const values = h("p", { class: "chart-values", role: "status" }, HINT);
  const canvas = h("div", { class: "chart-canvas" });
  const figure = h("figure", { class: `bk-chart chart-${chart.type}` }, h("figcaption", {}, title), canvas, legend(chart), values);
  const draw = (width) => canvas.replaceChildren(chart.type === "pie" ? pie(chart, title, values) : axes(chart, title, width, values));
  draw(Math.min(WIDEST, 560));
  let drawn = 0;
  new ResizeObserver(([entry]) => {
    const width = Math.min(WIDEST, Math.floor(entry.contentRect.width));
    if (width < 40 || width === drawn) return;
    drawn = width;
    draw(width);
  }).observe(canvas);
  return figure;
}

const short = (value) => (Math.abs(value) >= 10000 ? Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 }).format(value) : Number(value.toPrecision(4)).toLocaleString("en", { maximumFractionDigits: 6 }));

// -- legend -------------------------------------------------------------------------------------------------------

function legend(chart) {
  const total = chart.type === "pie" ? chart.segments.reduce((sum, slice) => sum + slice.value, 0) : 0;
  const entries = chart.type === "pie"
    ? chart.segments.map((slice) => [slice.label, `${short(slice.value)} (${Math.round((slice.value / total) * 100)} %)`])
    : chart.series.map((series) => [series.name, ""]);
  return h("ul", { class: "chart-legend" }, entries.map(([name, value], index) =>
    h("li", {}, key(chart.type, index), h("span", {}, name), value ? h("strong", {}, value) : null)));
}

function key(kind, index) {
  if (kind === "line") return svg("svg", { class: "chart-key", viewBox: "0 0 24 14", "aria-hidden": "true" }, svg("path", { class: `line ${colorClass(index)}`, d: "M1 7H23", "stroke-dasharray": dash(index) }), marker(index, 12, 7, 3.5));
  const { defs, fill } = fills(index + 1);
  return svg("svg", { class: "chart-key", viewBox: "0 0 24 14", "aria-hidden": "true" }, defs, svg("rect", { x: 4, y: 0, width: 16, height: 14, rx: 3, fill: fill(index) }));
}

// -- line, bar, area ----------------------------------------------------------------------------------------------

function axes(chart, title, width, values) {
  const { categories, x_label: xLabel, y_label: yLabel } = chart.axis_config;
  const table = chart.series.map((series) => categories.map((category) => series.data.find((point) => point.label === category)?.value ?? 0));
  const ticks = niceTicks(Math.min(0, ...table.flat()), Math.max(0, ...table.flat()));
  const left = Math.max(PAD.left, 14 + 7 * Math.max(...ticks.map((tick) => short(tick).length))) + (yLabel ? 14 : 0);
  const bottom = PAD.bottom + (xLabel ? 16 : 0);
  const area = { left, right: width - PAD.right, top: PAD.top, bottom: HEIGHT - bottom };
  const step = (area.right - area.left) / categories.length;
  const x = (index) => area.left + (index + 0.5) * step;
  const y = (value) => area.bottom - ((value - ticks[0]) / (ticks.at(-1) - ticks[0])) * (area.bottom - area.top);
  const { defs, fill } = fills(chart.series.length);
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "group", "aria-label": `${title}. ${summary(chart, table)}` }, defs,
    ticks.map((tick) => [svg("line", { class: tick === 0 ? "zero" : "grid", x1: area.left, x2: area.right, y1: y(tick), y2: y(tick) }), words(short(tick), area.left - 6, y(tick) + 4, "end")]),
    categoryWords(categories, step).map((category, index) => (category ? words(category, x(index), area.bottom + 17, "middle") : null)),
    xLabel ? words(xLabel, (area.left + area.right) / 2, HEIGHT - 6, "middle", "axis-title") : null,
    yLabel ? upright(yLabel, 12, (area.top + area.bottom) / 2) : null);
  const layer = { bar: bars, area: areas, line: lines }[chart.type];
  drawing.append(...layer(table, { x, y, step, fill }), ...columns(chart, table, { x, step, area, values }));
  return drawing;
}

const words = (text, x, y, anchor, kind = "axis-text") => svg("text", { class: kind, x, y, "text-anchor": anchor }, text);
const upright = (text, x, y) => svg("text", { class: "axis-title", x: 0, y: 0, "text-anchor": "middle", transform: `translate(${x} ${y}) rotate(-90)` }, text);

// Category names as often as they fit.
function categoryWords(categories, step) {
  const longest = Math.max(...categories.map((name) => name.length)) * 6.8 + 8;
  const every = Math.max(1, Math.ceil(longest / step));
  return categories.map((name, index) => (index % every === 0 ? name : null));
}

function niceTicks(low, high) {
  const span = high - low || 1;
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

function bars(table, { x, y, step, fill }) {
  const width = Math.min(38, (step * 0.76) / table.length);
  return table.flatMap((row, number) => row.map((value, index) => {
    const left = x(index) + (number - table.length / 2) * width;
    return svg("rect", { class: "pillar", x: left + 0.5, width: Math.max(1, width - 1), y: Math.min(y(value), y(0)), height: value ? Math.max(1, Math.abs(y(value) - y(0))) : 0, rx: 2, fill: fill(number) });
  }));
}

function lines(table, { x, y }) {
  return table.flatMap((row, number) => [
    svg("polyline", { class: `line ${colorClass(number)}`, points: row.map((value, index) => `${x(index)},${y(value)}`).join(" "), "stroke-dasharray": dash(number) }),
    ...row.map((value, index) => marker(number, x(index), y(value), row.length > 14 ? 2.5 : 3.5)),
  ]);
}

function areas(table, { x, y, fill }) {
  return table.flatMap((row, number) => {
    const path = row.map((value, index) => `${x(index)},${y(value)}`).join(" ");
    return [
      svg("polygon", { class: "area", fill: fill(number), points: `${x(0)},${y(0)} ${path} ${x(row.length - 1)},${y(0)}` }),
      svg("polyline", { class: `line ${colorClass(number)}`, points: path }),
    ];
  });
}

// One column for each category: the mouse and the keyboard read its values there.
function columns(chart, table, { x, step, area, values }) {
  return chart.axis_config.categories.map((category, index) => {
    const said = `${category}: ${chart.series.map((series, number) => `${series.name} ${short(table[number][index])}`).join(", ")}`;
    return reader(svg("rect", { class: "reader", x: x(index) - step / 2, y: area.top, width: step, height: area.bottom - area.top, tabindex: "0", role: "img", "aria-label": said }), said, values);
  });
}

function reader(node, said, values) {
  const show = () => { values.textContent = said; };
  const clear = () => { if (values.textContent === said) values.textContent = HINT; };
  for (const name of ["mouseenter", "focus"]) node.addEventListener(name, show);
  for (const name of ["mouseleave", "blur"]) node.addEventListener(name, clear);
  return node;
}

function summary(chart, table) {
  const { categories } = chart.axis_config;
  return `${chart.type} chart from ${categories[0]} to ${categories.at(-1)}: ${chart.series.map((series, number) => `${series.name} from ${short(table[number][0])} to ${short(table[number].at(-1))}, highest ${short(Math.max(...table[number]))}`).join("; ")}`;
}

// -- pie ----------------------------------------------------------------------------------------------------------

function pie(chart, title, values) {
  const total = chart.segments.reduce((sum, slice) => sum + slice.value, 0);
  const { defs, fill } = fills(chart.segments.length);
  const said = chart.segments.map((slice) => `${slice.label} ${short(slice.value)}, ${Math.round((slice.value / total) * 100)} %`);
  let turn = 0;
  const slices = chart.segments.map((slice, index) => {
    const from = turn;
    turn += slice.value / total;
    return reader(svg("path", { class: "slice", d: wedge(from, turn), fill: fill(index), tabindex: "0", role: "img", "aria-label": said[index] }), said[index], values);
  });
  return svg("svg", { viewBox: "-104 -104 208 208", role: "group", "aria-label": `${title}. Pie chart: ${said.join("; ")}` }, defs, slices);
}

function wedge(from, to) {
  const point = (share, radius) => `${radius * Math.sin(share * 2 * Math.PI)} ${-radius * Math.cos(share * 2 * Math.PI)}`;
  const end = Math.min(to, from + 0.99999);
  const isLarge = end - from > 0.5 ? 1 : 0;
  return `M${point(from, 100)}A100 100 0 ${isLarge} 1 ${point(end, 100)}L${point(end, 56)}A56 56 0 ${isLarge} 0 ${point(from, 56)}Z`;
}
