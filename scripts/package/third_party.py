#!/usr/bin/env python3
"""Whose crates are in the program, and under which licences: printed for the package of one target.

    scripts/package/third_party.py x86_64-unknown-linux-gnu > THIRD-PARTY.txt
"""

import json
import pathlib
import re
import subprocess
import sys

LICENCE_FILE = re.compile(r"(licen[cs]e|copying|notice|unlicense|ofl|ufl)", re.IGNORECASE)
BINARY = {".ttf", ".rs", ".toml", ".py", ".png"}


def crates(target):
    """Every package that the program is linked from, by name; not what only builds or tests it."""
    command = ["cargo", "metadata", "--format-version", "1", "--filter-platform", target]
    metadata = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    seen, waiting = {root}, [root]
    while waiting:
        for dependency in nodes[waiting.pop()]["deps"]:
            is_linked = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if is_linked and dependency["pkg"] not in seen:
                seen.add(dependency["pkg"])
                waiting.append(dependency["pkg"])
    return sorted((packages[key] for key in seen - {root}), key=lambda package: (package["name"], package["version"]))


def texts(package):
    """What its folder holds of licences, fonts' included."""
    folder = pathlib.Path(package["manifest_path"]).parent
    for path in sorted(folder.rglob("*")):
        is_near = len(path.relative_to(folder).parts) <= 2 and path.suffix not in BINARY
        in_fonts = path.parent.name == "fonts" and path.suffix == ".txt"
        if path.is_file() and is_near and (LICENCE_FILE.search(path.name) or in_fonts):
            yield path.read_text(encoding="utf-8", errors="replace").strip()


def main():
    target = sys.argv[1]
    known = {}
    print("Pentimento is built from these crates, each under the licence that its authors name:\n")
    for package in crates(target):
        name = f"{package['name']} {package['version']}"
        terms = package["license"] or "see its licence file"
        authors = ", ".join(re.sub(r" *<.*?>", "", author) for author in package["authors"])
        print(f"* {name}: {terms}", f"by {authors}" if authors else "", package["repository"] or "")
        for text in texts(package):
            known.setdefault(text, []).append(name)
    print("\nThe licences as these crates carry them:")
    for text, names in known.items():
        print("\n" + "=" * 100 + "\n" + ", ".join(dict.fromkeys(names)) + "\n" + "-" * 100 + "\n\n" + text)


if __name__ == "__main__":
    main()
