// What selects offer: options and groups of the payload, or the people and channels of the workspace.

import { h } from "./dom.js";
import { plainText } from "./mrkdwn.js";
import { activePeople, openChannels } from "./references.js";

const option = (value, text) => ({ value, text: { type: "plain_text", text } });
const plain = (object) => plainText(object.text, object.emoji !== false);

// optionGroups(element) -> [{ label, options }]; a list without groups is one group without a label.
export function optionGroups(element) {
  if (element.option_groups) return element.option_groups.map((group) => ({ label: plain(group.label), options: group.options }));
  if (element.options) return [{ label: null, options: element.options }];
  const kind = element.type.replace("multi_", "");
  if (kind === "users_select") return [{ label: null, options: people() }];
  if (kind === "channels_select") return [{ label: null, options: channels() }];
  if (kind === "conversations_select") return conversations(element.filter?.include ?? ["public", "im"]);
  return [];
}

const people = () => activePeople().map((person) => option(person.id, person.real_name ?? person.name));
const channels = () => openChannels().map((channel) => option(channel.id, `# ${channel.name}`));

function conversations(included) {
  return [
    included.includes("public") ? { label: "Channels", options: channels() } : null,
    included.includes("im") ? { label: "People", options: people() } : null,
  ].filter(Boolean);
}

export function optionNodes(element, chosen) {
  const nodes = (options) => options.map((one) => h("option", { value: one.value, selected: one.value === chosen }, plain(one.text)));
  return optionGroups(element).map((group) => (group.label ? h("optgroup", { label: group.label }, nodes(group.options)) : nodes(group.options)));
}
