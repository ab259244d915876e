// Emoji by :name:, as Slack writes them, with skin tones; a name nobody knows stays as typed.

const TABLE = `
+1 👍|-1 👎|100 💯|1234 🔢|abc 🔤|adhesive_bandage 🩹|airplane ✈️|alarm_clock ⏰|alembic ⚗️|ambulance 🚑|anchor ⚓|angry 😠
|arrow_backward ◀️|arrow_down ⬇️|arrow_forward ▶️|arrow_heading_down ⤵️|arrow_heading_up ⤴️|arrow_left ⬅️|arrow_right ➡️
|arrow_right_hook ↪️|arrow_up ⬆️|arrow_up_down ↕️|arrow_lower_right ↘️|arrow_upper_right ↗️|arrows_clockwise 🔃
|arrows_counterclockwise 🔄|art 🎨|ballot_box_with_check ☑️|balloon 🎈|bar_chart 📊|battery 🔋|beach_with_umbrella 🏖️|beer 🍺|beers 🍻
|bell 🔔|beginner 🔰|bicyclist 🚴|black_circle ⚫|black_circle_for_record ⏺️|black_large_square ⬛
|black_left_pointing_double_triangle_with_vertical_bar ⏮️|black_medium_square ◼️|black_right_pointing_double_triangle_with_vertical_bar ⏭️
|black_small_square ▪️|black_square_button 🔲|black_square_for_stop ⏹️|blue_book 📘|blue_heart 💙|blush 😊|bomb 💣|book 📖|bookmark 🔖
|bookmark_tabs 📑|books 📚|boom 💥|bow 🙇|brain 🧠|brick 🧱|broken_heart 💔|broom 🧹|bug 🐛|building_construction 🏗️|bulb 💡|bust_in_silhouette 👤
|busts_in_silhouette 👥|calendar 📅|calling 📲|camera 📷|candle 🕯️|card_file_box 🗃️|card_index_dividers 🗂️|cat 🐱|chains ⛓️
|chart 💹|chart_with_downwards_trend 📉|chart_with_upwards_trend 📈|checkered_flag 🏁|cherry_blossom 🌸|clap 👏|clipboard 📋
|clock1 🕐|clock2 🕑|clock3 🕒|clock4 🕓|clock5 🕔|clock6 🕕|clock7 🕖|clock8 🕗|clock9 🕘|clock10 🕙|clock11 🕚|clock12 🕛
|closed_lock_with_key 🔐|cloud ☁️|cold_sweat 😰|collision 💥|coffee ☕|compass 🧭|computer 💻|confetti_ball 🎊|confused 😕|construction 🚧
|construction_worker 👷|control_knobs 🎛️|cookie 🍪|cop 👮|crossed_fingers 🤞|crown 👑|cry 😢|crystal_ball 🔮|cyclone 🌀|dart 🎯|dash 💨|date 📅
|derelict_house_building 🏚️|desktop_computer 🖥️|diamond_shape_with_a_dot_inside 💠|disappointed 😞|dizzy 💫|dizzy_face 😵|dna 🧬|dog 🐶|door 🚪
|double_vertical_bar ⏸️|droplet 💧|earth_africa 🌍|earth_americas 🌎|earth_asia 🌏|eject ⏏️|electric_plug 🔌|elephant 🐘|e-mail 📧|email 📧|envelope ✉️
|envelope_with_arrow 📩|exclamation ❗|exploding_head 🤯|eye 👁️|eyeglasses 👓|eyes 👀|face_palm 🤦|face_with_monocle 🧐|facepunch 👊|factory 🏭
|fast_forward ⏩|file_cabinet 🗄️|file_folder 📁|fire 🔥|fire_engine 🚒|fire_extinguisher 🧯|firecracker 🧨|fist ✊|flag-us 🇺🇸|flashlight 🔦|floppy_disk 💾|fog 🌫️
|four_leaf_clover 🍀|frame_with_picture 🖼️|fox_face 🦊|frowning ☹️|fuelpump ⛽|gear ⚙️|gem 💎|ghost 👻|gift 🎁|globe_with_meridians 🌐|goal_net 🥅|green_apple 🍏|green_book 📗|green_heart 💚
|grey_exclamation ❕|grey_question ❔|grimacing 😬|grin 😁|grinning 😀|guardsman 💂|hammer 🔨|hammer_and_pick ⚒️|hammer_and_wrench 🛠️|hand ✋|handshake 🤝
|hash #️⃣|hatching_chick 🐣|headphones 🎧|hear_no_evil 🙉|heart ❤️|heart_eyes 😍|heartbeat 💓|heavy_check_mark ✔️|heavy_division_sign ➗
|heavy_dollar_sign 💲|heavy_exclamation_mark ❗|heavy_minus_sign ➖|heavy_multiplication_x ✖️|heavy_plus_sign ➕|helmet_with_white_cross ⛑️|high_brightness 🔆|hole 🕳️|hospital 🏥
|hot_pepper 🌶️|hotsprings ♨️|hourglass ⌛|hourglass_flowing_sand ⏳|house 🏠|hugging_face 🤗|ice_cube 🧊|inbox_tray 📥|incoming_envelope 📨|infinity ♾️
|information_desk_person 💁|information_source ℹ️|interrobang ⁉️|jigsaw 🧩|joy 😂|joystick 🕹️|key 🔑|keyboard ⌨️|label 🏷️|ladder 🪜|ladybug 🐞
|large_blue_circle 🔵|large_blue_diamond 🔷|large_blue_square 🟦|large_brown_circle 🟤|large_brown_square 🟫|large_green_circle 🟢|large_green_square 🟩
|large_orange_circle 🟠|large_orange_diamond 🔶|large_orange_square 🟧|large_purple_circle 🟣|large_purple_square 🟪|large_red_square 🟥
|large_yellow_circle 🟡|large_yellow_square 🟨|laughing 😆|ledger 📒|left_right_arrow ↔️|leftwards_arrow_with_hook ↩️|level_slider 🎚️
|lightning 🌩️|link 🔗|linked_paperclips 🖇️|lock 🔒|lock_with_ink_pen 🔏|loop ➿|lotus_position 🧘|loudspeaker 📢|low_brightness 🔅|mag 🔍|mag_right 🔎
|magnet 🧲|mailbox 📫|mailbox_with_mail 📬|male-detective 🕵️‍♂️|mantelpiece_clock 🕰️|medal 🏅|mega 📣|melting_face 🫠|memo 📝|microphone 🎤|microscope 🔬|money_with_wings 💸|moneybag 💰
|moon 🌔|mount_fuji 🗻|muscle 💪|mute 🔇|name_badge 📛|nerd_face 🤓|neutral_face 😐|new 🆕|new_moon 🌑|newspaper 📰|ng 🆖|no_bell 🔕|no_entry ⛔|no_entry_sign 🚫
|no_good 🙅|no_mouth 😶|o ⭕|ocean 🌊|ok 🆗|ok_hand 👌|ok_woman 🙆|oncoming_police_car 🚔|notebook 📓|octagonal_sign 🛑|open_file_folder 📂|open_hands 👐|open_mouth 😮
|orange_book 📙|orange_heart 🧡|outbox_tray 📤|owl 🦉|package 📦|page_facing_up 📄|page_with_curl 📃|pager 📟|paperclip 📎|parachute 🪂
|partying_face 🥳|passport_control 🛂|pencil 📝|pencil2 ✏️|pensive 😔|persevere 😣|phone ☎️|pick ⛏️|pill 💊|pinching_hand 🤏|placard 🪧
|pleading_face 🥺|point_down 👇|point_left 👈|point_right 👉|point_up ☝️|point_up_2 👆|police_car 🚓|popcorn 🍿|postbox 📮|pouting_cat 😾|pray 🙏|purple_heart 💜|pushpin 📌
|question ❓|rabbit 🐰|racehorse 🐎|radio 📻|radio_button 🔘|radioactive_sign ☢️|rage 😡|rainbow 🌈|raised_hand ✋|raised_hands 🙌|raising_hand 🙋|receipt 🧾|recycle ♻️|red_circle 🔴
|relaxed ☺️|relieved 😌|repeat 🔁|repeat_one 🔂|restroom 🚻|rewind ⏪|ring_buoy 🛟|robot_face 🤖|rocket 🚀|roller_coaster 🎢|rolling_on_the_floor_laughing 🤣
|rotating_light 🚨|round_pushpin 📍|running 🏃|runner 🏃|safety_pin 🧷|safety_vest 🦺|sailboat ⛵|saluting_face 🫡|satellite 🛰️|satellite_antenna 📡|scales ⚖️|scissors ✂️|scream 😱
|scroll 📜|seedling 🌱|see_no_evil 🙈|seat 💺|shield 🛡️|ship 🚢|shopping_trolley 🛒|shrug 🤷|skull 💀|skull_and_crossbones ☠️|sleeping 😴|sleepy 😪|sleuth_or_spy 🕵️|slightly_frowning_face 🙁
|slightly_smiling_face 🙂|smile 😄|smiley 😃|smiling_face_with_tear 🥲|smirk 😏|smoking 🚬|snail 🐌|snowflake ❄️|sob 😭|soon 🔜|sos 🆘|sound 🔉|sparkle ❇️|sparkles ✨
|speak_no_evil 🙊|speaker 🔈|speech_balloon 💬|spider 🕷️|spider_web 🕸️|spiral_calendar_pad 🗓️|spiral_note_pad 🗒️|sponge 🧽|star ⭐|star2 🌟|stars 🌠|stethoscope 🩺
|octagonal_sign 🛑|stopwatch ⏱️|straight_ruler 📏|sunglasses 😎|sunny ☀️|sunrise 🌅|sweat 😓|sweat_drops 💦|sweat_smile 😅|tada 🎉|tea 🍵
|telephone_receiver 📞|telescope 🔭|test_tube 🧪|thermometer 🌡️|thinking_face 🤔|thread 🧵|thumbsdown 👎|thumbsup 👍|thunder_cloud_and_rain ⛈️|ticket 🎫|timer_clock ⏲️|tired_face 😫
|toolbox 🧰|top 🔝|tornado 🌪️|traffic_light 🚥|triangular_flag_on_post 🚩|triangular_ruler 📐|triumph 😤|trophy 🏆|truck 🚚|turtle 🐢|twisted_rightwards_arrows 🔀|two_hearts 💕
|umbrella ☂️|unamused 😒|unicorn_face 🦄|unlock 🔓|up 🆙|upside_down_face 🙃|us 🇺🇸|v ✌️|vertical_traffic_light 🚦|vibration_mode 📳|video_camera 📹|vs 🆚|warning ⚠️
|wastebasket 🗑️|watch ⌚|wave 👋|wavy_dash 〰️|weary 😩|weight_lifter 🏋️|whale 🐳|wheel 🛞|white_check_mark ✅|white_circle ⚪|white_flag 🏳️|white_heart 🤍|white_large_square ⬜
|white_medium_square ◻️|white_small_square ▫️|white_square_button 🔳|wind_blowing_face 🌬️|wink 😉|woman_technologist 👩‍💻|world_map 🗺️|worried 😟|wrench 🔧|writing_hand ✍️|x ❌|yellow_heart 💛|yum 😋|zap ⚡
|zero 0️⃣|one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣|six 6️⃣|seven 7️⃣|eight 8️⃣|nine 9️⃣|keycap_ten 🔟|zipper_mouth_face 🤐|zzz 💤`;

const EMOJI = new Map(TABLE.replaceAll("\n", "").split("|").map((entry) => {
  const space = entry.indexOf(" ");
  return [entry.slice(0, space), entry.slice(space + 1)];
}));
const TONES = ["🏻", "🏼", "🏽", "🏾", "🏿"];

// The picture of one name; `tone` is Slack's 1..6, where 1 is none. Undefined for a name nobody knows.
export function emojiNamed(name, tone = 1) {
  const picture = EMOJI.get(name);
  return picture && tone > 1 ? picture.replace("\uFE0F", "") + TONES[tone - 2] : picture;
}

// The text with every known :name: (and :name::skin-tone-3:) replaced.
export function emoji(text) {
  return text.replace(/:([a-z0-9_+'-]+):(?::skin-tone-([2-6]):)?/g, (whole, name, tone) => emojiNamed(name, Number(tone ?? 1)) ?? whole);
}

// The picture of a rich text emoji: its code points where given ("1f44b-1f3fc"), else its name.
export function richEmoji(item) {
  if (/^[0-9a-f]+(-[0-9a-f]+)*$/i.test(item.unicode ?? "")) {
    const points = item.unicode.split("-").map((point) => parseInt(point, 16));
    if (points.every((point) => point <= 0x10ffff)) return String.fromCodePoint(...points);
  }
  return emojiNamed(item.name, item.skin_tone) ?? `:${item.name}:`;
}
