"""The spatial axes of a tensor."""


def spatial_axes(data_format, dimensions):
    """Returns the spatial axes of a tensor, in order.

    Args:
        data_format: "channels_last" or "channels_first".
        dimensions: Number of spatial axes.
    """
    first = 2 if data_format == "channels_first" else 1
    return tuple(range(first, first + dimensions))
