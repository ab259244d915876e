"""What tests measure on a page: contrast, names of controls, visible focus; each is one function run in the page."""

from __future__ import annotations

from typing import Any

from tests.real.browser import Page

CONTRAST = """async (root) => {
  const parse = (color) => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => [0, 1, 2].map(i => top[i] * top[3] + under[i] * (1 - top[3]));
  const ground = (node) => {
    const layers = [];
    for (let it = node; it; it = it.parentElement) {
      const layer = parse(getComputedStyle(it).backgroundColor);
      if (layer[3] > 0) layers.push(layer);
      if (layer[3] === 1) break;
    }
    const canvas = matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255];
    return layers.reverse().reduce((under, layer) => over(layer, under), canvas);
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const found = [];
  let seen = 0;
  const walker = document.createTreeWalker(document.querySelector(root), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    const style = getComputedStyle(node);
    const text = walker.currentNode.data.trim();
    if (!text || !node.checkVisibility({visibilityProperty: true}) || node.matches('option, optgroup')) continue;
    if (/^\\p{Extended_Pictographic}+\\uFE0F?$/u.test(text)) continue;  // a picture has its own colours
    const back = ground(node);
    const ink = over(parse(node instanceof SVGElement ? style.fill : style.color), back);
    const [high, low] = [light(ink), light(back)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    seen += 1;
    if (ratio < 4.5) found.push(`${text.slice(0, 40)}: ${ratio.toFixed(2)} (${style.color} on ${back})`);
  }
  return {seen, found};
}"""

NAMELESS = """(root) => [...document.querySelector(root).querySelectorAll(
    'button, a[href], input, select, textarea, summary, [tabindex="0"], [role=img], img:not([alt=""])')].filter(it => {
  const ids = (it.getAttribute('aria-labelledby') ?? '').split(' ');
  const labels = [...ids.map(id => document.getElementById(id)), ...(it.labels ?? [])];
  const said = labels.map(label => label?.textContent ?? '').join('');
  const own = it.matches('button, a, summary') ? it.textContent : it.alt ?? '';
  return !(it.getAttribute('aria-label') || said || own).trim();
}).map(it => it.outerHTML.slice(0, 160))"""

UNSEEN_FOCUS = """(root) => [...document.querySelector(root).querySelectorAll(
    'button, a[href], input, select, textarea, summary, [tabindex="0"]')].filter(it => {
  if (it.disabled || it.tabIndex < 0 || !it.checkVisibility()) return false;
  it.focus({focusVisible: true, preventScroll: true});
  if (document.activeElement !== it) return true;
  const style = getComputedStyle(it);
  return style.outlineStyle === 'none' && !(it instanceof SVGElement && parseFloat(style.strokeWidth) > 2);
}).map(it => it.outerHTML.slice(0, 160))"""


async def poor_contrast(page: Page, root: str) -> list[str]:
    """Return every visible text inside ``root`` with a contrast under 4.5, with its ratio."""
    answer: dict[str, Any] = await page.evaluate(f"({CONTRAST})({root!r})")
    assert answer["seen"] > 0, f"{root} shows no text"
    found: list[str] = answer["found"]
    return found


async def nameless(page: Page, root: str) -> list[str]:
    """Return the controls and pictures inside ``root`` that have no accessible name."""
    found: list[str] = await page.evaluate(f"({NAMELESS})({root!r})")
    return found


async def unseen_focus(page: Page, root: str) -> list[str]:
    """Return the controls inside ``root`` that the keyboard does not reach, or whose focus nobody sees."""
    found: list[str] = await page.evaluate(f"({UNSEEN_FOCUS})({root!r})")
    return found
