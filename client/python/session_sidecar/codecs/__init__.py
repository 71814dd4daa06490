"""How values become the bytes that the sidecar stores, and values again."""

from .codec import Codec
from .tagged_json import TaggedJsonCodec
from .tagged_type import TaggedType

__all__ = ["Codec", "TaggedJsonCodec", "TaggedType"]
