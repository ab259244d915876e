"""The command line. Imports what a command needs when it is asked for, so that ``--help`` is instant."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from socket import socket

    from bot.sandbox.config import SandboxConfig

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

OK, PROBLEM, USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code: 0 done, 1 it failed, 2 the configuration or the command is wrong."""
    options = parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except KeyboardInterrupt:
        return 130
    except Exception as exc:
        from bot.domain.errors import BotError
        from bot.messages.mrkdwn import clean

        if not isinstance(exc, BotError):
            raise
        # It may repeat a name from anywhere; the terminal shows it and obeys nothing in it.
        sys.stderr.write(f"{clean(str(exc), keep_lines=True)}\n")
        return USAGE if type(exc).__name__ == "ConfigurationError" else PROBLEM


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    top = argparse.ArgumentParser(
        prog="watchkeeper", description="A self-hosted Slack ChatOps bot for teams that run vector-search platforms."
    )
    commands = top.add_subparsers(title="commands", metavar="command", required=True)
    _add_running(commands)
    _add_trying(commands)
    _add_examining(commands)
    _add_asking(commands)
    return top


def _add_running(commands: Commands) -> None:
    for part, words in (
        ("serve", "run everything in this process"),
        ("web", "take webhooks, commands and clicks only; needs REDIS_URL"),
        ("worker", "run the loops only; needs REDIS_URL"),
    ):
        serve = commands.add_parser(part, help=words)
        serve.set_defaults(command=_serve, part=part)


def _add_trying(commands: Commands) -> None:
    demo = commands.add_parser("demo", help="play a whole incident on a page, with no Slack, Docker or Redis")
    demo.add_argument("--port", type=int, default=8080, help="where the page is (default 8080)")
    demo.set_defaults(command=_demo)

    sandbox = commands.add_parser("sandbox", help="run a stand-in for Slack to rehearse a configuration in")
    sandbox.add_argument("--bot-url", action="append", default=[], help="where the bot listens; repeat for replicas")
    sandbox.add_argument("--port", type=int, default=8080, help="where the page is (default 8080)")
    sandbox.add_argument("--socket-mode", action="store_true", help="deliver through Socket Mode, not to an address")
    sandbox.add_argument("--signing-secret", help="signs deliveries; not your real one (default: a new one)")
    sandbox.add_argument("--platform", metavar="NAME", help="play a simulated platform of this name beside it")
    sandbox.set_defaults(command=_sandbox)


def _add_examining(commands: Commands) -> None:
    check = commands.add_parser("check", help="check the configuration; exit code 2 when something is wrong")
    check.add_argument("file", nargs="?", type=Path, help="default: WATCHKEEPER_CONFIG or watchkeeper.yaml")
    check.set_defaults(command=_check)

    doctor = commands.add_parser("doctor", help="find out what would fail at the first incident, each with its fix")
    doctor.add_argument("--strict", action="store_true", help="exit code 1 for warnings as well")
    doctor.add_argument("--json", action="store_true", help="one JSON object at the end, for scripts")
    doctor.set_defaults(command=_doctor)

    simulate = commands.add_parser("simulate", help="show what a webhook body would do, and the card, without doing it")
    simulate.add_argument("body", help="a file with the body as Alertmanager posts it; - for standard input")
    simulate.add_argument("--platform", help="the platform it is posted for; may be left out where there is one")
    simulate.add_argument("--empty", action="store_true", help="as if nothing had happened before")
    shape = simulate.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="decisions and messages as JSON, for scripts")
    shape.add_argument("--blocks", action="store_true", help="only the card, as Block Kit Builder takes it")
    simulate.set_defaults(command=_simulate)


def _add_asking(commands: Commands) -> None:
    manifest = commands.add_parser("manifest", help="print the manifest to make the Slack app from")
    way_in = manifest.add_mutually_exclusive_group()
    way_in.add_argument("--host", help="where Slack finds us over HTTP (default: an example)")
    way_in.add_argument("--socket-mode", action="store_true", help="for Socket Mode, which needs no address")
    manifest.set_defaults(command=_manifest)

    audit = commands.add_parser("audit", help="verify or export the audit trail").add_subparsers(required=True)
    audit.add_parser("verify", help="prove that nothing was changed").set_defaults(command=_audit_verify)
    audit.add_parser("export", help="write every entry as JSON lines").set_defaults(command=_audit_export)

    ops = commands.add_parser("ops", help="ask the running process, as in the chat: watchkeeper ops status")
    ops.add_argument("text", nargs=argparse.REMAINDER, help="verb and arguments; `help` lists them")
    ops.set_defaults(command=_ops)


def _serve(options: argparse.Namespace) -> int:
    from bot.serving import Part, event_loop, serve
    from bot.settings import load_settings

    with asyncio.Runner(loop_factory=event_loop()) as runner:
        runner.run(serve(load_settings(), Part(options.part)))
    return OK


def _demo(options: argparse.Namespace) -> int:
    from bot.demo import play
    from bot.serving import event_loop

    with asyncio.Runner(loop_factory=event_loop()) as runner:
        return runner.run(play(port=options.port))


def _sandbox(options: argparse.Namespace) -> int:
    from bot.sandbox.rehearsal import rehearsal_config
    from bot.sandbox.server import listen

    config = rehearsal_config(
        bot_urls=tuple(options.bot_url), signing_secret=options.signing_secret, socket_mode=options.socket_mode
    )
    try:
        sock = listen(options.port)
    except OSError as exc:
        sys.stderr.write(f"port {options.port}: {exc.strerror}; take another one with --port\n")
        return PROBLEM
    with sock:
        asyncio.run(_rehearse(config, sock, options.platform))
    return OK


async def _rehearse(config: SandboxConfig, sock: socket, platform: str | None) -> None:
    from bot.sandbox.rehearsal import rehearse

    def say(words: str) -> None:
        print(words, flush=True)  # noqa: T201

    if platform is None:
        await rehearse(config, sock, say=say)
        return

    import secrets
    from dataclasses import replace
    from urllib.parse import urlsplit

    import yaml

    from bot.children import simulated_platform
    from bot.sandbox.rehearsal import Beside

    token, variable = secrets.token_hex(16), "REHEARSAL_TOKEN"
    bot_url = f"http://{urlsplit(config.bot_urls[0]).netloc}"
    async with simulated_platform(platform, bot_url=bot_url, token=token) as played:
        entry = yaml.safe_dump({"platforms": [played.entry(variable)]}, sort_keys=False)
        beside = Beside([f"export {variable}={token}"], entry.splitlines())
        await rehearse(replace(config, platform_url=played.url), sock, say=say, beside=beside)


def _check(options: argparse.Namespace) -> int:
    from bot.actions.catalogue import KNOWN_ACTIONS
    from bot.profiles.problems import format_problems
    from bot.settings import inspect_configuration, read_environment

    path = options.file or read_environment().config_path
    checked = inspect_configuration(path, known_actions=KNOWN_ACTIONS)
    if checked.problems:
        sys.stderr.write(format_problems(checked.problems) + "\n")
    sys.stdout.write(f"{checked.summary()}\n")
    return USAGE if checked.problems else OK


def _doctor(options: argparse.Namespace) -> int:
    from bot.doctor import consult
    from bot.manifest import DEFINITION

    scopes = [scope.name for scope in DEFINITION.scopes]
    return asyncio.run(consult(sys.stdout, scopes=scopes, strict=options.strict, as_json=options.json))


def _simulate(options: argparse.Namespace) -> int:
    from bot.messages.foretold import as_blocks, as_json, as_text
    from bot.messages.plain import printable_json
    from bot.simulation import read_body, simulate

    found = asyncio.run(simulate(read_body(options.body, sys.stdin.buffer), options.platform, empty=options.empty))
    if options.blocks and len(found.cards) != 1:
        sys.stderr.write(f"{len(found.cards)} cards would change; this is the first of them, --json has all\n")
    if options.json or options.blocks:
        shown = as_json(found) if options.json else as_blocks(found)
        sys.stdout.write(printable_json(shown) + "\n")
    else:
        sys.stdout.write(as_text(found))
    return OK


def _manifest(options: argparse.Namespace) -> int:
    from bot.manifest import EXAMPLE_HOST, manifest

    sys.stdout.write(manifest(host=None if options.socket_mode else options.host or EXAMPLE_HOST))
    return OK


def _audit_verify(_: argparse.Namespace) -> int:
    from bot.offline import verify_audit

    verdict = asyncio.run(verify_audit())
    if not verdict.holds:
        sys.stderr.write(f"the audit does not hold: {verdict.problem}\n")
        return PROBLEM
    tail = f"; not sealed yet: {', '.join(map(str, verdict.unsealed))}" if verdict.unsealed else ""
    sys.stdout.write(f"{verdict.entries} entries hold; head {verdict.head} {verdict.head_seal or '-'}{tail}\n")
    return OK


def _audit_export(_: argparse.Namespace) -> int:
    from bot.offline import export_audit

    asyncio.run(export_audit(sys.stdout))
    return OK


def _ops(options: argparse.Namespace) -> int:
    from bot.settings import read_environment
    from handlers.terminal import ask_running

    try:
        answered = asyncio.run(ask_running(read_environment().data_dir, " ".join(options.text)))
    except (ConnectionError, FileNotFoundError):
        where = read_environment().data_dir
        sys.stderr.write(f"nothing runs on {where}; start `watchkeeper serve`, or set WATCHKEEPER_DATA_DIR\n")
        return PROBLEM
    (sys.stdout if answered.ok else sys.stderr).write(f"{answered.text}\n")
    return OK if answered.ok else PROBLEM
