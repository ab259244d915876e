"""A stand-in for Slack: the same Web API, the same signed deliveries, the same refusals, on one loopback port.

Tests and ``make demo`` need a workspace that says no exactly where Slack says no. This package therefore states every
limit a second time, from Slack's reference, and imports nothing that builds the bot's messages: a shared limit would
prove nothing. It runs as its own process (``python -m bot.sandbox``) or inside a test (``bot.sandbox.app.create_app``).
"""
