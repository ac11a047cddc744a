#!/usr/bin/env python3
"""Everything about the CUDA device that needs one, in a single run; see scripts/gpu-check.sh, which starts it.

Needs nothing but Python; with PyTorch beside it the peers take part. Writes gpu-check.json and gpu-check.md into --out and
prints the latter. Every step has a time limit, and what there is no time left for is named as left out.

    gpu.py --pentimento PROGRAM --out FOLDER [--device cuda] [--sizes 512,1024,2048] [--minutes 8.5]

Peers paint the same loss (Gram matrices of relu1_1 to relu5_1, content of relu4_2, VGG-19) on pictures of the same size.
Their weights are random: times do not depend on them, and such machines reach no network.
"""

import argparse
import json
import os
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from pathlib import Path

OPTIMIZERS = ["lbfgs", "adam"]
PEERS = {"eager f32": "f32", "eager TF32": "tf32", "channels-last half, compiled": "half"}
BEGUN = time.monotonic()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pentimento", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--sizes", default="512,1024,2048")
    parser.add_argument("--check-size", type=int, default=251, help="an odd one, which nothing divides")
    parser.add_argument("--largest", type=int, default=4096, help="long side of the painting whose memory is measured")
    parser.add_argument("--minutes", type=float, default=8.5)
    parser.add_argument("--peer", nargs=3, metavar=("MODE", "SIZE", "SECONDS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        mode, size, seconds = options.peer
        print(json.dumps(peer(mode, int(size), options.device, float(seconds))))
        return
    options.out.mkdir(parents=True, exist_ok=True)
    check = Check(options)
    try:
        check.run()
    finally:
        check.write()
    if check.failed:
        sys.exit("gpu-check: " + "; ".join(check.failed))


class Check:
    def __init__(self, options):
        self.options = options
        self.sizes = [int(size) for size in options.sizes.split(",")]
        self.end = BEGUN + 60 * options.minutes
        self.report = {"timings": [], "correctness": {}, "left_out": []}
        self.failed = []

    def left(self):
        return self.end - time.monotonic()

    def command(self, name, *words, limit):
        """What a command prints, and the seconds it took; None where it took too long, which is noted by its name."""
        limit = min(limit, self.left())
        if limit < 5:
            self.report["left_out"].append(f"{name}: no time was left")
            return None
        before = time.monotonic()
        try:
            done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=limit)
        except subprocess.TimeoutExpired:
            self.report["left_out"].append(f"{name}: not done in {limit:.0f} s")
            return None
        return done, time.monotonic() - before

    def pentimento(self, *words, limit=90):
        # Without the files.
        name = " ".join(str(word) for word in words if not isinstance(word, Path))
        return self.command(name, self.options.pentimento, *words, limit=limit)

    def run(self):
        # One sentence, and nothing else, where there is no card.
        info = self.pentimento("check-device", "--device", self.options.device, "--size", 32, "--evaluations", 1)
        if info is None or (info[0].returncode != 0 and not info[0].stdout):
            words = info[0].stderr.strip().splitlines() if info else ["the program does not end"]
            self.failed.append(words[-1] if words else f"the program ended with {info[0].returncode}")
            return
        self.report["info"] = json.loads(self.pentimento("info", "--json")[0].stdout)
        self.report["card"] = card()
        self.correctness("full", "full", 50, limit=90)
        self.correctness("fast", "fast", 50, limit=90)
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            for size in self.sizes:
                picture(folder / f"content-{size}.png", size, 1)
                picture(folder / f"style-{size}.png", size, 2)
            # The most important first, and everybody at one size before the next.
            for size in self.sizes:
                for precision in ["fast", "full"] if size == self.sizes[0] else ["fast"]:
                    for optimizer in OPTIMIZERS:
                        self.ours(folder, size, optimizer, precision)
                for name, mode in PEERS.items():
                    self.theirs(name, mode, size)
                if size == self.sizes[0]:
                    self.painting(folder)
                    self.largest(folder)
        # The processor takes long for these, so they come last.
        if self.left() > 30:
            self.correctness("fast, long", "fast", 200, limit=self.left() - 10)

    def correctness(self, name, precision, evaluations, limit):
        words = ["--device", self.options.device, "--precision", precision, "--evaluations", evaluations]
        result = self.pentimento("check-device", *words, "--size", self.options.check_size, limit=limit)
        if result is None:
            self.failed.append(f"{name}: not compared")
            return
        done, _ = result
        self.report["correctness"][name] = json.loads(done.stdout) if done.stdout else None
        if done.returncode:
            self.failed.append(done.stderr.strip())

    def render(self, folder, *words, limit, precision="fast"):
        """Seconds of each evaluation, of the whole, and the card's memory in use beyond what was before."""
        trace = folder / "trace.jsonl"
        trace.unlink(missing_ok=True)
        words = ["--device", self.options.device, "--precision", precision, *words, "--quiet"]
        with Memory() as memory:
            result = self.pentimento("render", *words, "--trace", trace, "--output", folder / "p.png", limit=limit)
        if result is None:
            return None
        done, seconds = result
        if done.returncode:
            self.failed.append(done.stderr.strip())
            return None
        lines = [json.loads(line) for line in trace.read_text().splitlines()]
        return {"evaluations": [line["seconds"] for line in lines], "seconds": seconds, "memory_gb": memory.most_gb()}

    def ours(self, folder, size, optimizer, precision):
        iterations = 80 if size <= 1024 else 40
        words = ["--preset", "gatys", "--scales", "single", "--size", size, "--optimizer", optimizer]
        words += ["--content", folder / f"content-{size}.png", "--style", folder / f"style-{size}.png"]
        found = self.render(folder, *words, "--iterations", iterations, precision=precision, limit=60)
        if found is None:
            return
        # The first third warms up: algorithms are chosen, kernels finished, memory taken.
        steps = [after - before for before, after in zip(found["evaluations"], found["evaluations"][1:])]
        steps = steps[len(steps) // 3 :]
        name = f"pentimento, {precision}"
        self.timing(name, size, optimizer, statistics.median(steps), found["memory_gb"], spread(steps))

    def theirs(self, name, mode, size):
        # Compiling takes a minute for every size.
        limit = min(100 if mode == "half" else 45, self.left() - 20)
        words = [sys.executable, __file__, "--pentimento", "-", "--out", self.options.out, "--device", self.options.device]
        result = self.command(f"PyTorch, {name}, {size}", *words, "--peer", mode, size, max(limit - 15, 5), limit=limit)
        if result is None:
            return
        done, _ = result
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            self.report["left_out"].append(f"PyTorch {name} at {size}: {lines[-1] if lines else 'failed'}")
            return
        found = json.loads(done.stdout.splitlines()[-1])
        self.report["pytorch"] = found["version"]
        for optimizer, timing in found["optimizers"].items():
            self.timing(f"PyTorch, {name}", size, optimizer, timing["seconds"], timing["memory_gb"], timing["spread"])

    def timing(self, name, size, optimizer, seconds, memory_gb, spread):
        row = {"name": name, "size": size, "optimizer": optimizer, "seconds": seconds, "memory_gb": memory_gb, "spread": spread}
        self.report["timings"].append(row)
        print(f"{name}, {size}, {optimizer}: {1e3 * seconds:.2f} ms", file=sys.stderr, flush=True)

    def painting(self, folder):
        """A whole painting of the default preset, from the start of the program to its file."""
        found = self.render(folder, "--size", self.sizes[0], limit=60)
        if found:
            self.report["painting"] = {"size": self.sizes[0], "seconds": found["seconds"]}
            self.report["painting"]["evaluations"] = len(found["evaluations"])
            self.report["painting"]["seconds_of_evaluations"] = found["evaluations"][-1]

    def largest(self, folder):
        size = self.options.largest
        found = self.render(folder, "--preset", "gatys", "--scales", "single", "--size", size, "--iterations", 3, limit=60)
        if found:
            self.report["largest"] = {"size": size, "memory_gb": found["memory_gb"], "seconds": found["seconds"]}

    def write(self):
        self.report["failed"] = self.failed
        self.report["minutes"] = (time.monotonic() - BEGUN) / 60
        (self.options.out / "gpu-check.json").write_text(json.dumps(self.report, indent=1) + "\n")
        text = "\n".join(table(self.report)) + "\n"
        (self.options.out / "gpu-check.md").write_text(text)
        print(text, flush=True)


def spread(steps):
    """The quartiles, in seconds."""
    return [round(value, 6) for value in statistics.quantiles(steps, n=4)[::2]] if len(steps) > 1 else steps


def table(report):
    """The report for people."""
    yield f"# Device check, {time.strftime('%Y-%m-%d %H:%M')}"
    yield ""
    for key in ("card", "pytorch"):
        if key in report:
            yield f"{key}: {report[key]}"
    yield f"took {report['minutes']:.1f} minutes"
    for name in ("failed", "left_out"):
        for line in report[name]:
            yield f"* **{name.replace('_', ' ')}**: {line}"
    for precision, found in report["correctness"].items():
        if not found:
            continue
        yield ""
        yield f"## {precision}: {found['device']} held to {found['reference']}, {found['width']} x {found['height']}"
        yield ""
        # JSON has no word for what is not a number, which is the worst.
        worst = max(found["features"], key=lambda feature: float("inf") if feature[1] is None else feature[1])
        yield f"features: at the most {number(worst[1])}, at {worst[0]}"
        yield ""
        yield "| evaluation | loss | gradient |"
        yield "| --- | --- | --- |"
        for row in found["evaluations"]:
            yield f"| {row['what']} | {number(row['loss'])} | {number(row['gradient'])} |"
        yield ""
        yield "| painting | evaluation | loss | reference | distance |"
        yield "| --- | --- | --- | --- | --- |"
        for row in found["trace"]:
            numbers = " | ".join(number(row[key], ".5g") for key in ("loss", "reference", "distance"))
            yield f"| {row['optimizer']} | {row['evaluation']} | {numbers} |"
    if report["timings"]:
        yield ""
        yield "## Milliseconds for each iteration (medians), and memory"
        yield ""
        yield "| | size | optimiser | ms | quartiles | GB | / best peer |"
        yield "| --- | --- | --- | --- | --- | --- | --- |"
        for row in report["timings"]:
            peers = [
                other["seconds"]
                for other in report["timings"]
                if other["name"].startswith("PyTorch")
                and (other["size"], other["optimizer"]) == (row["size"], row["optimizer"])
            ]
            ratio = f"{row['seconds'] / min(peers):.2f}" if peers else ""
            quartiles = " to ".join(f"{1e3 * value:.2f}" for value in row["spread"])
            memory = "" if row["memory_gb"] is None else f"{row['memory_gb']:.2f}"
            cells = [row["name"], row["size"], row["optimizer"], f"{1e3 * row['seconds']:.2f}", quartiles, memory, ratio]
            yield "| " + " | ".join(str(cell) for cell in cells) + " |"
    if "painting" in report:
        found = report["painting"]
        yield ""
        yield (
            f"Default preset, {found['size']} px: {found['seconds']:.2f} s from the start of the program to the file, "
            f"{found['seconds_of_evaluations']:.2f} s for {found['evaluations']} evaluations"
        )
    if "largest" in report:
        found = report["largest"]
        memory = "unknown" if found["memory_gb"] is None else f"{found['memory_gb']:.1f} GB"
        yield f"{found['size']} px on the long side, L-BFGS: {memory} of the card's memory"


def number(value, form=".1e"):
    return "not a number" if value is None else format(value, form)


class Memory:
    """Watches the card's memory in use, by nvidia-smi, five times a second."""

    def __enter__(self):
        self.before, self.most = used_mb(), None
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self):
        while self.before is not None and not self.stop.wait(0.2):
            self.most = max(filter(None, [used_mb(), self.most]), default=None)

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def most_gb(self):
        """In units of 10^9 bytes, beyond what was in use before."""
        return None if self.most is None else max(self.most - self.before, 0) * 2**20 / 1e9


def query(*fields):
    words = ["nvidia-smi", "--id=0", f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"]
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def used_mb():
    answer = query("memory.used")
    return int(answer) if answer and answer.isdigit() else None


def card():
    return query("name", "driver_version", "memory.total", "power.limit", "clocks.max.sm")


def picture(path, size, seed):
    """A square picture with structure at several scales, as PNG."""
    randoms = random.Random(seed)
    waves = [(randoms.uniform(0.01, 0.5), randoms.uniform(0.01, 0.5), randoms.randrange(3)) for _ in range(6)]
    # Triangles: quick to make without any library.
    rows = []
    for y in range(size):
        row = bytearray(b"\0")
        for x in range(size):
            pixel = [60, 60, 60]
            for across, down, channel in waves:
                pixel[channel] += int(32 * abs((x * across + y * down) % 2 - 1))
            row += bytes(pixel)
        rows.append(bytes(row))
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"".join(rows), 1)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)


def peer(mode, size, device, seconds):
    """One peer at one size, under both optimisers."""
    import torch
    import torch.nn.functional as F

    deadline = time.monotonic() + seconds
    on_card = device.startswith("cuda")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = mode == "tf32"
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(0)
    dtype = torch.half if mode == "half" else torch.float
    layout = torch.channels_last if mode == "half" else torch.contiguous_format
    blocks, channels = [(64, 2), (128, 2), (256, 4), (512, 4), (512, 1)], 3
    layers = []
    for block, (outputs, count) in enumerate(blocks):
        for index in range(count):
            weight = torch.randn(outputs, channels, 3, 3) * (2 / (9 * channels)) ** 0.5
            weight = weight.to(device, dtype).contiguous(memory_format=layout)
            bias = torch.zeros(outputs, device=device, dtype=dtype)
            layers.append((block > 0 and index == 0, weight, bias, index == 0, (block, index) == (3, 1)))
            channels = outputs

    def features(canvas):
        x, style, content = canvas.to(dtype).contiguous(memory_format=layout), [], None
        for pools, weight, bias, is_style, is_content in layers:
            if pools:
                x = F.max_pool2d(x, 2)
            x = F.relu(F.conv2d(x, weight, bias, padding=1))
            if is_style:
                # Sums of half precision overflow; the mean is taken first, as somebody would who wants speed.
                flat = x.flatten(2)[0]
                style.append((flat @ (flat / flat.shape[1]).T).float())
            if is_content:
                content = x
        return style, content

    def loss_of(canvas, styles, photo):
        grams, content = features(canvas)
        loss = sum(((gram - target) ** 2).mean() for gram, target in zip(grams, styles))
        return loss + ((content.float() - photo) ** 2).mean()

    compute = torch.compile(loss_of, dynamic=False) if mode == "half" else loss_of
    synchronise = torch.cuda.synchronize if on_card else lambda: None
    with torch.no_grad():
        styles = features(torch.randn(1, 3, size, size, device=device))[0]
        photo = features(torch.randn(1, 3, size, size, device=device))[1].float()

    result = {"version": f"PyTorch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}", "optimizers": {}}
    for name in OPTIMIZERS:
        canvas = torch.randn(1, 3, size, size, device=device).requires_grad_()
        if name == "lbfgs":
            # As many pairs as ours keeps, and one evaluation a step.
            optimizer = torch.optim.LBFGS([canvas], max_iter=1, history_size=12, tolerance_grad=0, tolerance_change=0)
        else:
            optimizer = torch.optim.Adam([canvas], lr=1e-3, fused=on_card)

        def closure():
            optimizer.zero_grad(set_to_none=True)
            loss = compute(canvas, styles, photo)
            loss.backward()
            return loss

        if on_card:
            torch.cuda.reset_peak_memory_stats()
        steps = []
        # Beyond as many as fill the memory of L-BFGS.
        for step in range(60):
            synchronise()
            before = time.perf_counter()
            optimizer.step(closure)
            synchronise()
            if step >= 20:
                steps.append(time.perf_counter() - before)
            if time.monotonic() > deadline and len(steps) >= 5:
                break
        memory = torch.cuda.max_memory_reserved() / 1e9 if on_card else None
        result["optimizers"][name] = {"seconds": statistics.median(steps), "memory_gb": memory, "spread": spread(steps)}
    return result


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
