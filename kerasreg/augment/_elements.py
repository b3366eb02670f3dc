"""Where the image is in an element of a data set: alone, first of a tuple, or under a key."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from kerasreg import _checks

# An image of more channels is more likely a batch of images without a channel axis.
USUAL_CHANNELS = 4
ADD_CHANNELS = "Add a channel axis to gray images, images[..., None], in a `map` before."


def replaced(element: Any, image_key: str, change: Callable[[Any], Any], owner: object) -> Any:
    """Returns the element with its image changed and everything else untouched."""
    if isinstance(element, dict):
        if image_key not in element:
            _checks.refuse(
                "image_key", image_key, owner, f"one of the keys {sorted(map(str, element))}"
            )
        return {**element, image_key: change(element[image_key])}
    if isinstance(element, tuple):
        first = replaced(element[0], image_key, change, owner)
        make = getattr(element, "_make", tuple)
        return make([first, *element[1:]])
    return change(element)


def image_of(element: Any, image_key: str, owner: object) -> Any:
    """Returns the image of an element, or the description of one."""
    found: list[Any] = []
    replaced(element, image_key, found.append, owner)
    return found[0]


def check_image(image: Any, batched: bool | None, owner: object) -> bool:
    """Refuses what is no image or batch of images; returns whether it is a batch.

    Args:
        image: A tensor or its `tf.TensorSpec`.
        batched: What the user says; None to go by the rank.
        owner: Whose argument it is.
    """
    if not isinstance(image, tf.TensorSpec | tf.Tensor):
        _checks.refuse(
            "images", image, owner, "a dense tensor of images", fix="Batch images of one size."
        )
    if not (image.dtype.is_floating or image.dtype.is_integer):
        _checks.refuse("images", image, owner, "numbers", fix="Decode the images first.")
    if image.shape.rank is None:
        _checks.refuse(
            "images", image, owner, "a tensor of known rank", fix="Call `set_shape` before."
        )
    shape = tuple(image.shape)
    _check_rank(shape, batched, owner)
    return len(shape) == 4


def _check_rank(shape: tuple[int | None, ...], batched: bool | None, owner: object) -> None:
    if len(shape) not in (3, 4):
        expected = "images of shape (height, width, channels), or batches of them"
        _checks.refuse("images", shape, owner, expected, fix=ADD_CHANNELS)
    if batched is not None and batched != (len(shape) == 4):
        expected = f"images of rank {4 if batched else 3}, as `batched` is {batched}"
        _checks.refuse("images", shape, owner, expected, fix=ADD_CHANNELS)
    channels = shape[-1]
    if batched is None and len(shape) == 3 and channels and channels > USUAL_CHANNELS:
        _checks.refuse(
            "images",
            shape,
            owner,
            f"images of at most {USUAL_CHANNELS} channels, or `batched` to be given",
            fix=f"{ADD_CHANNELS} If this is one image of {channels} channels, pass batched=False.",
        )
