"""The format of `signature.json`; `infra/signing.py` has the cryptography."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass

from pipelines.errors import PackageRefused

ALGORITHM = "ed25519"


@dataclass(frozen=True, slots=True)
class Signature:
    """One key's signature of a message.

    >>> Signature.from_json(Signature("ab12", b"x" * 64).to_json()).key_id
    'ab12'
    """

    key_id: str
    value: bytes

    def to_json(self) -> bytes:
        """Return the bytes of `signature.json`."""
        text = base64.b64encode(self.value).decode("ascii")
        content = {"algorithm": ALGORITHM, "key_id": self.key_id, "signature": text}
        return (json.dumps(content, indent=2, sort_keys=True) + "\n").encode("ascii")

    @classmethod
    def from_json(cls, data: bytes) -> Signature:
        """Read what `to_json` wrote, and nothing else.

        Raises:
            PackageRefused: the bytes differ from what `to_json` writes.
        """
        try:
            content = json.loads(data)
            signature = cls(
                content["key_id"], base64.b64decode(content["signature"], validate=True)
            )
            well_formed = signature.to_json() == data
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            well_formed = False
        if not well_formed:
            raise PackageRefused(
                "signature.json is not a signature in the form that packages have",
                fix="restore the package from where it was made, or fit the model again",
            )
        return signature


Sign = Callable[[bytes], Signature]
"""A function that signs a message with this store's private key."""

Verify = Callable[[bytes, Signature], None]
"""A function that raises PackageRefused unless a trusted key signed exactly this message."""
