"""The pytest plugin: every cell of the catalogue is a test item.

    PYTHONPATH=tools/pytest pytest -p faultline.plugin repro
    PYTHONPATH=tools/pytest pytest -p faultline.plugin repro/foreign-signal -n 2 --dist loadgroup

An item's node id is stable: repro/BUG/BUILD.bazel::VARIANT on TARGET. Its result, as it stands in
results.json, travels in the report's user_properties, so that it survives pytest-xdist's processes.
"""

from __future__ import annotations

import errno
import os
import signal
import traceback
from pathlib import Path
from typing import Any, Iterator, Mapping

import pytest

from . import cells, hooks, processes
from .catalogue import Catalogue, declares_bug, read
from .cells import Case, Cell, Plan, Selection
from .conductor import SCALES, Conductor, Settings
from .errors import STDOUT_PROBLEM, FaultlineError, MissingError
from .protocol import Event
from .results import Store, broken_cell
from .targets import Toolbox
from .views.text import explain

PROPERTY = "faultline"
FATAL = "faultline-fatal"

# Errors of the machine and not of a cell: there is no point in going on.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)


class CellFailed(Exception):
    """A cell did not do what is expected of it."""

    def __init__(self, cell: Mapping[str, Any]) -> None:
        super().__init__(cell["reason"])
        self.cell = cell


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declares the hooks of `hooks`."""
    pluginmanager.add_hookspecs(hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declares the options; `faultline run` passes its own on through them."""
    group = parser.getgroup("faultline", "Faultline: bugs between runtimes and kernels")
    add = group.addoption
    add("--faultline-root", metavar="DIR", help="the repository (default: pytest's rootdir)")
    add("--faultline-bin", metavar="DIR", help="what Bazel built (default: bazel-bin in the repository)")
    add("--faultline-out", metavar="DIR", default="faultline-out", help="results and evidence (%(default)s)")
    add("--faultline-bug", action="append", default=[], metavar="ID", help="only this bug")
    add("--faultline-target", action="append", default=[], metavar="TARGET", help="only this target")
    add("--faultline-variant", action="append", default=[], metavar="VARIANT", help="only this variant")
    add("--faultline-tag", action="append", default=[], metavar="TAG", help="only bugs with this tag")
    add("--faultline-defect", default="", metavar="NAME", help="put this defect into the default runtime")
    add("--faultline-scale", default="normal", choices=sorted(SCALES), help="how much work a verdict takes")
    add("--faultline-seed", default=1, type=int, metavar="N", help="the seed of the first run of each case")


class Campaign:
    """What the plugin knows of this session: the plan, the conductor, and in the controller the results."""

    def __init__(self, config: pytest.Config) -> None:
        option = config.getoption
        self.config = config
        self.root = Path(option("--faultline-root") or config.rootpath).absolute()
        self.catalogue: Catalogue = read(self.root)
        selection = Selection(
            bugs=tuple(option("--faultline-bug")),
            targets=tuple(option("--faultline-target")),
            variants=tuple(option("--faultline-variant")),
            tags=tuple(option("--faultline-tag")),
            defect=option("--faultline-defect"),
        )
        self.plan: Plan = cells.select(self.catalogue, selection)
        self.scale = SCALES[option("--faultline-scale")]
        self.seed: int = option("--faultline-seed")
        self.out = Path(option("--faultline-out")).absolute()
        self.fatal: FaultlineError | None = None
        settings = Settings(
            self.root,
            Toolbox(Path(option("--faultline-bin") or self.root / "bazel-bin").absolute()),
            self.out,
            self.scale,
            self.seed,
        )
        self.conductor = Conductor(settings, _Relay(config))
        self.store = Store(
            self.out,
            self.root,
            self.plan,
            {"scale": self.scale.name, "seed": self.seed, "defect": selection.defect},
        )

    def find(self, bug: str, cell_id: str) -> Cell | None:
        """The planned cell of that name."""
        return next((cell for cell in self.plan.cells if cell.bug.name == bug and cell.id == cell_id), None)


CAMPAIGN = pytest.StashKey[Campaign]()


class _Relay:
    """Passes what the conductor does on to pytest's hooks."""

    def __init__(self, config: pytest.Config) -> None:
        self._hook = config.hook

    def case_started(self, cell: Cell, case: Case, silent: bool) -> None:
        self._hook.pytest_faultline_case(cell=cell, case=case, silent=silent)

    def event(self, cell: Cell, case: Case, event: Event) -> None:
        self._hook.pytest_faultline_event(cell=cell, case=case, event=event)


def is_worker(config: pytest.Config) -> bool:
    """Whether this is one of pytest-xdist's processes."""
    return hasattr(config, "workerinput")


def pytest_configure(config: pytest.Config) -> None:
    """Reads the catalogue and makes the plan."""
    config.addinivalue_line("markers", "xdist_group(name): cells that share a preparation or a measurement")
    try:
        campaign = Campaign(config)
        campaign.out.mkdir(parents=True, exist_ok=True)
    except FaultlineError as error:
        raise pytest.UsageError(str(error)) from None
    except OSError as error:
        raise pytest.UsageError(f"cannot write to {error.filename}: {error.strerror}") from None
    config.stash[CAMPAIGN] = campaign
    for bug in campaign.catalogue.bugs:
        for mark in (*bug.tags, *bug.variants.values()):
            config.addinivalue_line("markers", f"{mark}: a tag or kind of the catalogue")
    # A worker dies with its controller (its input ends), and its jails with it.
    if not is_worker(config):
        config.pluginmanager.register(Recorder(campaign), "faultline-recorder")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Cleans up behind the targets."""
    campaign = config.stash.get(CAMPAIGN, None)
    if campaign:
        campaign.conductor.clean_up()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A BUILD.bazel that declares a bug is collected."""
    if file_path.name == "BUILD.bazel" and declares_bug(file_path):
        collector: pytest.Collector = BugFile.from_parent(parent, path=file_path)
        return collector
    return None


class BugFile(pytest.File):
    """One bug's declaration."""

    def collect(self) -> Iterator[pytest.Item]:
        """The planned cells of this bug."""
        for cell in self.config.stash[CAMPAIGN].plan.cells:
            if cell.bug.folder == self.path.parent:
                yield CellItem.from_parent(self, name=cell.id, cell=cell)


class CellItem(pytest.Item):
    """One cell."""

    def __init__(self, *, cell: Cell, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.cell = cell
        self.add_marker(cell.kind)
        for tag in cell.bug.tags:
            self.add_marker(tag)
        self.add_marker(pytest.mark.xdist_group(name=cell.group))

    def runtest(self) -> None:
        """Runs and judges the cell; raises CellFailed when its verdict is not expected."""
        try:
            result = self.config.stash[CAMPAIGN].conductor.conduct(self.cell).as_json()
        except FaultlineError as error:
            self._stop(error)
            raise
        except OSError as error:
            if error.errno not in _NO_ROOM:
                result = self._broken(error)
            else:
                stop = MissingError(f"cannot write {error.filename or 'the evidence'}: {error.strerror}")
                self._stop(stop)
                raise stop from None
        except Exception as error:
            # A fault of the driver must not pass for a verdict, nor cost the other cells theirs.
            result = self._broken(error)
        self.user_properties.append((PROPERTY, result))
        if not result["passed"]:
            raise CellFailed(result)

    def _broken(self, error: Exception) -> dict[str, Any]:
        last = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"the driver failed: {error!r} at {Path(last.filename).name}:{last.lineno}"
        return broken_cell(self.cell, reason, f"repro/{self.cell.bug.name}/README.md")

    def _stop(self, error: FaultlineError) -> None:
        self.user_properties.append((FATAL, [error.exit_code, str(error)]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The cell, the symptom, expected against got, and the line to read."""
        if isinstance(excinfo.value, CellFailed):
            return "\n".join(explain(excinfo.value.cell))
        if isinstance(excinfo.value, FaultlineError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where pytest says that the item stands."""
        return self.path, None, f"{self.cell.bug.name}: {self.cell.id}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Vulnerable first: what shows a bug calibrates the cells that must not."""
    campaign = config.stash[CAMPAIGN]
    order = {cell.key: place for place, cell in enumerate(cells.run_order(campaign.plan.cells))}
    items.sort(key=lambda item: order[item.cell.key] if isinstance(item, CellItem) else -1)


class Recorder:
    """Lives in the controller: takes in the results of all processes and keeps them on the disk."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self._session: pytest.Session | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Announces the plan."""
        self._session = session
        try:
            session.config.hook.pytest_faultline_started(store=self._campaign.store)
        except OSError as error:
            self._stop(MissingError(f"{STDOUT_PROBLEM}: {error.strerror}"))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keeps a cell's result."""
        if report.when != "call":
            # A worker that died reports in no phase of its own.
            if report.failed and report.when == "???":
                self._lost(report)
            return
        properties = dict(report.user_properties)
        fatal = properties.get(FATAL)
        if isinstance(fatal, (list, tuple)):
            self._stop(_fatal(int(fatal[0]), str(fatal[1])))
        result = properties.get(PROPERTY)
        if isinstance(result, dict):
            self._keep(result)

    def _lost(self, report: pytest.TestReport) -> None:
        path, _, name = report.nodeid.partition("::")
        bug = Path(path).parent.name
        cell = self._campaign.find(bug, name) or self._campaign.find(bug, name.rpartition("@")[0])
        if cell:
            self._keep(broken_cell(cell, f"a worker died: {report.longrepr}", f"repro/{bug}/README.md"))

    def _keep(self, result: dict[str, Any]) -> None:
        if self._campaign.fatal:
            return
        try:
            self._campaign.store.add(result)
        except FaultlineError as error:
            self._stop(error)
            return
        try:
            self._campaign.config.hook.pytest_faultline_result(cell=result)
        except OSError as error:
            self._stop(MissingError(f"{STDOUT_PROBLEM}: {error.strerror}"))

    def _stop(self, error: FaultlineError) -> None:
        self._campaign.fatal = self._campaign.fatal or error
        if self._session:
            self._session.shouldstop = str(error)
        # pytest-xdist has a flag of its own.
        distributed = self._campaign.config.pluginmanager.get_plugin("dsession")
        if distributed:
            distributed.shouldstop = str(error)

    def pytest_keyboard_interrupt(self) -> None:
        """Ends the workers at once; their jails end with them."""
        for pid in processes.children(os.getpid()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def _fatal(code: int, message: str) -> FaultlineError:
    error = FaultlineError(message)
    error.exit_code = code
    return error
