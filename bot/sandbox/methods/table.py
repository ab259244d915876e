"""Which function answers which method."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from bot.sandbox.methods import chat, conversations, files, people, views
from bot.sandbox.shapes import Json
from bot.sandbox.workspace import Workspace

Method: TypeAlias = Callable[[Workspace, Json], Json]

METHODS: dict[str, Method] = {
    "apps.connections.open": people.open_connection,
    "auth.test": people.auth_test,
    "chat.delete": chat.delete,
    "chat.getPermalink": chat.get_permalink,
    "chat.postEphemeral": chat.post_ephemeral,
    "chat.postMessage": chat.post_message,
    "chat.update": chat.update,
    "conversations.history": conversations.history,
    "conversations.info": conversations.info,
    "conversations.join": conversations.join,
    "conversations.list": conversations.list_channels,
    "conversations.members": conversations.members,
    "conversations.open": conversations.open_conversation,
    "conversations.replies": conversations.replies,
    "files.completeUploadExternal": files.complete_upload,
    "files.getUploadURLExternal": files.get_upload_url,
    "files.info": files.info,
    "reactions.add": people.add_reaction,
    "reactions.remove": people.remove_reaction,
    "team.info": people.team_info,
    "usergroups.list": people.group_list,
    "usergroups.users.list": people.group_users,
    "users.conversations": conversations.of_user,
    "users.info": people.user_info,
    "users.list": people.user_list,
    "views.open": views.open_view,
    "views.publish": views.publish,
    "views.push": views.push,
    "views.update": views.update,
}
