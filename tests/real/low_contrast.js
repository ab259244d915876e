// Every text in sight, measured as WCAG 2.2 measures it (1.4.3): relative luminance of the text over the grounds under
// it, mixed where they are not opaque. Returns lines such as “2.31 'Cancel' #777777 on #ffffff (button.kit)”.
() => {
  const LARGE_PX = 24, LARGE_BOLD_PX = 18.66, BOLD = 700, ENOUGH = 4.5, ENOUGH_LARGE = 3;
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });

  // Any CSS colour as [r, g, b, alpha], the first three 0 to 255.
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, ground) => [0, 1, 2].map((at) => top[at] * top[3] + ground[at] * (1 - top[3])).concat(1);
  const luminance = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };

  const canvasOf = matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18, 1] : [255, 255, 255, 1];
  const groundOf = (element) => {
    const layers = [];
    for (let node = element; node; node = node.parentElement) {
      const layer = rgba(getComputedStyle(node).backgroundColor);
      if (layer[3]) layers.push(layer);
      if (layer[3] === 1 || node.matches(":popover-open, dialog[open]") && layer[3]) break;
    }
    return layers.reduceRight((ground, layer) => over(layer, ground), canvasOf);
  };
  const opacityOf = (element) => {
    let opacity = 1;
    for (let node = element; node; node = node.parentElement) opacity *= Number(getComputedStyle(node).opacity);
    return opacity;
  };
  const isDecoration = (element) => element.closest(":disabled, [aria-disabled='true'], [inert]");
  const isClipped = (element) => element.closest(".hidden, .skip:not(:focus)");
  const isEmoji = (text) => /\p{Extended_Pictographic}/u.test(text) && !/[\p{L}\p{N}]/u.test(text);

  const found = [];
  const measure = (element, text, style, colour) => {
    const ground = groundOf(element);
    const front = over([...colour.slice(0, 3), colour[3] * opacityOf(element)], ground);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= LARGE_PX || size >= LARGE_BOLD_PX && Number(style.fontWeight) >= BOLD;
    const contrast = ratio(front, ground);
    if (contrast >= (isLarge ? ENOUGH_LARGE : ENOUGH)) return;
    const hex = (parts) => `#${parts.slice(0, 3).map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
    const where = `${element.tagName.toLowerCase()}${[...element.classList].map((name) => `.${name}`).join("")}`;
    found.push(`${contrast.toFixed(2)} '${text.slice(0, 40)}' ${hex(front)} on ${hex(ground)} (${where})`);
  };

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim();
    const element = walker.currentNode.parentElement;
    if (!text || isEmoji(text) || !element.getClientRects().length || isDecoration(element) || isClipped(element)) continue;
    const style = getComputedStyle(element);
    if (style.visibility !== "visible" || opacityOf(element) === 0) continue;
    measure(element, text, style, rgba(element instanceof SVGElement ? style.fill : style.color));
  }
  for (const field of document.querySelectorAll("input[placeholder], textarea[placeholder]")) {
    if (!field.getClientRects().length || field.value || isDecoration(field)) continue;
    const style = getComputedStyle(field, "::placeholder");
    measure(field, field.placeholder, style, rgba(style.color));
  }
  return [...new Set(found)];
}
