"""Whether Slack would take a message or a view, judged by models that nobody here wrote for the stand-in.

The judge is slack_sdk's models: what they refuse, what they log as unknown, and what they would not send back. For
what Slack has and the SDK lacks there are models written from Slack's reference, in the two tables below. The
stand-in's own checker is asked as well, so that each of the two would notice a hole in the other.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.attachments import BlockAttachment
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.sandbox.block_kit import check_message, check_view

Json = dict[str, Any]


class _Model(BaseModel):
    """Refuses what the reference does not name."""

    model_config = ConfigDict(extra="forbid", strict=True)


# -- blocks that the SDK has no class for ------------------------------------------------------------------------------

BlockId = Annotated[str, Field(min_length=1, max_length=255)]
Label = Annotated[str, Field(min_length=1, max_length=20)]
AxisTitle = Annotated[str, Field(min_length=1, max_length=50)]


class RawText(_Model):
    type: Literal["raw_text"]
    text: Annotated[str, Field(min_length=1)]


class RawNumber(_Model):
    type: Literal["raw_number"]
    value: float | int
    text: Annotated[str, Field(min_length=1)] | None = None


class RichTextCell(BaseModel):
    """Its content is the SDK's to judge."""

    type: Literal["rich_text"]
    elements: list[Json]


Cell = Annotated[RawText | RawNumber | RichTextCell, Field(discriminator="type")]
Row = Annotated[list[Cell], Field(min_length=1, max_length=20)]


class DataTable(_Model):
    """https://docs.slack.dev/reference/block-kit/blocks/data-table-block."""

    type: Literal["data_table"]
    block_id: BlockId | None = None
    caption: Annotated[str, Field(min_length=1)]
    rows: Annotated[list[Row], Field(min_length=2, max_length=201)]
    page_size: Annotated[int, Field(ge=1, le=100)] | None = None
    row_header_column_index: Annotated[int, Field(ge=0, le=19)] | None = None

    @model_validator(mode="after")
    def _is_even(self) -> DataTable:
        if len({len(row) for row in self.rows}) != 1:
            raise ValueError("all rows have the same number of cells")
        if any(cell.type == "rich_text" for cell in self.rows[0]):
            raise ValueError("a header cell is no rich_text")
        return self


class Point(_Model):
    label: Label
    value: float | int


class Slice(_Model):
    label: Label
    value: Annotated[float | int, Field(gt=0)]


class Series(_Model):
    name: Label
    data: Annotated[list[Point], Field(min_length=1, max_length=20)]


class Axes(_Model):
    categories: Annotated[list[Label], Field(min_length=1, max_length=20)]
    x_label: AxisTitle | None = None
    y_label: AxisTitle | None = None


class XYChart(_Model):
    type: Literal["line", "bar", "area"]
    series: Annotated[list[Series], Field(min_length=1, max_length=12)]
    axis_config: Axes

    @model_validator(mode="after")
    def _fits_its_categories(self) -> XYChart:
        for series in self.series:
            if sorted(point.label for point in series.data) != sorted(self.axis_config.categories):
                raise ValueError(f"{series.name}: must have exactly the declared categories")
        return self


class PieChart(_Model):
    type: Literal["pie"]
    segments: Annotated[list[Slice], Field(min_length=1, max_length=12)]


class DataVisualization(_Model):
    """https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block."""

    type: Literal["data_visualization"]
    block_id: BlockId | None = None
    title: Annotated[str, Field(min_length=1, max_length=50)]
    chart: Annotated[XYChart | PieChart, Field(discriminator="type")]


NEWER_BLOCKS: Mapping[str, type[BaseModel]] = {"data_table": DataTable, "data_visualization": DataVisualization}
"""Block types of Slack's reference that slack_sdk 3.47 has no class for."""

NEWER_FIELDS: Mapping[tuple[str, str], TypeAdapter[Any]] = {
    ("header", "level"): TypeAdapter(Annotated[int, Field(ge=1, le=4)]),
    ("rich_text_preformatted", "language"): TypeAdapter(Annotated[str, Field(min_length=1, max_length=255)]),
    ("card", "subtext"): TypeAdapter(Json),
    ("card", "slack_icon"): TypeAdapter(Json),
}
"""Fields of Slack's reference, by the type of their object, that slack_sdk 3.47 drops; judged here, then taken out."""


# -- judging -----------------------------------------------------------------------------------------------------------


def complaints_about_message(payload: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with ``blocks`` and ``attachments`` of a post or an update; empty when Slack takes them."""
    sent = _as_sent(payload)
    blocks, attachments = sent.get("blocks") or [], sent.get("attachments") or []
    found = _verdict(check_message(blocks, attachments))
    found += complaints_about_blocks(blocks, "/blocks")
    for index, attachment in enumerate(attachments):
        found += _complaints_about_attachment(attachment, f"/attachments/{index}")
    return found


def complaints_about_view(view: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a modal or a home view; empty when Slack takes it."""
    sent = _as_sent(view)
    found = _verdict(check_view(sent, str(sent.get("type"))))
    found += complaints_about_blocks(sent.get("blocks") or [], "/view/blocks")
    head = {name: part for name, part in sent.items() if name != "blocks"}
    as_many = Block.parse_all([{"type": "divider"}] * len(sent.get("blocks") or []))
    return found + _judged(head, "/view", lambda: View(**head, blocks=as_many).to_dict(), ignoring="blocks")


def complaints_about_blocks(blocks: list[Json], pointer: str) -> list[str]:
    """Return what the models have against each block; lines start with a JSON pointer."""
    found = []
    for index, block in enumerate(blocks):
        found += _complaints_about_block(block, f"{pointer}/{index}")
    return found


def _verdict(verdict: Any) -> list[str]:
    return [f"{verdict.error}: {' '.join(verdict.problems)}"] if verdict.error else []


def _complaints_about_block(block: Json, pointer: str) -> list[str]:
    model = NEWER_BLOCKS.get(str(block.get("type")))
    if model is not None:
        return _refusals(pointer, lambda: model.model_validate(block))
    found: list[str] = []
    known = _without_newer_fields(block, pointer, found)
    return found + _judged(known, pointer, lambda: _parsed(known))


def _complaints_about_attachment(attachment: Json, pointer: str) -> list[str]:
    blocks = attachment.get("blocks")
    if not blocks:
        return []  # a legacy attachment: text alone, no model
    head = {name: part for name, part in attachment.items() if name not in {"blocks", "id"}}
    found = complaints_about_blocks(blocks, f"{pointer}/blocks")
    divider = Block.parse_all([{"type": "divider"}])
    return found + _judged(head, pointer, lambda: BlockAttachment(blocks=divider, **head).to_dict(), ignoring="blocks")


def _parsed(block: Json) -> Json:
    parsed = Block.parse(block)
    if parsed is None:
        raise SlackObjectFormationError(f"no such block: {block.get('type')}")
    made: Json = parsed.to_dict()
    return made


def _judged(given: Json, pointer: str, parse: Any, *, ignoring: str = "") -> list[str]:
    """Return what parsing refuses, logs, or loses on the way back."""
    made: Json = {}

    def take() -> None:
        made.update(parse())

    with _complaining() as logged:
        found = _refusals(pointer, take)
    made.pop(ignoring, None)
    given = {
        name: part for name, part in given.items() if part != ""
    }  # the SDK leaves empty words out, Slack takes them
    if not found and made != given:
        found = [f"{pointer}: the SDK's model makes {made} of {given}"]
    return found + [f"{pointer}: {line}" for line in logged]


def _refusals(pointer: str, parse: Any) -> list[str]:
    try:
        parse()
    except (SlackObjectFormationError, ValidationError, TypeError, ValueError) as exc:
        return [f"{pointer}: {exc}"]
    return []


def _without_newer_fields(part: Any, pointer: str, found: list[str]) -> Any:
    """Return a copy without the fields of `NEWER_FIELDS`, each judged by its model."""
    if isinstance(part, list):
        return [_without_newer_fields(item, f"{pointer}/{index}", found) for index, item in enumerate(part)]
    if not isinstance(part, dict):
        return part
    kept = {}
    for name, value in part.items():
        newer = NEWER_FIELDS.get((str(part.get("type")), name))
        if newer is None:
            kept[name] = _without_newer_fields(value, f"{pointer}/{name}", found)
        else:
            found += _refusals(f"{pointer}/{name}", lambda newer=newer, value=value: newer.validate_python(value))
    return kept


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@contextmanager
def _complaining() -> Iterator[list[str]]:
    """Give the lines that the SDK's models log: unknown blocks, elements and keys, which they skip in silence."""
    logger, kept = logging.getLogger("slack_sdk.models"), _Kept()
    level, propagates = logger.level, logger.propagate
    logger.addHandler(kept)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    try:
        yield kept.lines
    finally:
        logger.removeHandler(kept)
        logger.setLevel(level)
        logger.propagate = propagates


def _as_sent(payload: Mapping[str, Any]) -> Json:
    """Return what travels: JSON, without the arguments that are left out."""
    sent: Json = json.loads(json.dumps(dict(payload)))
    return {name: value for name, value in sent.items() if value is not None}
