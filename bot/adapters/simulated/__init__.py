"""A whole vector-search platform in one process, so that an incident can be played where none is installed.

``python -m bot.adapters.simulated`` serves, on one loopback port, what the bot otherwise finds in a data centre: a
container runtime (``/runtime``), nine services that answer or do not (``/services/<name>``), a Prometheus
(``/prometheus``), an Alertmanager (``/alertmanager``) that posts webhooks, and the switches that break and mend things
(``/control``). `runtime.SimulatedRuntime` is the bot's side: the port `bot.ports.runtime.ContainerRuntime` over HTTP.

What the process knows, it computes from one clock and the list of things that happened (`world`): the same orders at
the same times give the same answers.
"""
