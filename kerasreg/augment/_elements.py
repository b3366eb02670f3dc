"""Where images, labels and the like are in an element of a data set."""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from kerasreg import _checks

PARTS = ("image", "label", "mask", "boxes", "audio", "tokens")
Path = tuple[Any, ...]
# An image of more channels is more likely a batch of images without a channel axis.
USUAL_CHANNELS = 4
KINDS = {
    "image": "images of shape (height, width, channels)",
    "audio": "waveforms of shape (samples,) or spectrograms of shape (time, frequency)",
    "tokens": "integers of shape (length,)",
}


def checked_parts(parts: Any, owner: object) -> dict[str, Any] | tuple[str | None, ...] | None:
    """Returns the user's word on where the parts are: keys, places, or nothing."""
    if parts is None:
        return None
    if isinstance(parts, Mapping):
        for name in parts:
            _checks.choice("parts", name, owner, PARTS)
        return dict(parts)
    expected = "a dict such as {'image': 'pixels'} or a tuple such as ('image', 'mask')"
    _checks.instance("parts", parts, owner, (list, tuple), expected)
    for name in parts:
        _checks.choice("parts", name, owner, (*PARTS, None))
    named = [name for name in parts if name is not None]
    if len(set(named)) < len(named):
        _checks.refuse("parts", parts, owner, "each part once")
    return tuple(parts)


def paths(spec: Any, parts: Any, main: str, owner: object) -> dict[str, Path]:
    """Returns where in an element each part is, as keys and places that follow each other.

    Args:
        spec: An element, or the description of one.
        parts: What `checked_parts` gave.
        main: The part that must be there.
        owner: Whose argument it is.
    """
    found = _paths(spec, parts, main, owner)
    if main not in found:
        fix = "Name it with the argument `parts`."
        expected = f"elements with {KINDS[main]} in a place that is known"
        received = sorted(map(str, spec)) if isinstance(spec, Mapping) else spec
        _checks.refuse("parts", received, owner, expected, fix=fix)
    return found


def _paths(spec, parts, main, owner):
    if isinstance(spec, Mapping):
        names = {name: name for name in PARTS} | (parts if isinstance(parts, dict) else {})
        for name, key in parts.items() if isinstance(parts, dict) else ():
            if key not in spec:
                expected = f"keys among {sorted(map(str, spec))}"
                _checks.refuse("parts", {name: key}, owner, expected)
        return {name: (key,) for name, key in names.items() if key in spec}
    if isinstance(spec, tuple):
        if isinstance(parts, tuple):
            if len(parts) > len(spec):
                _checks.refuse(
                    "parts", parts, owner, f"at most {len(spec)} parts, as elements have"
                )
            return {name: (place,) for place, name in enumerate(parts) if name is not None}
        inner = _paths(spec[0], parts, main, owner) if spec else {}
        result = {name: (0, *path) for name, path in inner.items()}
        if (
            len(spec) > 1
            and "label" not in result
            and isinstance(spec[1], tf.TensorSpec | tf.Tensor)
        ):
            result["label"] = (1,)
        return result
    return {main: ()}


def taken(element: Any, path: Path) -> Any:
    """Returns what is at a path of an element."""
    for step in path:
        element = element[step]
    return element


def replaced(element: Any, path: Path, value: Any) -> Any:
    """Returns the element with another value at a path."""
    if not path:
        return value
    first, *rest = path
    inner = replaced(element[first], tuple(rest), value)
    if isinstance(element, Mapping):
        return {**element, first: inner}
    items = [inner if place == first else each for place, each in enumerate(element)]
    return getattr(element, "_make", tuple)(items)


def check(value: Any, part: str, rank: int, batched: bool | None, owner: object) -> bool:
    """Refuses what is no example or batch of examples of a part; returns whether it is a batch.

    Args:
        value: A tensor or its `tf.TensorSpec`.
        part: "image", "audio" or "tokens".
        rank: The rank of one example.
        batched: What the user says; None to go by the rank.
        owner: Whose argument it is.
    """
    name = {"image": "images"}.get(part, part)
    if not isinstance(value, tf.TensorSpec | tf.Tensor):
        fix = "Batch examples of one size."
        _checks.refuse(name, value, owner, f"a dense tensor of {KINDS[part]}", fix=fix)
    if not (value.dtype.is_integer or (value.dtype.is_floating and part != "tokens")):
        expected = "integers" if part == "tokens" else "numbers"
        _checks.refuse(name, value, owner, expected, fix="Decode the examples first.")
    if value.shape.rank is None:
        fix = "Call `set_shape` before."
        _checks.refuse(name, value, owner, "a tensor of known rank", fix=fix)
    shape = tuple(value.shape)
    found = len(shape) - rank
    # Waveforms and spectrograms may have an axis of channels, if it is said what is a batch.
    spare = 0 if part == "image" or batched is None else 1
    allowed = [int(batched)] if batched is not None else [0, 1]
    if found - spare not in allowed and found not in allowed:
        _refuse_rank(name, part, shape, rank, batched, owner)
    if part == "image":
        _check_channels(shape, batched, owner)
    return bool(found) if batched is None else batched


def _refuse_rank(name, part, shape, rank, batched, owner):
    fix = ""
    if part == "image":
        fix = "Add a channel axis to gray images, images[..., None], in a `map` before."
    expected = f"{KINDS[part]}, or batches of them"
    if batched is not None:
        expected = f"{name} of rank {rank + batched}, as `batched` is {batched}"
    _checks.refuse(name, shape, owner, expected, fix=fix)


def _check_channels(shape: Sequence[int | None], batched: bool | None, owner: object) -> None:
    channels = shape[-1]
    if batched is None and len(shape) == 3 and channels and channels > USUAL_CHANNELS:
        _checks.refuse(
            "images",
            shape,
            owner,
            f"images of at most {USUAL_CHANNELS} channels, or `batched` to be given",
            fix="Add a channel axis to gray images, images[..., None], in a `map` before. If this "
            f"is one image of {channels} channels, pass batched=False.",
        )
