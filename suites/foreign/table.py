"""The foreign programs: where they come from, and what they are asked to do."""

from __future__ import annotations

import dataclasses
import json
from typing import Callable


@dataclasses.dataclass(frozen=True)
class Package:
    """One build, as the npm registry has it."""

    name: str
    version: str
    integrity: str  # sha512 of the archive, base64, as the registry and lock files spell it
    program: str  # in the archive


@dataclasses.dataclass(frozen=True)
class Job:
    """One thing that a program does. It starts in a folder with `files`; what it leaves there is part of its result."""

    name: str
    command: tuple[str, ...]
    files: dict[str, str] = dataclasses.field(default_factory=dict)
    given: bytes = b""  # standard input
    ends: int = 0  # its exit status
    # What of standard output has to be the same; without it, all of it, byte for byte.
    relevant: Callable[[bytes], bytes] = lambda out: out


@dataclasses.dataclass(frozen=True)
class Program:
    """The same program, built for other systems and for here."""

    name: str
    foreign: dict[str, Package]  # by the system's name, without its release
    native: Package
    jobs: tuple[Job, ...]


def _sorted_json(out: bytes) -> bytes:
    """JSON with its lists in order: turbo goes through hash tables, whose order is chance in each run."""

    def order(value: object) -> object:
        if isinstance(value, dict):
            return {key: order(each) for key, each in value.items()}
        if isinstance(value, list):
            return sorted((order(each) for each in value), key=json.dumps)
        return value

    return json.dumps(order(json.loads(out)), indent=1, sort_keys=True).encode()


def _sorted_lines(out: bytes) -> bytes:
    """Lines in order, for the same reason."""
    return b"\n".join(sorted(out.splitlines()))


def _project() -> dict[str, str]:
    """A small program in TypeScript and JSX, in several folders, with a style sheet and data."""
    files = {
        "tsconfig.json": '{"compilerOptions": {"target": "es2020", "jsx": "react", "jsxFactory": "h"}}\n',
        "src/main.tsx": (
            'import { Shapes } from "./shapes";\n'
            'import { h, render } from "./render";\n'
            'import data from "./data.json";\n'
            'import "./page.css";\n'
            "enum Colour { Red, Green = 5, Blue }\n"
            "const total: number = Shapes.all(data.sizes).reduce((sum, each) => sum + each.area(), 0);\n"
            "render(<p title={Colour[Colour.Green]}>{total ?? 0} ☃</p>);\n"
            'export const later = () => import("./later");\n'
        ),
        "src/render.ts": (
            "export interface Node { tag: string; children: unknown[] }\n"
            "export const h = (tag: string, props: object | null, ...children: unknown[]): Node =>\n"
            "  ({ ...props, tag, children });\n"
            "export function render(node: Node): void { console.log(JSON.stringify(node)); }\n"
            "export function unused(): never { throw new Error('never kept'); }\n"
        ),
        "src/later.ts": "export class Later { static #count = 0; next = () => ++Later.#count; }\n",
        "src/data.json": '{"sizes": [1, 2.5, 40], "unused": {"deep": [null, true]}}\n',
        "src/page.css": "@media print { p { color: #ff0000; margin: 0px 0px 0px 0px } }\np > b { color: red }\n",
        "src/shapes/index.ts": 'export * as Shapes from "./all";\n',
        "src/shapes/all.ts": "",
    }
    names = [f"shape{number}" for number in range(60)]
    for number, name in enumerate(names):
        files[f"src/shapes/{name}.ts"] = (
            f"import type {{ Shape }} from './all';\n"
            f"export class S{number} implements Shape {{\n"
            f"  constructor(private readonly side: number) {{}}\n"
            f"  area(): number {{ return this.side ** 2 * {number}; }}\n"
            "}\n"
        )
    files["src/shapes/all.ts"] = (
        "export interface Shape { area(): number }\n"
        + "".join(f"import {{ S{number} }} from './{name}';\n" for number, name in enumerate(names))
        + "const kinds = ["
        + ", ".join(f"S{number}" for number in range(len(names)))
        + "];\n"
        + "export const all = (sizes: number[]): Shape[] => sizes.flatMap(s => kinds.map(k => new k(s)));\n"
    )
    return files


def _workspace() -> dict[str, str]:
    """A repository of several packages that need each other."""
    needs: dict[str, list[str]] = {
        "core": [],
        "text": ["core"],
        "page": ["core", "text"],
        "site": ["page"],
        "tool": ["core"],
    }
    files = {
        "package.json": json.dumps(
            {
                "name": "all",
                "private": True,
                "version": "1.0.0",
                "workspaces": ["packages/*"],
                "packageManager": "yarn@1.22.19",
            }
        ),
        "turbo.json": json.dumps(
            {"pipeline": {"build": {"dependsOn": ["^build"], "outputs": ["out/**"]}, "test": {}}}
        ),
        "yarn.lock": "# yarn lockfile v1\n",
    }
    for name, others in needs.items():
        files[f"packages/{name}/package.json"] = json.dumps(
            {
                "name": name,
                "version": "1.0.0",
                "scripts": {"build": f"make {name}"},
                "dependencies": {other: "*" for other in others},
            }
        )
        for number in range(5):
            files[f"packages/{name}/src/{number}/{name}.ts"] = f"export const {name} = {number};\n" * (
                number + 1
            )
    return files


_ESBUILD_JOBS = (
    Job("version", ("--version",)),
    Job(
        "bundle",
        (
            "src/main.tsx",
            "--bundle",
            "--minify",
            "--splitting",
            "--format=esm",
            "--sourcemap",
            "--metafile=out/meta.json",
            "--outdir=out",
            "--log-level=warning",
        ),
        files=_project(),
    ),
    Job(
        "filter",
        ("--loader=ts", "--target=es2016"),
        given=b"export const f = async (x?: { a: number }) => x?.a ?? (await 5 as any)\n",
    ),
    Job(
        "complain",
        ("wrong.ts", "--bundle", "--outfile=out.js", "--color=false"),
        files={"wrong.ts": 'import "./none";\nlet = ;\n'},
        ends=1,
    ),
)

_ESBUILD = Program(
    name="esbuild",
    foreign={
        "freebsd": Package(
            "@esbuild/freebsd-x64",
            "0.28.2",
            "sha512-78XJTJkvPs0kz2w61301PJjXl4g7q3JqiYMZ/M/yVI73EHBrCRTgkhu9oqG7vPqq+a/yadEW8aD+agKlk5xrmg==",
            "package/bin/esbuild",
        ),
        "netbsd": Package(
            "@esbuild/netbsd-x64",
            "0.28.2",
            "sha512-lqnzCV+mM0gIADaKihiCg6ifgfU2L3h5E33rNQBN1Y4MaVGnzryzmvvf7UHxprpQdE8hpqLolJ9Rl+SkIRDpyw==",
            "package/bin/esbuild",
        ),
    },
    native=Package(
        "@esbuild/linux-x64",
        "0.28.2",
        "sha512-4xTZr1FUmSoQW4XIWmit3tzQrUTZM+N3P0XV8xROKYF50XfI7xeO90+1bZvNwxIufQ9hDQVRJH5YhgPVF8A/HQ==",
        "package/bin/esbuild",
    ),
    jobs=_ESBUILD_JOBS,
)

# One of 2022: the runtime of an older Go makes other calls.
_OLD_ESBUILD = Program(
    name="old-esbuild",
    foreign={
        "netbsd": Package(
            "esbuild-netbsd-64",
            "0.15.18",
            "sha512-98ukeCdvdX7wr1vUYQzKo4kQ0N2p27H7I11maINv73fVEXt2kyh4K4m9f35U1K43Xc2QGXlzAw0K9yoU7JUjOg==",
            "package/bin/esbuild",
        ),
    },
    native=Package(
        "esbuild-linux-64",
        "0.15.18",
        "sha512-hNSeP97IviD7oxLKFuii5sDPJ+QHeiFTFLoLm7NZQligur8poNOWGIgpQ7Qf8Balb69hptMZzyOBIPtY09GZYw==",
        "package/bin/esbuild",
    ),
    jobs=_ESBUILD_JOBS,
)

_TURBO = Program(
    name="turbo",
    foreign={
        "freebsd": Package(
            "turbo-freebsd-64",
            "1.4.7",
            "sha512-T5/osfbCh0rL53MFS5byFFfsR3vPMHIKIJ4fMMCNkoHsmFj2R0Pv53nqhEItogt0FJwCDHPyt7oBqO83H/AWQQ==",
            "turbo-freebsd-64/bin/turbo",
        ),
    },
    native=Package(
        "turbo-linux-64",
        "1.4.7",
        "sha512-F6IM23zgTYo9gYJaNp17gVvQBt0hMIvz52OF91DpPYSLpV2h9OSlzPJ3j5TGaWueS/bc/YCV23+VojXX/MauGQ==",
        "turbo-linux-64/bin/turbo",
    ),
    jobs=(
        Job("version", ("--version",)),
        # Copies a package and what it needs.
        Job(
            "prune",
            ("prune", "--scope=page", "--out-dir=pruned"),
            files=_workspace(),
            relevant=_sorted_lines,
        ),
        # Hashes every file of every package.
        Job("plan", ("run", "build", "--dry=json"), files=_workspace(), relevant=_sorted_json),
    ),
)

_LEFTHOOK = Program(
    name="lefthook",
    foreign={
        "freebsd": Package(
            "lefthook-freebsd-x64",
            "2.2.2",
            "sha512-LkKuJU0S2oLimeoHwPTy1TLWB6GcN0t5lLxiXNlsBKUkr6R47QRcvPMZMoXmu3IetQtd+WliXMLE8qTwi2fqBg==",
            "package/bin/lefthook",
        ),
    },
    native=Package(
        "lefthook-linux-x64",
        "2.2.2",
        "sha512-N/OlQyAhcU6RAXjrwFxLsh70sn96rBoi+XkuLJ8CVBkk9Ci3VDXQayDZTNz5B1xML8RwoMcV8Wblniy1xFOmSA==",
        "package/bin/lefthook",
    ),
    jobs=(
        Job("version", ("version", "--full")),
        Job("help", ("run", "--help")),
        # What it does needs git, which is not there: it looks for it along PATH, and says so.
        Job("complain", ("dump",), files={"lefthook.yml": "pre-commit:\n  jobs:\n    - run: true\n"}, ends=1),
    ),
)

PROGRAMS = (_ESBUILD, _OLD_ESBUILD, _TURBO, _LEFTHOOK)
