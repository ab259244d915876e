// The page: one person's view of the workspace, kept true by a stream of changes. Each part draws itself.

import { setPeople } from "./blocks.js";
import { drawChannel, drawChannels, startChannels } from "./channels.js";
import { drawComposers, startComposers } from "./composer.js";
import { startKeyboard } from "./keyboard.js";
import { startLive } from "./live.js";
import { forgetViews } from "./messages.js";
import { agreed, showModal } from "./modal.js";
import { setNames } from "./mrkdwn.js";
import { startNavigation } from "./navigation.js";
import { startPanel } from "./panel.js";
import { drawPeople, startPeople } from "./people.js";
import { act, draw, onDraw, seen } from "./store.js";
import { drawThread } from "./threads.js";
import { startTourOffer } from "./tour.js";
import { loadVocabulary } from "./vocabulary.js";

function drawModal() {
  showModal(seen.modal, seen.depth, {
    submit: (values) => act("submit", { values }),
    close: (everything) => act("close", { everything }),
    use: async (element, block, choice) => {
      if (await agreed(element.confirm)) await act("click_view", { view_id: seen.modal.id, action_id: element.action_id, block_id: block.block_id, choice });
    },
  });
}

onDraw(() => { setNames(seen); setPeople(seen); });
for (const drawer of [drawPeople, drawThread, drawChannel, drawChannels, drawComposers, drawModal]) onDraw(drawer);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) forgetViews();
  else draw();
});

startNavigation();
startPeople();
startChannels();
startComposers();
startKeyboard();
startPanel();
startTourOffer();
loadVocabulary();
startLive();
