#!/usr/bin/env python3
"""Writes the numbers that the engine is held to: tests/golden/golden.json and the three pictures they belong to.

    pip install torch safetensors pillow
    python3 tests/golden/make_golden.py

This is the method of Gatys, Ecker & Bethge (CVPR 2016) written down a second time, as plainly as PyTorch allows: the
network in Caffe's convention (blue green red, 0..255, mean subtracted), autograd for the gradient, torch's own L-BFGS.
The pictures are small and stored without loss, so that no decoder and no resampler stands between the two programs.
Everything is computed in double precision, so that a difference is the rounding of the program that is tested.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image, ImageOps
from safetensors.torch import load_file

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

BLOCKS = [2, 2, 4, 4, 4]
MEAN_BGR = [103.939, 116.779, 123.68]
CONTENT_LAYER = "relu4_2"
STYLE_LAYERS = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
TAPS = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2", "relu5_1"]
EVALUATIONS = 20
UNITS = [1, 10000]
SAMPLES = 24


def pictures():
    """Content, style and a canvas that is neither, as (3, height, width) in red green blue, 0..255."""
    content = Image.open(ROOT / "assets/photos/neuschwanstein-castle.jpg").convert("RGB")
    style = Image.open(ROOT / "assets/styles/starry-night.jpg").convert("RGB")
    content = ImageOps.fit(content, (96, 64), Image.Resampling.LANCZOS)
    style = ImageOps.fit(style, (80, 64), Image.Resampling.LANCZOS)
    generator = torch.Generator().manual_seed(1889)
    noise = torch.randint(-40, 41, (64, 96, 3), generator=generator)
    canvas = (pixels(content).permute(1, 2, 0) + noise).clamp(0, 255).to(torch.uint8)
    canvas = Image.fromarray(canvas.numpy())
    for name, picture in (("content", content), ("style", style), ("canvas", canvas)):
        picture.save(HERE / f"{name}.png", optimize=True)
    return [pixels(Image.open(HERE / f"{name}.png")) for name in ("content", "style", "canvas")]


def pixels(picture):
    width, height = picture.size
    values = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    return values.reshape(height, width, 3).permute(2, 0, 1).to(torch.float64).contiguous()


class Vgg19:
    """The original network up to relu5_1."""

    def __init__(self, dtype, memory_format=torch.contiguous_format):
        self.memory_format = memory_format
        stored = load_file(ROOT / "models/vgg19-oxford-palette.safetensors")
        self.layers = []
        for block, count in enumerate(BLOCKS, start=1):
            for index in range(1, count + 1):
                name = f"conv{block}_{index}"
                weight = stored[f"{name}.palette"][stored[f"{name}.weight"].long()]
                weight = weight.to(dtype).contiguous(memory_format=memory_format)
                self.layers.append((block, index, weight, stored[f"{name}.bias"].to(dtype)))

    def __call__(self, rgb, pooling):
        """Activations after each ReLU, as (channels, height, width)."""
        mean = torch.tensor(MEAN_BGR, dtype=rgb.dtype).view(3, 1, 1)
        x = (rgb.flip(0) - mean)[None].contiguous(memory_format=self.memory_format)
        activations = {}
        for block, index, weight, bias in self.layers:
            if block > 1 and index == 1:
                x = F.max_pool2d(x, 2) if pooling == "max" else 2 * F.avg_pool2d(x, 2)
            x = F.relu(F.conv2d(x, weight, bias, padding=1), inplace=True)
            activations[f"relu{block}_{index}"] = x[0]
            if (block, index) == (5, 1):
                return activations


def gram(features):
    features = features.flatten(1)
    return features @ features.T / features.shape[1]


def total_variation(x):
    """Nine-point: (2/3 * side neighbours + 1/6 * diagonal neighbours) / number of values."""
    across = (x[:, :, 1:] - x[:, :, :-1]).square().sum()
    down = (x[:, 1:, :] - x[:, :-1, :]).square().sum()
    falling = (x[:, 1:, 1:] - x[:, :-1, :-1]).square().sum()
    rising = (x[:, 1:, :-1] - x[:, :-1, 1:]).square().sum()
    return (2 / 3 * (across + down) + 1 / 6 * (falling + rising)) / x.numel()


class Objective:
    """content + style with the constants of the authors' notebook."""

    def __init__(self, vgg, pooling, content, style):
        self.vgg, self.pooling = vgg, pooling
        with torch.no_grad():
            self.content = vgg(content, pooling)[CONTENT_LAYER]
            self.grams = {layer: gram(vgg(style, pooling)[layer]) for layer in STYLE_LAYERS}

    def __call__(self, canvas):
        activations = self.vgg(canvas, self.pooling)
        content = F.mse_loss(activations[CONTENT_LAYER], self.content)
        style = sum(
            1e3 / target.shape[0] ** 2 * F.mse_loss(gram(activations[layer]), target)
            for layer, target in self.grams.items()
        )
        return content, style


def number(value):
    return float(f"{value.item():.9g}")


def summary(tensor):
    """Mean, Euclidean norm and some entries that are not zero, spread over the whole tensor."""
    flat = tensor.detach().flatten()
    candidates = flat.nonzero().flatten()
    chosen = candidates[torch.linspace(0, len(candidates) - 1, SAMPLES).long()]
    samples = [[*map(int, torch.unravel_index(i, tensor.shape)), number(flat[i])] for i in chosen]
    return {"shape": list(tensor.shape), "mean": number(flat.mean()), "norm": number(flat.norm()), "samples": samples}


def evaluation(objective, canvas):
    canvas = canvas.clone().requires_grad_()
    content, style = objective(canvas)
    (gradient,) = torch.autograd.grad(content + style, canvas)
    return {"content": number(content), "style": number(style), "gradient": summary(gradient)}


def smoothness(canvas):
    canvas = canvas.clone().requires_grad_()
    value = total_variation(canvas)
    (gradient,) = torch.autograd.grad(value, canvas)
    return {"value": number(value), "gradient": summary(gradient)}


def trace(objective, canvas, unit):
    """The loss at each evaluation of `torch.optim.LBFGS` with its default settings, on the canvas divided by `unit`.

    By default the first step has the length 1 in the sum of all its absolute values. In pixels (unit 1) that is less
    than single precision can tell apart: what the optimiser learns from it is rounding, and two runs of PyTorch itself
    in two memory layouts part by several percent. In a larger unit the first step is a visible one, and the same
    algorithm can be followed closely.
    """
    canvas = (canvas / unit).requires_grad_()
    optimizer = torch.optim.LBFGS([canvas])
    losses = []

    def closure():
        optimizer.zero_grad()
        loss = sum(objective(canvas * unit))
        loss.backward()
        losses.append(number(loss))
        return loss

    while len(losses) < EVALUATIONS:
        optimizer.step(closure)
    return losses[:EVALUATIONS]


def main():
    torch.set_num_threads(2)
    content, style, canvas = pictures()
    vgg = Vgg19(torch.float64)
    activations = vgg(canvas, "max")
    golden = {
        "made_with": f"PyTorch {torch.__version__.split('+')[0]}, CPU",
        "activations": {tap: summary(activations[tap]) for tap in TAPS},
        "grams": {tap: summary(gram(activations[tap])) for tap in STYLE_LAYERS},
        "max": evaluation(Objective(vgg, "max", content, style), canvas),
        "avg": evaluation(Objective(vgg, "avg", content, style), canvas),
        "tv": smoothness(canvas),
        "lbfgs": {str(unit): trace(Objective(vgg, "max", content, style), content, unit) for unit in UNITS},
    }
    # One line for each summary: readable, and a difference shows where it is.
    lines = ",\n".join(f'  {json.dumps(key)}: {block(value)}' for key, value in golden.items())
    (HERE / "golden.json").write_text(f"{{\n{lines}\n}}\n")


def block(value):
    if not isinstance(value, dict) or "samples" in value:
        return json.dumps(value)
    inner = ",\n".join(f"    {json.dumps(key)}: {json.dumps(item)}" for key, item in value.items())
    return f"{{\n{inner}\n  }}"


if __name__ == "__main__":
    main()
