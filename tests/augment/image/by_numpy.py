"""Geometric operations again, in NumPy and float64, from what their docstrings say."""

import math

import numpy as np

from kerasreg import augment

MODES = {
    "constant": "grid-constant",
    "reflect": "reflect",
    "wrap": "grid-wrap",
    "nearest": "nearest",
}


def forward(operation, its, size):
    """Returns where a pixel (x, y, 1) from the centre goes, and the size of the result."""
    height, width = size
    move = np.eye(3)
    if isinstance(operation, augment.Rotate):
        move = _turn(its["degrees"])
    elif isinstance(operation, augment.Shift):
        move[:2, 2] = its["horizontal_fraction"] * width, its["vertical_fraction"] * height
    elif isinstance(operation, augment.Zoom):
        move = np.diag([its["horizontal_factor"], its["vertical_factor"], 1.0])
    elif isinstance(operation, augment.Shear):
        move = _lean(its["horizontal_degrees"], its["vertical_degrees"])
    elif isinstance(operation, augment.Flip):
        signs = [-1, 1, 1] if operation.direction == "horizontal" else [1, -1, 1]
        move = np.diag(signs) if its["is_flipped"] else move
    elif isinstance(operation, augment.Affine):
        move[:2, 2] = its["horizontal_fraction"] * width, its["vertical_fraction"] * height
        lean = _lean(its["horizontal_shear_degrees"], its["vertical_shear_degrees"])
        move = move @ _turn(its["degrees"]) @ lean @ np.diag([its["factor"], its["factor"], 1])
    elif isinstance(operation, augment.Perspective):
        move = _seen_from_a_side(its["horizontal_fractions"], its["vertical_fractions"], size)
    elif isinstance(operation, augment.Crop):
        return _window(operation, its, size), (operation.height, operation.width)
    return move, size


def composed(operations, parameters, size):
    """Returns where each output pixel is read, and the size of the output."""
    total = np.eye(3)
    for operation, its in zip(operations, parameters, strict=True):
        move, size = forward(operation, its, size)
        total = move @ total
    return np.linalg.inv(total), size


def of_image(parameters, i):
    """Returns the parameters of one image as NumPy values of float64."""

    def one(value):
        value = np.asarray(value)[i]
        return value.astype("float64") if value.dtype.kind == "f" else value

    return [{name: one(value) for name, value in its.items()} for its in parameters]


def positions(matrix, size, before, steps=1, field=None):
    """Returns the rows and columns at which pixels, or `steps` points along each, are read."""
    places = [(np.arange(n * steps) + 0.5) / steps - n / 2 for n in size]
    y, x = np.meshgrid(*places, indexing="ij")
    if field is not None:
        x, y = x + field[..., 0], y + field[..., 1]
    x, y, divisor = np.einsum("ij,jhw->ihw", matrix, np.stack([x, y, np.ones_like(x)]))
    divisor = divisor / matrix[2, 2]
    x, y = x / matrix[2, 2], y / matrix[2, 2]
    divisor = np.where(divisor > 0, divisor, 1e-6)
    return np.stack([y / divisor + (before[0] - 1) / 2, x / divisor + (before[1] - 1) / 2])


def _turn(degrees):
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])


def _lean(horizontal, vertical):
    aside, up = np.eye(3), np.eye(3)
    aside[0, 1] = -math.tan(math.radians(horizontal))
    up[1, 0] = -math.tan(math.radians(vertical))
    return up @ aside


def _seen_from_a_side(horizontal, vertical, size):
    half = np.array([size[1], size[0]]) / 2
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    before = signs * half
    after = before * (1 - np.stack([horizontal, vertical], axis=1))
    rows, known = [], []
    for (x, y), (u, v) in zip(before, after, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        known += [u, v]
    return np.append(np.linalg.solve(rows, known), 1).reshape(3, 3)


def _window(crop, its, size):
    """Returns the move of the pixels that the first and the last output pixel show."""
    move = np.eye(3)
    for axis, (place, whole, own) in enumerate(
        (
            (its["horizontal_place"], size[1], crop.width),
            (its["vertical_place"], size[0], crop.height),
        )
    ):
        if crop.scale is None:
            ends = sorted([-crop.padding, whole - own + crop.padding])
            choices = np.arange(ends[0], ends[1] + 1)
            first = choices[min(int(place * len(choices)), len(choices) - 1)]
            last = first + own - 1
        else:
            area = its["area_fraction"] * size[0] * size[1]
            ratio = np.clip(its["ratio"], area / size[0] ** 2, size[1] ** 2 / area)
            extent = math.sqrt(area * ratio) if axis == 0 else math.sqrt(area / ratio)
            step = extent / own
            start = (whole - extent) * place
            first = max(start + step / 2 - 0.5, 0)
            last = min(start + extent - step / 2 - 0.5, whole - 1)
        factor = (own - 1) / (last - first)
        move[axis, axis] = factor
        move[axis, 2] = -factor * ((first + last) / 2 - (whole - 1) / 2)
    return move
