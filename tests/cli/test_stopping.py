"""Ctrl-C and SIGTERM at any moment: the program ends within a second, says what it has written, and leaves no draft."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from support.village import village

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")

PROGRAM = "from stationplan.cli import main; main()"
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}

PATCHED = textwrap.dedent(
    """
    import signal, sys, time
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for commands in the background
    from stationplan.cli import main
    from stationplan.storage import files
    import stationplan.api.output as output
    import stationplan.planning.pipeline as pipeline

    def sleep_on():  # as a callback that swallows the interrupt
        try:
            time.sleep(1)
        except KeyboardInterrupt:
            pass

    def wait():
        print("ready", flush=True)
        {wait}

    {patch}
    main()
    """
)
SLEEPS = "time.sleep(60)"
STUBBORN = "[sleep_on() for _ in range(60)]"
DURING = {
    "inputs": "import stationplan.planning.prepare as prepare; prepare.read_tables = lambda *_, **__: wait()",
    "writing": "output.write_workbook = lambda *_, **__: wait()",
}


def stopped(folder, number, *, during, wait):
    """Stop a run that waits; return exit code, seconds, standard error, and what is left beside the inputs."""
    scenario = village(folder / "in", "new = 1")
    code = PATCHED.format(wait=wait, patch=DURING[during])
    command = [sys.executable, "-c", code, "run", str(scenario), "--out", str(folder / "out"), "--lang", "en"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout.readline() == "ready\n"
        time.sleep(0.1)  # the line is printed just before the wait
        begin = time.monotonic()
        run.send_signal(number)
        said = run.stderr.read()
        run.wait()
        seconds = time.monotonic() - begin
    return run.returncode, seconds, said, sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("during", DURING)
@pytest.mark.parametrize("wait", [SLEEPS, STUBBORN], ids=["willing", "stubborn"])
def test_a_stopped_run_ends_at_once_and_leaves_nothing(tmp_path, number, during, wait):
    code, seconds, said, left = stopped(tmp_path, number, during=during, wait=wait)
    assert (code, left) == (CODES[number], ["in"])
    assert said == "Stopped. Nothing was changed; the same command starts again.\n"
    assert seconds < 5  # a second, on a machine that does nothing else


def test_a_signal_that_the_caller_ignores_stays_ignored(tmp_path):
    code = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + PROGRAM
    scenario = village(tmp_path / "in", "new = 1")
    with subprocess.Popen(
        [sys.executable, "-c", code, "check", str(scenario)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        time.sleep(0.5)
        run.send_signal(signal.SIGINT)
        run.communicate()
    assert run.returncode == 0


def test_complete_units_of_a_batch_are_told(tmp_path):
    pytest.importorskip("distributed")
    code = textwrap.dedent(
        """
        import signal, time
        signal.signal(signal.SIGINT, signal.default_int_handler)
        import stationplan.batch.run as run
        from stationplan.cli import main

        def league(*_, **__):
            print("ready", flush=True)
            time.sleep(60)

        if __name__ == "__main__":
            run.league_of = league
            main()
        """
    )
    program = tmp_path / "program.py"
    program.write_text(code)
    scenario = village(tmp_path / "in", "new = 1")
    text = scenario.read_text("utf-8")
    scenario.write_text(text.replace("[area]\n", '[area]\nprefecture = "prefecture"\n'), encoding="utf-8")
    out = tmp_path / "out"
    command = [sys.executable, program, "batch", scenario, "--by", "county", "--out", out, "--workers", "1"]
    settings = {**os.environ, "LANG": "C.UTF-8", "LC_ALL": ""}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=settings) as run:
        assert run.stdout.readline() == "ready\n"
        time.sleep(0.1)
        run.send_signal(signal.SIGTERM)
        said = run.stderr.read()
    assert run.returncode == 143
    assert said == "Stopped. 2 of 2 units are complete; the same command keeps them and plans the others.\n"
    assert sorted(path.name for path in (out / "units").iterdir()) == ["East", "West"]
