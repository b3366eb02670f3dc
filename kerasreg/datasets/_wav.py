"""What a WAV file holds, and its samples as numbers."""

import os
import struct
from collections.abc import Callable, Collection
from functools import partial
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


def facts(wav: Wav, samples: int | None) -> tuple[int, int, int, int, int]:
    """Returns what `decoder` needs to know of a file.

    Args:
        wav: What the file holds.
        samples: The number to cut or pad to, or None to leave it.

    Returns:
        Kind, channels, where the samples begin, how many of each channel are used, in bytes.
    """
    used = wav.length if samples is None else min(wav.length, samples)
    return wav.kind, wav.channels, wav.start, used, used * wav.channels * WIDTHS[wav.kind]


def decoder(wavs: Collection[Wav], samples: int | None, mono: bool) -> Callable[..., tf.Tensor]:
    """Returns the function from a path and `facts` to a waveform.

    Args:
        wavs: What the files hold. What is the same in all is not looked up in each.
        samples: The number to cut or pad to, or None to leave it.
        mono: Whether to average the channels into one.
    """
    kinds = sorted({wav.kind for wav in wavs})
    channels = {wav.channels for wav in wavs}
    may_be_short = samples is not None and any(wav.length < samples for wav in wavs)

    def numbers(content: tf.Tensor, kind: tf.Tensor) -> tf.Tensor:
        if len(kinds) == 1:
            return _numbers(content, *KINDS[kinds[0]])
        place = tf.argmax(tf.equal(tf.constant(kinds, tf.int64), kind), output_type=tf.int32)
        return tf.switch_case(place, [partial(_numbers, content, *KINDS[each]) for each in kinds])

    def decode(
        path: tf.Tensor,
        kind: tf.Tensor,
        own: tf.Tensor,
        start: tf.Tensor,
        used: tf.Tensor,
        size: tf.Tensor,
    ) -> tf.Tensor:
        content = tf.strings.substr(tf.io.read_file(path), start, size)
        # Fails where the file has become shorter since.
        wave = tf.reshape(numbers(content, kind), tf.stack([used, own]))
        if mono:
            wave = wave[:, 0] if channels == {1} else tf.reduce_mean(wave, 1)
        if may_be_short:
            wave = tf.pad(wave, [[0, samples - used]] + [[0, 0]] * (not mono))
        return tf.ensure_shape(wave, (samples,) if mono else (samples, *channels))

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
