"""The transpose of a convolution, with groups and with its output size."""

from keras import ops


def transposed_convolution(inputs, kernel, *, groups, **arguments):
    """Returns the transpose of a grouped convolution, applied to `inputs`.

    Every group is a convolution of its own: it reads its share of the channels and writes its
    share of the filters, and the transpose goes back the same way.

    Args:
        inputs: What has the shape of the convolution's outputs.
        kernel: `(*sizes, channels / groups, filters)`, as the convolution has it.
        groups: Groups of the convolution.
        **arguments: Those of `keras.ops.conv_transpose`, among them `data_format`.
    """
    if groups == 1:
        return ops.conv_transpose(inputs, kernel, **arguments)
    axis = 1 if arguments["data_format"] == "channels_first" else -1
    parts = zip(
        ops.split(inputs, groups, axis=axis), ops.split(kernel, groups, axis=-1), strict=True
    )
    outputs = [ops.conv_transpose(part, of_part, **arguments) for part, of_part in parts]
    return ops.concatenate(outputs, axis=axis)


def span(size, dilation):
    """Returns how many places a kernel of that size reaches over."""
    return (size - 1) * dilation + 1


def output_size(inputs, reach, stride, padding, output_padding):
    """Returns the output size along one axis, None if that of the inputs is None.

    Args:
        inputs: Input size.
        reach: The kernel's `span`.
        stride: Steps between neighbouring inputs in the output.
        padding: "valid" or "same".
        output_padding: Places to add; None for the largest size that the convolution takes
            to `inputs` with "same", the smallest but no less than `inputs * stride` with "valid".
    """
    if inputs is None:
        return None
    if padding == "same":
        last = stride if output_padding is None else reach % 2 + output_padding
    else:
        last = max(reach, stride) if output_padding is None else reach + output_padding
    return (inputs - 1) * stride + last
