"""The command line as a user meets it: help at once, errors as messages, the right exit codes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import maskwright
from maskwright.cli.main import main
from maskwright.errors import MaskwrightError

COMMANDS = [
    *("demo", "run", "masks", "train", "evaluate", "predict", "export", "report", "models", "recipes", "doctor"),
]


def in_new_process(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom maskwright.cli.main import main\nassert main(['--help']) == 0\n"
        "heavy = {'torch', 'numpy', 'cv2', 'pydantic', 'matplotlib', 'hotcoco'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = in_new_process(code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert "Usage:" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["trian"], ["run"], ["run", "demo-semantic", "--ephocs", "3"], ["masks", "a.json"]]
)
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    assert main(arguments) == 2


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        (["run", "demo-semantics"], "demo-semantic"),
        (["run", "deeplab-5class"], "deeplab-mobilenet-5class"),
        (["recipes", "show", "demo-instances"], "demo-instance"),
        (["models", "deeplabv3_resnet"], "deeplabv3_resnet50"),
        (["masks", "nothing/labels.json", "--out", "nowhere"], "does not exist"),
        (["report", "no-such-run"], "not a run folder"),
        (["predict", "no-such-run", "no-such-images", "--out", "nowhere"], "no-such-images"),
    ],
)
def test_unknown_names_and_files_end_with_2_and_a_hint(
    arguments: list[str], nearest: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    shown = capsys.readouterr().err
    assert nearest in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_version_is_the_package_s(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([option]) == 0
    assert capsys.readouterr().out == f"maskwright {maskwright.__version__}\n"


def test_the_shell_completes_commands() -> None:
    asked = {"_MASKWRIGHT_COMPLETE": "complete_bash", "COMP_WORDS": "maskwright do", "COMP_CWORD": "1"}
    code = (
        f"import os, sys\nos.environ |= {asked}\nsys.argv = ['maskwright']\n"
        "from maskwright.cli.main import script\nscript()"
    )
    assert in_new_process(code).stdout.split() == ["doctor"]


@pytest.mark.parametrize("with_torch", [False, True])
def test_a_process_without_torch_ends_without_a_search_for_garbage(with_torch: bool) -> None:
    code = (
        "import atexit, gc, sys, types\n"
        "atexit.register(lambda: print(gc.get_freeze_count() > 0))\n"
        "sys.argv = ['maskwright', '--version']\n"
        f"sys.modules |= {{'torch': types.ModuleType('torch')}} if {with_torch} else {{}}\n"
        "from maskwright.cli.main import script\nscript()"
    )
    assert in_new_process(code).stdout.split()[-1] == str(not with_torch)


def test_recipes_are_listed_shown_and_copied(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipes"]) == 0
    listed = capsys.readouterr().out
    for name in ("demo-semantic", "demo-instance", "deeplab-mobilenet-5class", "deeplabplus-mobilenetv2-5class"):
        assert name in listed
    assert main(["recipes", "show", "demo-semantic"]) == 0
    shown = capsys.readouterr().out
    copy = tmp_path / "mine.yaml"
    assert main(["recipes", "copy", "demo-semantic", "--out", str(copy)]) == 0
    assert copy.read_text() == shown
    assert main(["recipes", "copy", "demo-semantic", "--out", str(copy)]) == 0  # the same content
    copy.write_text("mine")
    assert main(["recipes", "copy", "demo-semantic", "--out", str(copy)]) == 2
    assert copy.read_text() == "mine"
    capsys.readouterr()
    assert main(["recipes", "schema"]) == 0
    assert "train" in json.loads(capsys.readouterr().out)["properties"]


def test_models_lists_the_catalogue_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    names = [model["name"] for model in json.loads(capsys.readouterr().out)]
    assert "residual_attention_unet" in names
    assert "smp:ARCHITECTURE/ENCODER" in names


def test_every_verb_is_a_function_of_the_package() -> None:
    for name in maskwright.__all__:
        assert callable(getattr(maskwright, name)) or name == "__version__"
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = maskwright.trian


def test_an_output_that_is_a_file_is_an_error_and_no_traceback(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    annotations = tmp_path / "a.json"
    annotations.write_text('{"images": [], "annotations": [], "categories": [{"id": 1, "name": "cat"}]}')
    (tmp_path / "taken").write_text("")
    assert main(["masks", str(annotations), "--out", str(tmp_path / "taken")]) == 2
    assert "taken" in capsys.readouterr().err


@pytest.mark.parametrize("turned", [False, True])
def test_ctrl_c_during_the_imports_is_answered_without_a_traceback(
    turned: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some libraries turn a Ctrl-C during their import into an ImportError."""

    def interrupted(_: str) -> object:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        except KeyboardInterrupt:
            if turned:
                raise ImportError("KeyboardInterrupt: <EMPTY MESSAGE>") from None
            raise
        return None

    monkeypatch.setattr("maskwright.cli.main.import_module", interrupted)
    assert main(["--version"]) == 1
    assert capsys.readouterr().err == "Aborted!\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("[enforce fail] . DefaultCPUAllocator: can't allocate memory: you tried")]
)
def test_a_lack_of_memory_is_said_in_one_line(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("maskwright.workflows.recipes.list_recipes", fail)
    assert main(["recipes"]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("error: out of memory (")
    assert shown.count("\n") == 1


def test_ctrl_c_during_the_work_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)

    monkeypatch.setattr("maskwright.workflows.check.check", interrupted)
    assert main(["check", str(tmp_path / "labels.json")]) == 130
    assert capsys.readouterr().err == "Aborted!\n"


def test_an_error_that_a_library_makes_of_ctrl_c_is_no_fault_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def turned(*_: object, **__: object) -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        except KeyboardInterrupt:
            raise MaskwrightError("labels.json: is damaged.") from None

    monkeypatch.setattr("maskwright.workflows.check.check", turned)
    assert main(["check", str(tmp_path / "labels.json")]) == 130
    assert capsys.readouterr().err == "Aborted!\n"
