"""Batches whose inputs and results lie in object storage, which is all that their workers share."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import boto3
import fsspec
import pytest
from support.batches import QUIET, batch, files, same
from support.village import village

import stationplan as sp
from stationplan.batch import run_batch
from stationplan.batch.folder import storage_at
from stationplan.batch.work import Task, do
from stationplan.cli.app import main
from stationplan.errors import InputError, ServiceError
from stationplan.inputs.services.remote_scenario import fetched
from stationplan.storage.remote import Remote, local_path

pytestmark = [
    pytest.mark.filterwarnings("ignore:datetime.datetime.utc:DeprecationWarning"),
    # A worker that is killed leaves its connections open.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def server():
    """The client of a server that speaks S3; programs find it by the environment."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - slow to load

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        served = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        served.start()
        host, port = served.get_host_and_port()
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        client = boto3.client("s3")
        client.create_bucket(Bucket="union")
        yield client
        served.stop()


@pytest.fixture(scope="module")
def done(server, tmp_path_factory):
    """A batch of this machine, and the same from the bucket into the bucket."""
    folder = tmp_path_factory.mktemp("village")
    path = village(folder, "robustness_draws = 0\nnew = 2")
    batch(sp.load_scenario(path), folder / "out", workers=1)
    for one in folder.iterdir():
        if one.is_file():
            server.upload_file(str(one), "union", f"in/{one.name}")
    with pytest.raises(SystemExit) as ended:
        main(
            [
                *("batch", "s3://union/in/village.toml", "--by", "county"),
                *("--out", "s3://union/out", "--workers", "2", "--lang", "zh"),
            ]
        )
    assert ended.value.code == 0
    return path, folder / "out"


def stored(server, prefix="out/"):
    """What the bucket holds below a prefix: the time of each file."""
    listed = server.list_objects_v2(Bucket="union", Prefix=prefix).get("Contents", [])
    return {item["Key"].removeprefix(prefix): item["LastModified"] for item in listed}


def downloaded(server, folder, prefix="out/"):
    for name in stored(server, prefix):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        server.download_file("union", prefix + name, str(folder / name))
    return folder


def copied(server, to):
    for name in stored(server):
        server.copy_object(Bucket="union", Key=to + name, CopySource={"Bucket": "union", "Key": f"out/{name}"})


def test_from_bucket_to_bucket_the_bytes_are_those_of_this_machine(done, server, tmp_path):
    _, local = done
    assert same(local, downloaded(server, tmp_path))
    assert len(files(local)) > 15


def test_what_stands_is_kept_and_half_a_unit_is_done_anew(done, server, tmp_path):
    path, local = done
    copied(server, "half/")
    scenario = sp.load_scenario(path)
    times = stored(server, "half/")
    assert batch(scenario, "s3://union/half").kept == 2
    units = {name for name in times if name.startswith("units/")}
    assert {name: stored(server, "half/")[name] for name in units} == {name: times[name] for name in units}
    server.delete_object(Bucket="union", Key="half/units/West/done.json")
    server.delete_object(Bucket="union", Key="half/units/West/report.html")
    server.put_object(Bucket="union", Key="half/units/West/surface.gpkg", Body=b"of an older version")
    server.put_object(Bucket="union", Key="half/.parts.1@elsewhere.x/a.unit", Body=b"of another machine")
    assert batch(scenario, "s3://union/half", workers=1).kept == 1
    server.delete_object(Bucket="union", Key="half/.parts.1@elsewhere.x/a.unit")
    assert same(local, downloaded(server, tmp_path, "half/"))


def test_a_changed_candidate_redoes_its_unit(done, server, tmp_path):
    path, _ = done
    copied(server, "changed/")
    data = shutil.copytree(path.parent, tmp_path / "data", ignore=shutil.ignore_patterns("out"))
    table = data / "candidates.csv"
    lines = table.read_text("utf-8").splitlines()
    table.write_text("\n".join([*lines[:-1], lines[-1] + "1"]) + "\n", encoding="utf-8")  # the easternmost, dearer
    assert batch(sp.load_scenario(data / "village.toml"), "s3://union/changed", workers=1).kept == 1


def test_a_file_url_is_the_folder(done, tmp_path):
    path, local = done
    run_batch(sp.load_scenario(path), (tmp_path / "a b").as_uri(), by="county", workers=1)
    assert same(local, tmp_path / "a b")
    assert local_path(path.as_uri()) == path


def test_workers_that_share_nothing_but_storage_lose_and_double_nothing(done, server, tmp_path):
    path, local = done
    program = [sys.executable, "-m"]
    scheduler = subprocess.Popen(
        [*program, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    address = next(line.split("Scheduler at:")[1].strip() for line in scheduler.stderr if "Scheduler at:" in line)
    workers = []
    for number in range(2):
        home = tmp_path / f"machine-{number}"
        home.mkdir()
        command = [*program, "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny"]
        workers.append(subprocess.Popen(command, cwd=home, **QUIET))
    ended = []

    def told(number, total, message):
        ended.append(str(message))
        if number == 1:
            workers[0].kill()

    try:
        made = batch(sp.load_scenario(path), "s3://union/cluster", scheduler=address, told=told)
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()
        scheduler.stderr.close()
    assert not made.failed
    assert sorted(ended) == ["East is finished.", "West is finished."]
    assert same(local, downloaded(server, tmp_path / "got", "cluster/"))


def test_a_unit_that_stands_is_left_alone_when_it_is_asked_for_again(tmp_path):
    storage = storage_at(tmp_path)
    kept = json.dumps({"schema": 2, "fingerprint": "f", "sha256": {}})
    (tmp_path / "units/West").mkdir(parents=True)
    (tmp_path / "units/West/done.json").write_text(kept, encoding="utf-8", newline="")
    task = Task("West", storage, "nowhere.unit", "0", "units/West", "f", "zh")  # its part is gone already
    assert do(task).reason == ()
    assert [path.name for path in (tmp_path / "units/West").iterdir()] == ["done.json"]
    assert do(replace(task, fingerprint="g")).reason != ()


def test_only_named_files_are_fetched_and_faults_name_the_url(done, server, tmp_path):
    text = (done[0]).read_text("utf-8")
    server.put_object(Bucket="union", Key="bad/base.toml", Body=text.replace("cells.csv", "none.csv").encode())
    server.put_object(Bucket="union", Key="bad/deep/top.toml", Body=b'extends = "../base.toml"\n')
    server.put_object(Bucket="union", Key="bad/out.toml", Body=b'extends = "../../../base.toml"\n')
    with fetched("s3://union/in/village.toml") as (path, _):
        assert len(list(path.parent.iterdir())) == len(stored(server, "in/"))
    with (
        pytest.raises(InputError, match=r"none\.csv does not exist in s3://union/bad/deep, s3://union/bad"),
        fetched("s3://union/bad/deep/top.toml") as (path, _),
    ):
        sp.load_scenario(path).locate("none.csv")
    with (
        pytest.raises(InputError, match=r"s3://union/bad/out\.toml \[extends\].*another location"),
        fetched("s3://union/bad/out.toml"),
    ):
        pass
    with (
        pytest.raises(InputError, match=r"s3://union/no\.toml: The scenario file does not exist"),
        fetched("s3://union/no.toml"),
    ):
        pass
    with fetched(done[0], "s3://union/in") as (path, data):
        assert path == done[0]
        assert {one.name for one in data.iterdir()} == {
            *("nodes.csv", "edges.csv", "cells.csv", "stations.csv", "candidates.csv", "districts.geojson")
        }


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("s3://nobody/out", r"s3://nobody/out: This location does not exist\. Check the name of the bucket"),
        ("nonsense://a/b", "This URL is not valid: .*nonsense"),
        ("s3://union/in", r"contains files that are not results of a batch: candidates\.csv"),
    ],
)
def test_a_place_that_cannot_be_is_told_at_once(done, place, told):
    with pytest.raises(InputError, match=told):
        batch(sp.load_scenario(done[0]), place)


@pytest.mark.parametrize("package", ["fsspec", "s3fs"])
def test_a_missing_package_is_named(done, monkeypatch, package):
    if package == "s3fs":
        monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, "s3", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=r"(?s)package.*pip install 'stationplan\[storage\]'"):
        batch(sp.load_scenario(done[0]), "s3://union/none")


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (PermissionError("403"), InputError, r"refusing://a: Access denied: 403 Check the credentials"),
        (RuntimeError("503"), ServiceError, r"refusing://a gave an unexpected answer: 503 Check the URL"),
    ],
)
def test_what_the_storage_refuses_is_told_with_a_cure(error, kind, told):
    class Refusing(fsspec.AbstractFileSystem):
        protocol = "refusing"

        def ls(self, path, **_options):
            raise error

    fsspec.register_implementation("refusing", Refusing, clobber=True)
    with pytest.raises(kind, match=told):
        Remote("refusing://a").names()


def test_a_shapefile_is_fetched_with_its_other_files(tmp_path):
    path = village(tmp_path, "new = 2")
    text = path.read_text("utf-8").replace("districts.geojson", "halves.shp")
    memory = fsspec.filesystem("memory")
    memory.pipe("/box/in/village.toml", text.encode())
    names = {"halves.shp", "halves.shx", "halves.dbf", "halves.PRJ", "cells.csv"}
    for name in {*names, "halves.txt", "other.shp", "other.dbf"}:
        memory.pipe(f"/box/in/{name}", b"")
    with fetched("memory://box/in/village.toml") as (copy, _):
        assert {one.name for one in copy.parent.iterdir()} == {*names, "village.toml"}
    assert not copy.exists()


def test_secrets_of_a_url_are_not_shown():
    assert str(Remote("sftp://office:secret@host/a?key=1")) == "sftp://office:***@host/a?***"
