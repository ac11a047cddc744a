#!/usr/bin/env python3
"""Times other implementations of the same painting, so that ours can be compared with them by ratio.

    python3 compare.py --size 512                          one iteration of each peer: seconds and memory
    python3 compare.py --size 512 --peers lbfgs --evaluations 200
                                                           the loss that torch.optim.LBFGS reaches, and when
    python3 compare.py --size 512 --peers pastiche --evaluations 200

Peers: `pastiche` (its own class and optimiser loop), `torch` (loss and gradient in PyTorch's default layout),
`torch-channels-last` (the same in its faster layout) and `lbfgs` (`torch.optim.LBFGS([canvas])` with its default
settings, as in Gatys' notebook, in the faster layout). Each runs in a process of its own, so that its peak memory is
its own.

All peers read the same 8-bit PNG files, already at the size at which they are painted, so that no resampling differs;
they are kept under --inputs for other programs to read. Losses are those of the notebook (pastiche's, which are a
hundredth of them, are multiplied by 100).
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PEERS = ["pastiche", "torch", "torch-channels-last", "lbfgs"]
# Losses are printed at these evaluations; the JSON has all of them.
MILESTONES = [1, 20, 50, 100, 200, 500]
# pastiche's content and style weights are the notebook's times this.
PASTICHE_SCALE = 0.01


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--content", type=Path, default=ROOT / "assets/photos/neuschwanstein-castle.jpg")
    parser.add_argument("--style", type=Path, default=ROOT / "assets/styles/starry-night.jpg")
    parser.add_argument("--size", type=int, default=512, help="long side of both pictures in pixels (default: 512)")
    parser.add_argument("--square", action="store_true", help="crop both pictures to squares")
    parser.add_argument("--evaluations", type=int, default=5, help="evaluations of the loss per peer (default: 5)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of PyTorch (default: all cores)")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=PEERS[:3], help="default: all but lbfgs")
    parser.add_argument("--pentimento", type=Path, help="this program, to be compared with the peers")
    parser.add_argument("--avx2", action="store_true", help="AVX2 at most for everybody, as on a machine without AVX-512")
    parser.add_argument("--rounds", type=int, default=1, help="times that everybody takes a turn (default: 1)")
    parser.add_argument("--inputs", type=Path, help="folder for content.png and style.png (default: a temporary one)")
    parser.add_argument("--json", type=Path, help="write all numbers to this file")
    parser.add_argument("--run", choices=PEERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.avx2:
        # oneDNN's convolutions, PyTorch's own loops, and the products of MKL; every peer's process inherits them.
        os.environ.update(ONEDNN_MAX_CPU_ISA="AVX2", ATEN_CPU_CAPABILITY="avx2", MKL_ENABLE_INSTRUCTIONS="AVX2")
    if options.run:
        print(json.dumps(run(options.run, options)))
        return

    with tempfile.TemporaryDirectory() as temporary:
        inputs = options.inputs or Path(temporary)
        inputs.mkdir(parents=True, exist_ok=True)
        sizes = [prepare(getattr(options, name), inputs / f"{name}.png", options) for name in ("content", "style")]
        command = [sys.executable, __file__, "--content", inputs / "content.png", "--style", inputs / "style.png"]
        command += ["--evaluations", str(options.evaluations), "--threads", str(options.threads)]
        runners = {peer: lambda peer=peer: run_apart([*command, "--run", peer]) for peer in options.peers}
        if options.pentimento:
            runners["pentimento"] = lambda: pentimento(options, inputs)
        rounds = {name: [] for name in runners}
        # In turns, so that a busy spell of the machine does not fall on one alone.
        for _ in range(options.rounds):
            for name, runner in runners.items():
                print(f"{name} …", file=sys.stderr, flush=True)
                rounds[name].append(runner())
        results = {name: best_of(runs) for name, runs in rounds.items()}
    report = {"content": sizes[0], "style": sizes[1], "threads": options.threads, "avx2": options.avx2, "peers": results}
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    print_table(report)


def run_apart(command):
    """One peer, in a process of its own."""
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output.splitlines()[-1])


def best_of(runs):
    """The run with the median pace, with the paces of all."""
    runs = sorted(runs, key=lambda run: run["median_secs"])
    return {**runs[len(runs) // 2], "all_median_secs": [run["median_secs"] for run in runs]}


def pentimento(options, inputs):
    """This program, painting the same pictures by the same loss: whole iterations of its own L-BFGS."""
    trace = inputs / "trace.jsonl"
    size = max(*report_size(inputs / "content.png"), *report_size(inputs / "style.png"))
    command = [options.pentimento, "render", "--preset", "gatys", "--size", str(size), "--quiet"]
    command += ["--content", inputs / "content.png", "--style", inputs / "style.png", "--output", inputs / "painting.png"]
    command += ["--iterations", str(options.evaluations), "--threads", str(options.threads), "--trace", trace]
    command += ["--instruction-set", "avx2"] if options.avx2 else []
    process = subprocess.Popen([str(word) for word in command])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{options.pentimento} failed")
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    seconds = [line["seconds"] for line in lines]
    version = subprocess.run([options.pentimento, "--version"], stdout=subprocess.PIPE, text=True).stdout.split()[-1]
    return {
        "version": version,
        "median_secs": statistics.median(b - a for a, b in zip(seconds, seconds[1:])),
        "peak_memory_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        "losses": [line["loss"] for line in lines],
        "seconds": seconds,
    }


def report_size(path):
    from PIL import Image

    return Image.open(path).size


def prepare(source, target, options):
    """Writes `source` at the size of the comparison, without loss; gives (width, height)."""
    from PIL import Image, ImageOps

    picture = ImageOps.exif_transpose(Image.open(source)).convert("RGB")
    box = (options.size, options.size)
    fit = ImageOps.fit if options.square else ImageOps.contain
    picture = fit(picture, box, Image.Resampling.LANCZOS)
    picture.save(target)
    return picture.size


def run(peer, options):
    """Runs one peer in this process."""
    import torch

    torch.set_num_threads(options.threads)
    work = pastiche(options) if peer == "pastiche" else pytorch(peer, options)
    losses, seconds = [], []
    start = time.perf_counter()
    for loss in work:
        seconds.append(time.perf_counter() - start)
        losses.append(loss)
    steps = [after - before for before, after in zip([0.0, *seconds], seconds)]
    # The first one also prepares kernels and memory.
    median = statistics.median(steps[1:] or steps)
    return {
        "version": version(peer),
        "median_secs": median,
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        "losses": losses,
        "seconds": seconds,
    }


def version(peer):
    from importlib.metadata import version

    return f"PyTorch {version('torch')}" + (f", pastiche {version('pastiche')}" if peer == "pastiche" else "")


def pastiche(options):
    """Yields the loss before each of pastiche's own iterations, each of which evaluates it once."""
    from PIL import Image
    from pastiche.pastiche import PasticheArtist

    height_width = {name: Image.open(getattr(options, name)).size[::-1] for name in ("content", "style")}
    artist = PasticheArtist(
        str(options.content),
        [str(options.style)],
        device="cpu",
        size=height_width["content"],
        style_size=height_width["style"],
    )
    for _ in range(options.evaluations):
        artist.draw()
        yield artist.loss / PASTICHE_SCALE


def pytorch(peer, options):
    """Yields the loss of each evaluation of loss and gradient; the canvas moves only under `lbfgs`."""
    import torch
    from PIL import Image

    # One description of the method in PyTorch is enough: the one that wrote the numbers of the tests.
    sys.path.insert(0, str(ROOT / "tests/golden"))
    from make_golden import Objective, Vgg19, pixels

    layout = torch.contiguous_format if peer == "torch" else torch.channels_last
    content, style = (pixels(Image.open(path).convert("RGB")).float() for path in (options.content, options.style))
    objective = Objective(Vgg19(torch.float32, layout), "max", content, style)
    canvas = content.clone().requires_grad_()

    def evaluate():
        canvas.grad = None
        loss = sum(objective(canvas))
        loss.backward()
        return loss

    if peer != "lbfgs":
        for _ in range(options.evaluations):
            yield evaluate().item()
        return
    # One evaluation a step instead of twenty changes nothing but lets us see each of them.
    optimizer = torch.optim.LBFGS([canvas], max_iter=1)
    for _ in range(options.evaluations):
        yield optimizer.step(evaluate).item()


def print_table(report):
    content, style = (" x ".join(map(str, report[name])) for name in ("content", "style"))
    print(f"Content {content}, style {style}, {report['threads']} threads{', AVX2 at most' if report['avx2'] else ''}.\n")
    print("| program | version | seconds per iteration (median) | Pentimento's share | peak memory, MB | its share | loss at evaluation: after seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    ours = report["peers"].get("pentimento")
    for name, peer in report["peers"].items():
        reached = [n for n in MILESTONES if n <= len(peer["losses"])]
        losses = "; ".join(f"{n}: {peer['losses'][n - 1]:.6g} after {peer['seconds'][n - 1]:.1f} s" for n in reached)
        memory = peer["peak_memory_bytes"] / 1e6
        time_share = f"{ours['median_secs'] / peer['median_secs']:.2f}" if ours else ""
        memory_share = f"{ours['peak_memory_bytes'] / peer['peak_memory_bytes']:.2f}" if ours else ""
        print(f"| {name} | {peer['version']} | {peer['median_secs']:.3f} | {time_share} | {memory:.0f} | {memory_share} | {losses} |")


if __name__ == "__main__":
    main()
