"""The content that digests of settings are made from: keys of later releases count only if used.

A job file is identified by a digest of its content, which includes keys at their
default. A key that a later release adds would change the digest of every file
that does not name the key. Such a key is therefore marked, and left out of the
content while it has its default::

    spread: int = Field(default=1, description="…", json_schema_extra=ADDED)

Keys of the first release are not marked: they count at their default, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo

ADDED: Final[JsonDict] = {"added": True}
"""Marks a key of a later release, as `json_schema_extra` of its field."""


def content_of(model: BaseModel, *, by_alias: bool = False) -> dict[str, Any]:
    """Return all values of a model as JSON values, without added keys at their default."""
    content = model.model_dump(mode="json", by_alias=by_alias)
    _drop_unused(model, content, by_alias=by_alias)
    return content


def _drop_unused(value: Any, content: Any, *, by_alias: bool) -> None:
    """Walk a value and its JSON side by side."""
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            key, inner = (by_alias and field.alias) or name, getattr(value, name)
            if _is_unused(field, inner):
                del content[key]
            else:
                _drop_unused(inner, content[key], by_alias=by_alias)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            _drop_unused(inner, content[key], by_alias=by_alias)
    elif isinstance(value, tuple | list):
        for inner, one in zip(value, content, strict=True):
            _drop_unused(inner, one, by_alias=by_alias)


def _is_unused(field: FieldInfo, value: Any) -> bool:
    extra = field.json_schema_extra
    if not isinstance(extra, dict) or not extra.get("added"):
        return False
    return bool(value == field.get_default(call_default_factory=True, validated_data={}))
