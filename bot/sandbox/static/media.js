// Images, videos and files: what the stand-in holds is shown, what lives elsewhere is named in a frame and never fetched.

import { h } from "./dom.js";
import { emojiNamed } from "./emoji.js";
import { plainText, textObject } from "./mrkdwn.js";
import { link } from "./references.js";

// The address on this page of an image's file; null for one that lives elsewhere.
function ownSource(item) {
  if (item.slack_file?.id) return `/files/${encodeURIComponent(item.slack_file.id)}`;
  const address = item.slack_file?.url ?? item.image_url ?? "";
  if (!URL.canParse(address, location.href)) return null;
  const url = new URL(address, location.href);
  return url.origin === location.origin && url.pathname.startsWith("/files/") ? url.pathname : null;
}

export function imageBlock(block) {
  const title = block.title ? h("figcaption", {}, textObject(block.title)) : null;
  return h("figure", { class: "bk-image" }, title, pictureElement(block, "whole"));
}

// An image; `size` is whole, thumb, tiny or hero.
export function pictureElement(item, size) {
  const source = ownSource(item);
  if (!source) return frame(item, size);
  const picture = h("img", { src: source, alt: item.alt_text, class: `bk-${size}`, loading: "lazy", onerror: () => picture.replaceWith(frame(item, size)) });
  return picture;
}

function frame(item, size) {
  const mark = h("span", { class: "frame-mark", "aria-hidden": "true" }, emojiNamed("frame_with_picture"));
  if (size === "tiny" || size === "thumb") return h("span", { class: `bk-frame ${size}`, role: "img", "aria-label": item.alt_text, title: item.alt_text }, mark);
  const address = item.image_url ?? item.slack_file?.url;
  return h("div", { class: `bk-frame ${size}` }, mark, h("span", {}, item.alt_text, address
    ? h("span", { class: "frame-note" }, "An image elsewhere, not fetched: ", link(address, hostOf(address))) : h("span", { class: "frame-note" }, "The file is not here.")));
}

function hostOf(address) {
  return URL.canParse(address) ? new URL(address).host : address;
}

export function videoBlock(block) {
  const title = textObject(block.title);
  const by = [block.author_name, block.provider_name].filter(Boolean).join(" · ");
  return h("figure", { class: "bk-video" },
    by ? h("p", { class: "soft" }, by) : null,
    h("p", { class: "video-title" }, link(block.title_url ?? block.video_url, title)),
    block.description ? h("p", {}, textObject(block.description)) : null,
    h("a", { class: "bk-frame video", href: /^https?:/i.test(block.video_url) ? block.video_url : null, target: "_blank", rel: "noopener noreferrer" },
      h("span", { class: "frame-mark", "aria-hidden": "true" }, "▶"),
      h("span", {}, block.alt_text, h("span", { class: "frame-note" }, `Plays at ${hostOf(block.video_url)}`))));
}

export function fileBlock(block) {
  const id = block.file?.id ?? block.file_id;
  const name = block.file?.title ?? block.file?.name ?? id ?? block.external_id ?? "without a name";
  return h("div", { class: "bk-frame file" }, h("span", { class: "frame-mark", "aria-hidden": "true" }, "📄"),
    h("span", {}, id ? h("a", { href: `/files/${encodeURIComponent(id)}`, download: "" }, name) : plainText(String(name)), h("span", { class: "frame-note" }, block.source === "remote" ? "A file elsewhere" : "File")));
}
