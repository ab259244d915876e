"""Facts of the containers behind a service, as plans bind them and people read them."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.containers import Container, ContainerStatus
from bot.domain.errors import PermanentError
from bot.domain.plans import Facts, Target
from bot.domain.profiles import Service
from bot.ports.platforms import PlatformPorts

SHORT_ID = 12


async def containers_of(service: Service, platform: PlatformPorts) -> Sequence[Container]:
    """Return the service's containers; PermanentError when the runtime has none."""
    found = await platform.runtime.containers(service.name)
    if not found:
        raise PermanentError(
            f"{platform.name}: the runtime has no container of {service.name}; was the project brought up?"
        )
    return found


def target_of(service: Service, platform: PlatformPorts) -> Target:
    """Return what an act on the service locks."""
    return Target(platform.name, service.name)


def started(container: Container) -> str:
    """Return when its main process started last, exactly; ``never`` where it never ran."""
    return container.started_at.isoformat() if container.started_at else "never"


def up_or_down(container: Container) -> str:
    """Return ``up``, ``down`` or ``looping``: what a decision about it rests on."""
    if container.is_looping:
        return "looping"
    return "up" if container.status is ContainerStatus.RUNNING else "down"


def binding_facts(containers: Sequence[Container]) -> Facts:
    """Return what a yes to acting on these containers rests on; a looping one's start time moves by itself."""
    facts: Facts = {"replicas": str(len(containers))}
    for container in containers:
        number = container.number
        facts[f"container {number}"] = container.id[:SHORT_ID]
        facts[f"image {number}"] = container.image_digest
        facts[f"configuration {number}"] = container.config_hash
        facts[f"state {number}"] = up_or_down(container)
        if not container.is_looping:
            facts[f"started {number}"] = started(container)
    return facts


def in_words(container: Container) -> str:
    """Return how a container stands, in a few plain words."""
    state = up_or_down(container)
    if state == "down":
        killed = " (out of memory)" if container.oom_killed else ""
        return f"{container.status}, exit code {container.exit_code}{killed}"
    words = "crash-looping" if state == "looping" else "running"
    since = f" since {container.started_at:%Y-%m-%d %H:%M:%S} UTC" if container.started_at else ""
    health = f", {container.health}" if container.health != "none" else ""
    return f"{words}{since}{health}"
