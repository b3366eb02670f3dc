"""What a WAV file holds, and its samples as numbers."""

import os
import struct
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

import tensorflow as tf

INTEGERS, FLOATS, EXTENSIBLE = 1, 3, 0xFFFE
COMPRESSIONS = {2: "ADPCM", 6: "A-law", 7: "mu-law", 17: "IMA ADPCM", 85: "MP3"}
# The kinds of samples, in the order of their numbers: (format, bits).
KINDS = ((INTEGERS, 8), (INTEGERS, 16), (INTEGERS, 24), (INTEGERS, 32), (FLOATS, 32), (FLOATS, 64))
WIDTHS = [bits // 8 for _, bits in KINDS]
# What programs write as a length that they do not know yet.
UNKNOWN_LENGTHS = (0, 0xFFFFFFFF)


class Wav(NamedTuple):
    """What is in a WAV file.

    Args:
        kind: The samples' place in `KINDS`.
        channels: Number of channels.
        rate: Samples in a second.
        start: Where the samples begin, in bytes.
        length: Number of samples in each channel.
    """

    kind: int
    channels: int
    rate: int
    start: int
    length: int


def inspect(path: str) -> Wav:
    """Returns what is in a WAV file; raises ValueError with the reason where it is corrupt."""
    size = os.path.getsize(path)
    if not size:
        raise ValueError("it is empty")
    with open(path, "rb") as file:
        head = file.read(12)
        if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
            raise ValueError("it is no WAV file: it does not begin with RIFF and WAVE")
        form = None
        while len(head := file.read(8)) == 8:
            name, length = head[:4], struct.unpack("<I", head[4:])[0]
            if name == b"data":
                if form is None:
                    raise ValueError("its samples come before their format")
                return _samples(form, file.tell(), length, size)
            if name == b"fmt ":
                form = _form(file, length)
            else:
                file.seek(length, os.SEEK_CUR)
            file.seek(length % 2, os.SEEK_CUR)
    raise ValueError("it is cut off before its samples")


def _form(file: BinaryIO, length: int) -> tuple[int, int, int]:
    """Returns kind, channels and rate."""
    content = file.read(length)
    if len(content) < 16:
        raise ValueError("it is cut off in its header")
    code, channels, rate, _, _, bits = struct.unpack("<HHIIHH", content[:16])
    if code == EXTENSIBLE and len(content) >= 26:
        code = struct.unpack("<H", content[24:26])[0]
    if (code, bits) not in KINDS:
        known = COMPRESSIONS.get(code, f"format {code}")
        what = f"{bits} bits" if code in (INTEGERS, FLOATS) else f"{known}, which is not decoded"
        raise ValueError(f"its samples are {what}")
    if not channels or not rate:
        raise ValueError(f"it says {channels} channels at {rate} Hz")
    return KINDS.index((code, bits)), channels, rate


def _samples(form: tuple[int, int, int], start: int, promised: int, size: int) -> Wav:
    kind, channels, rate = form
    held = size - start
    if promised in UNKNOWN_LENGTHS:
        promised = held
    if held < promised:
        raise ValueError(f"it is cut off: {held} of {promised} bytes of samples are there")
    length = promised // (channels * WIDTHS[kind])
    if not length:
        raise ValueError("it holds no samples")
    return Wav(kind, channels, rate, start, length)


def decoder(kinds: set[int], samples: int | None, channels: int | None) -> Callable[..., tf.Tensor]:
    """Returns the function from a path, kind, channels, start and length to a waveform.

    Args:
        kinds: The kinds of samples that files have.
        samples: The number to cut or pad to, or None to leave it.
        channels: The number of channels to keep; None to average them into one.
    """
    ordered = sorted(kinds)
    shape = (samples,) if channels is None else (samples, channels)

    def decode(
        path: tf.Tensor, kind: tf.Tensor, own: tf.Tensor, start: tf.Tensor, length: tf.Tensor
    ) -> tf.Tensor:
        used = length if samples is None else tf.minimum(length, samples)
        count = used * own * tf.gather(tf.constant(WIDTHS, tf.int64), kind)
        content = tf.strings.substr(tf.io.read_file(path), start, count)
        held = tf.cast(tf.strings.length(content), tf.int64)
        tf.debugging.assert_equal(held, count, "it has become shorter")
        branches = [lambda which=which: _numbers(content, *KINDS[which]) for which in ordered]
        if len(ordered) == 1:
            values = branches[0]()
        else:
            place = tf.argmax(tf.equal(tf.constant(ordered, tf.int64), kind), output_type=tf.int32)
            values = tf.switch_case(place, branches)
        wave = tf.reshape(values, tf.stack([used, own]))
        if channels is None:
            wave = tf.reduce_mean(wave, 1)
        if samples is not None:
            wave = tf.pad(wave, [[0, samples - used]] + [[0, 0]] * (len(shape) - 1))
        return tf.ensure_shape(wave, shape)

    return decode


def _numbers(content: tf.Tensor, form: int, bits: int) -> tf.Tensor:
    """Returns samples as float32; integers become -1 to 1."""
    if form == FLOATS:
        kind = tf.float32 if bits == 32 else tf.float64
        return tf.cast(tf.io.decode_raw(content, kind), tf.float32)
    if bits == 8:
        return tf.cast(tf.io.decode_raw(content, tf.uint8), tf.float32) / 128 - 1
    if bits == 24:
        parts = tf.cast(tf.reshape(tf.io.decode_raw(content, tf.uint8), (-1, 3)), tf.int32)
        whole = parts[:, 0] * 2**8 + parts[:, 1] * 2**16 + tf.bitwise.left_shift(parts[:, 2], 24)
    else:
        whole = tf.io.decode_raw(content, tf.int16 if bits == 16 else tf.int32)
    return tf.cast(whole, tf.float32) / 2.0 ** (15 if bits == 16 else 31)
