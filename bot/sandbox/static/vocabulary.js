// What could be typed next, given what stands before the caret: commands, verbs and their arguments from the bot's own
// table, people, channels, and the incidents, approvals and runs seen on the page. Nothing here touches the page.

let table = { addresses: [], families: {} };

export async function loadVocabulary() {
  const response = await fetch("/page/completion").catch(() => null);
  if (response?.ok) table = await response.json();
}

const MOST = 8;
const SHORT_NAME = /\b(INC|APR|RUN)-\d+\b/g;
const PREFIXES = { incident: "INC", approval: "APR", run: "RUN" };

// -> {from, items: [{insert, label, what, sign}], usage, about}: `from` is where the replaced word begins; `usage` and
// `about` describe the verb that is being typed. Null when there is nothing to say.
export function suggest(before, { inThread, seen }) {
  return ofCommandWord(before, inThread) ?? ofVerb(before, inThread, seen) ?? ofName(before, seen);
}

const wordAt = (text) => text.match(/\S*$/)[0];

function found(word, from, items, more = {}) {
  const typed = word.toLowerCase();
  const fits = items.filter((item) => item.label.toLowerCase().startsWith(typed) || (item.also ?? []).some((name) => name.startsWith(typed)));
  const isWhole = fits.length === 1 && fits[0].label.toLowerCase() === typed;
  const shown = isWhole ? [] : fits.slice(0, MOST);
  return shown.length || more.usage ? { from, items: shown, word, ...more } : null;
}

// -- /ops, /incident --------------------------------------------------------------------------------------------------

function ofCommandWord(before, inThread) {
  if (!/^\/\S*$/.test(before)) return null;
  const slash = table.addresses.filter((one) => one.typed.startsWith("/"));
  if (!inThread) {
    return found(before, 0, slash.map((one) => ({ label: one.typed, insert: `${one.typed} `, what: table.families[one.family]?.summary ?? "", sign: "/" })));
  }
  const mentions = table.addresses.filter((one) => !one.typed.startsWith("/"));
  const items = mentions.map((one) => ({ label: one.typed, also: slash.map((other) => other.typed), insert: `${one.typed} `, what: "slash commands do not work in threads; this does", sign: "@" }));
  return items.length ? { from: 0, items, word: before } : null;
}

// -- verbs and their arguments ----------------------------------------------------------------------------------------

function ofVerb(before, inThread, seen) {
  const address = addressIn(before, inThread);
  if (!address) return null;
  const rest = before.slice(address.end);
  const word = wordAt(rest);
  const from = before.length - word.length;
  const given = rest.slice(0, rest.length - word.length).trim().split(/\s+/).filter(Boolean);
  const verbs = table.families[address.family].verbs;
  if (!given.length) return found(word, from, [...verbs.map(verbItem), ...familiesAfter(address)]);
  const verb = verbs.find((one) => one.name === given[0] || one.aliases.includes(given[0]));
  return verb ? ofArguments(verb, address, given.slice(1), word, from, seen) : null;
}

// The longest address that the text begins with, or for a mention that stands anywhere in it.
function addressIn(before, inThread) {
  const hits = table.addresses.filter((one) => !(inThread && one.typed.startsWith("/")) && table.families[one.family]?.verbs.length).map((one) => {
    const at = one.typed.startsWith("/") ? (before.startsWith(`${one.typed} `) ? 0 : -1) : before.lastIndexOf(`${one.typed} `);
    return { ...one, at, end: at + one.typed.length + 1 };
  });
  return hits.filter((hit) => hit.at >= 0).sort((a, b) => b.end - a.end)[0] ?? null;
}

const verbItem = (verb) => ({ label: verb.name, also: verb.aliases, insert: `${verb.name} `, what: verb.summary, usage: verb.usage, sign: "›" });

// `@watchkeeper incident …`: the other family, where an address is the beginning of a longer one.
function familiesAfter(address) {
  return table.addresses.filter((one) => one.typed.startsWith(`${address.typed} `)).map((one) => {
    const label = one.typed.slice(address.typed.length + 1);
    return { label, insert: `${label} `, what: table.families[one.family].summary, sign: "›" };
  });
}

function ofArguments(verb, address, given, word, from, seen) {
  const more = { usage: `${address.typed} ${verb.usage}`, about: verb.summary };
  const option = verb.options.find((one) => `--${one.name}` === given.at(-1));
  if (option) return found(word, from, valuesOf(option, seen), { ...more, about: option.help || verb.summary });
  const options = verb.options.filter((one) => !given.includes(`--${one.name}`));
  const optionItems = options.map((one) => ({ label: `--${one.name}`, insert: `--${one.name} `, what: one.help, sign: "-" }));
  if (word.startsWith("--")) return found(word, from, optionItems, more);
  if (word.startsWith("@")) return found(word, from, peopleOf(seen), more);
  const waiting = verb.arguments.filter((one) => !given.some((value) => valuesOf(one, seen).some((item) => item.label === value)));
  const values = waiting.flatMap((one) => valuesOf(one, seen));
  return found(word, from, word ? values : [...values, ...optionItems], more);
}

function valuesOf(argument, seen) {
  const what = argument.help;
  if (argument.kind === "person") return peopleOf(seen);
  if (argument.kind in PREFIXES) {
    const named = namesSeen(seen, PREFIXES[argument.kind]);
    return argument.announced ? named.map((item) => ({ ...item, label: `${argument.name} ${item.label}`, insert: `${argument.name} ${item.insert}` })) : named;
  }
  return argument.choices.map((choice) => ({ label: choice, insert: `${choice} `, what, sign: "›" }));
}

// -- people, channels, short names ------------------------------------------------------------------------------------

function ofName(before, seen) {
  const word = wordAt(before);
  const from = before.length - word.length;
  if (word.startsWith("@")) return found(word, from, peopleOf(seen));
  if (word.startsWith("#")) {
    return found(word, from, seen.channels.filter((one) => !one.is_im).map((one) => ({ label: `#${one.name}`, insert: `#${one.name} `, what: one.purpose, sign: "#" })));
  }
  return /^(inc|apr|run)-?\d*$/i.test(word) ? found(word, from, namesSeen(seen, word.slice(0, 3).toUpperCase())) : null;
}

function peopleOf(seen) {
  const one = (name, what) => ({ label: `@${name}`, insert: `@${name} `, what, sign: "@" });
  return [
    one(seen.bot.name, "ask the app, also in threads"),
    ...seen.people.filter((person) => person.part !== "bot" && !person.deleted).map((person) => one(person.name, person.part)),
    ...seen.groups.map((group) => one(group.handle, `${group.members.length} people`)),
    one("here", "everybody in this channel"),
  ];
}

// Short names in the newest messages first, each with the headline it was seen in.
function namesSeen(seen, prefix) {
  const names = new Map();
  for (const message of seen.channels.flatMap((channel) => channel.messages).sort((a, b) => b.ts - a.ts)) {
    const headline = message.attachments?.[0]?.fallback ?? message.text ?? "";
    for (const [name] of `${headline} ${JSON.stringify(message.attachments ?? "")}`.matchAll(SHORT_NAME)) {
      if (!name.startsWith(`${prefix}-`)) continue;
      const own = headline.startsWith(name) ? headline.slice(name.length).replace(/^[\s:·]+/, "") : "";
      names.set(name, names.get(name) || own);
    }
  }
  return [...names].map(([label, what]) => ({ label, insert: `${label} `, what, sign: "·" }));
}
