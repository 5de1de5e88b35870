"""Packages: what is written, what opens, and everything that is refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from infra import signing
from infra.clouds.folder import Folder
from pipelines.errors import PackageRefused, StoreUnavailable, VersionsDiffer
from pipelines.features.mapper import Mapper
from pipelines.features.user_function import source_digest
from pipelines.models import manifest as manifests
from pipelines.models.catalogue import ESTIMATORS
from pipelines.models.exponential import exp
from pipelines.models.manifest import Manifest, version_of
from pipelines.models.package import Package, TrainedModel, open_package, write
from pipelines.models.signature_format import Sign, Signature, Verify

MakeDraft = Callable[..., TrainedModel]
SMALL = {"n_estimators": 3, "max_iter": 30}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The folder of a model's versions, which nobody made yet."""
    return tmp_path / "store" / "models" / "delays"


def written_to(models: Path, draft: TrainedModel, sign: Sign) -> Path:
    """Write a package; return its folder."""
    return models / write(Folder(models.parent), draft, sign=sign).version


def opened(folder: Path, verify: Verify) -> Package:
    """Open the package of a folder."""
    return open_package(
        Folder(folder.parent.parent), folder.parent.name, folder.name, verify=verify
    )


@pytest.fixture
def package(make_draft: MakeDraft, models: Path, sign: Sign) -> Path:
    """A package that opens."""
    return written_to(models, make_draft(), sign)


def resigned(folder: Path, sign: Sign, change: Callable[[dict[str, Any]], object]) -> None:
    """What somebody with a trusted key could do to a manifest."""
    content = json.loads((folder / "manifest.json").read_bytes())
    change(content)
    data = json.dumps(content).encode()
    (folder / "manifest.json").write_bytes(data)
    (folder / "signature.json").write_bytes(sign(data).to_json())


@pytest.mark.parametrize(
    "name", [entry.name for entry in ESTIMATORS.values() if entry.negative_features]
)
def test_each_estimator_predicts_from_its_package_what_it_predicted_before(
    name: str,
    *,
    make_draft: MakeDraft,
    raw_rows: pa.RecordBatch,
    models: Path,
    sign: Sign,
    verify: Verify,
) -> None:
    """Fit, package, open, predict: the same bits."""
    small = {key: value for key, value in SMALL.items() if key in ESTIMATORS[name].parameters}
    draft = make_draft(name, **small)
    folder = written_to(models, draft, sign)

    scores = opened(folder, verify).predict(raw_rows)

    expected = draft.evaluator.predict(
        Mapper(draft.recipe.features, draft.statistics).map(raw_rows)
    )
    for field in ("codes", "score", "value"):
        before, after = getattr(expected, field), getattr(scores, field)
        assert (before is None) == (after is None)
        assert before is None or before.tobytes() == after.tobytes()


def test_the_second_fit_of_the_same_writes_nothing(
    make_draft: MakeDraft, models: Path, sign: Sign
) -> None:
    first = write(Folder(models.parent), make_draft(), sign=sign)
    before = {path: path.stat().st_mtime_ns for path in models.rglob("*")}

    second = write(Folder(models.parent), make_draft(), sign=sign)

    assert (first.is_new, second.is_new) == (True, False)
    assert first.version == second.version
    assert {path: path.stat().st_mtime_ns for path in models.rglob("*")} == before


def test_a_package_is_readable(package: Path) -> None:
    """By people and by other programs: JSON, `.npy`, Arrow and sorted 64-bit numbers."""
    content = json.loads((package / "manifest.json").read_bytes())

    assert content["recipe"]["estimator"] == "LogisticRegression"
    assert np.load(package / "evaluator" / "coefficients.npy").shape == (1, 6)
    keys = np.fromfile(package / "training_keys.bin", dtype="<u8")
    assert len(keys) == 300
    assert (np.diff(keys.astype(object)) > 0).all()
    with pa.ipc.open_file(package / "golden" / "rows.arrow") as rows:
        assert rows.schema.names == ["size", "kind of row"]


def test_training_rows_are_recognised(package: Path, verify: Verify) -> None:
    package_again = opened(package, verify)
    known, ends = package_again.training_keys[[5, 0, 299]], np.array([0, 2**64 - 1], np.uint64)

    seen = package_again.seen_in_training(np.concatenate([known, known + 1, ends]))

    assert seen.tolist() == [True] * 3 + [False] * 5


def test_without_training_keys_nothing_was_seen(
    make_draft: MakeDraft, models: Path, sign: Sign, verify: Verify
) -> None:
    draft = replace(make_draft(), training_keys=np.empty(0, np.uint64))
    package_again = opened(written_to(models, draft, sign), verify)

    assert package_again.seen_in_training(np.array([0, 1], np.uint64)).tolist() == [False, False]


def every_file(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def test_one_flipped_bit_of_any_file_is_refused(package: Path, verify: Verify) -> None:
    """The first, the middle and the last byte, each bit in turn."""
    for name in every_file(package):
        path = package / name
        original = path.read_bytes()
        for number, at in enumerate({0, len(original) // 2, len(original) - 1}):
            changed = bytearray(original)
            changed[at] ^= 1 << (number * 3) % 8
            path.write_bytes(changed)
            with pytest.raises(PackageRefused):
                opened(package, verify)
        path.write_bytes(original)
    opened(package, verify)


def test_a_missing_file_is_refused(package: Path, verify: Verify) -> None:
    for name in every_file(package):
        hidden = (package / name).read_bytes()
        (package / name).unlink()
        with pytest.raises(PackageRefused, match=name.rpartition("/")[2]):
            opened(package, verify)
        (package / name).write_bytes(hidden)


@pytest.mark.parametrize("name", ["extra.py", "evaluator/extra.npy", "deep/er/extra", ".hidden"])
def test_an_added_file_is_refused_at_any_depth(name: str, package: Path, verify: Verify) -> None:
    path = package / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()

    with pytest.raises(PackageRefused, match="were added"):
        opened(package, verify)


@pytest.mark.parametrize(
    "name", ["manifest.json", "signature.json", "training_keys.bin", "evaluator", "golden"]
)
def test_a_link_is_refused_even_to_the_same_bytes(
    name: str, package: Path, tmp_path: Path, verify: Verify
) -> None:
    """What it points to could change after it was checked."""
    (package / name).rename(tmp_path / "elsewhere")
    (package / name).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(PackageRefused):
        opened(package, verify)


def test_a_device_is_refused_and_not_read(package: Path, verify: Verify) -> None:
    """Reading a pipe would wait for ever."""
    for name in ("training_keys.bin", "manifest.json"):
        original = (package / name).read_bytes()
        (package / name).unlink()
        os.mkfifo(package / name)
        with pytest.raises(PackageRefused):
            opened(package, verify)
        (package / name).unlink()
        (package / name).write_bytes(original)


def test_an_unsigned_package_is_refused(package: Path, verify: Verify) -> None:
    (package / "signature.json").unlink()

    with pytest.raises(PackageRefused, match="unsigned"):
        opened(package, verify)


def test_a_package_of_a_stranger_is_refused(
    make_draft: MakeDraft,
    models: Path,
    key: signing.SigningKey,
    verify: Verify,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(models.parent / "stranger"))
    stranger = signing.own_key()
    folder = written_to(models, make_draft(), stranger.sign)

    with pytest.raises(PackageRefused, match=f"key {stranger.key_id}, trusted here: {key.key_id}"):
        opened(folder, verify)


def test_nothing_is_parsed_before_the_signature_was_verified(package: Path) -> None:
    """A manifest that would crash the parser is never given to it."""
    (package / "manifest.json").write_bytes(b"[" * 100_000)
    seen: list[bytes] = []

    def refuse(message: bytes, signature: Signature) -> None:
        seen.append(message + signature.value)
        raise PackageRefused("not trusted", fix="")

    with pytest.raises(PackageRefused, match="not trusted"):
        opened(package, refuse)
    assert len(seen) == 1


def test_no_file_is_used_before_all_were_verified(
    package: Path, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    (package / "training_keys.bin").write_bytes(b"")  # the last of the list
    monkeypatch.setattr("pipelines.models.package._assembled", lambda *_: pytest.fail("was used"))

    with pytest.raises(PackageRefused, match="training_keys"):
        opened(package, verify)


def test_a_package_in_the_place_of_another_is_refused(package: Path, verify: Verify) -> None:
    """Signed and whole, but not what was asked for: an old version, or another model."""
    other_version = package.with_name("0" * 12)
    other_model = package.parent.with_name("other") / package.name
    for place in (other_version, other_model):
        shutil.copytree(package, place)
        with pytest.raises(PackageRefused, match="place of another"):
            opened(place, verify)


def test_a_version_that_its_recipe_does_not_have_is_refused(
    package: Path, sign: Sign, verify: Verify
) -> None:
    resigned(package, sign, lambda content: content["recipe"].update(timezone="Asia/Tokyo"))

    with pytest.raises(PackageRefused, match="place of another"):
        opened(package, verify)


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "evaluator/../training_keys.bin"])
def test_a_list_cannot_point_out_of_the_folder(
    name: str, package: Path, sign: Sign, verify: Verify
) -> None:
    """Even a trusted manifest opens no file beside its own."""

    def move(content: dict[str, Any]) -> None:
        content["files"][name] = content["files"].pop("training_keys.bin")

    (package.parent / "outside").write_bytes((package / "training_keys.bin").read_bytes())
    (package / "training_keys.bin").unlink()
    resigned(package, sign, move)

    with pytest.raises(PackageRefused, match="missing"):
        opened(package, verify)


def test_another_minor_version_of_a_library_that_runs_it_is_refused(
    make_draft: MakeDraft,
    models: Path,
    sign: Sign,
    verify: Verify,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = written_to(models, make_draft("GaussianNB"), sign)
    here = manifests.installed(["numpy", "scikit-learn", "scipy", "skops"])
    monkeypatch.setattr(
        "pipelines.models.package.installed", lambda _: {**here, "scikit-learn": "1.99.0"}
    )

    with pytest.raises(VersionsDiffer, match=r"scikit-learn .*, here is 1\.99\.0") as refused:
        opened(folder, verify)
    assert "install scikit-learn==" in refused.value.fix
    assert (refused.value.exit_code, refused.value.code) == (8, "package_refused")


def test_a_changed_package_is_no_matter_of_versions(
    make_draft: MakeDraft,
    models: Path,
    sign: Sign,
    verify: Verify,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its files are looked at first."""
    folder = written_to(models, make_draft("GaussianNB"), sign)
    monkeypatch.setattr("pipelines.models.package.installed", lambda _: {})
    changed = folder / "training_keys.bin"
    changed.chmod(0o644)
    changed.write_bytes(changed.read_bytes() + b"x")

    with pytest.raises(PackageRefused, match="was changed") as refused:
        opened(folder, verify)
    assert not isinstance(refused.value, VersionsDiffer)


def test_plain_arrays_depend_on_no_library(package: Path, verify: Verify) -> None:
    assert opened(package, verify).manifest.evaluator.libraries == {}


def test_golden_rows_that_come_out_differently_are_refused(
    package: Path, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a machine whose arithmetic is another one."""
    monkeypatch.setattr(
        "pipelines.models.inverse_links.exp", lambda x: np.nextafter(exp(x), np.inf)
    )

    with pytest.raises(PackageRefused, match="golden rows"):
        opened(package, verify)


def test_the_users_function_comes_from_the_package(
    make_draft: MakeDraft, models: Path, sign: Sign, verify: Verify
) -> None:
    source = b"def prepare(batch):\n    return batch.select([0])\n"
    draft = make_draft()
    features = draft.recipe.features.model_copy(update={"function": "mine.py:prepare"})
    recipe = draft.recipe.model_copy(
        update={"features": features, "function": source_digest(source)}
    )
    folder = written_to(models, replace(draft, recipe=recipe, function=source), sign)

    function = opened(folder, verify).function()

    assert function is not None
    assert function(draft.golden).num_columns == 1


def test_a_function_that_is_not_the_recipes_is_refused(
    make_draft: MakeDraft, models: Path, sign: Sign
) -> None:
    with pytest.raises(PackageRefused, match="function"):
        write(Folder(models.parent), replace(make_draft(), function=b"x = 1"), sign=sign)
    assert not models.exists()


def test_what_does_not_compute_what_was_fitted_is_not_signed(
    make_draft: MakeDraft, models: Path, sign: Sign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An evaluator whose files lose a bit is found before anything is written."""
    draft = make_draft()
    files = draft.evaluator.files()
    files["intercepts.npy"] = files["intercepts.npy"][:-8] + np.float64(0.123).tobytes()
    monkeypatch.setattr(type(draft.evaluator), "files", lambda _: files)

    with pytest.raises(PackageRefused, match="golden rows"):
        write(Folder(models.parent), draft, sign=sign)
    assert not models.exists()


@pytest.mark.parametrize("fatal", range(6))
def test_a_place_that_is_full_leaves_no_package(
    fatal: int,
    *,
    make_draft: MakeDraft,
    models: Path,
    sign: Sign,
    verify: Verify,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was written before has no signature, and the next write completes it."""
    put = Folder.put
    before: list[str] = []

    def full(folder: Folder, name: str, content: bytes, *, if_absent: bool = False) -> object:
        before.append(name)
        if len(before) > fatal:
            raise StoreUnavailable("No space left", fix="")
        return put(folder, name, content, if_absent=if_absent)

    monkeypatch.setattr(Folder, "put", full)
    with pytest.raises(StoreUnavailable, match="No space left"):
        write(Folder(models.parent), make_draft(), sign=sign)
    monkeypatch.undo()
    assert not list(models.rglob("signature.json"))

    folder = written_to(models, make_draft(), sign)

    assert opened(folder, verify).version == folder.name


def test_of_two_fits_at_once_one_writes(
    make_draft: MakeDraft, models: Path, sign: Sign, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other finds the signature there at its last step, and that is no error."""
    draft = make_draft()
    link = os.link

    def late(scratch: Path, target: Path) -> None:
        shutil.copyfile(scratch, target)
        link(scratch, target)

    monkeypatch.setattr(os, "link", late)

    written = write(Folder(models.parent), draft, sign=sign)

    assert not written.is_new
    assert opened(models / written.version, verify).version == version_of(draft.recipe)


def test_a_kill_at_any_moment_leaves_a_whole_package_or_none(
    package: Path, tmp_path: Path, verify: Verify
) -> None:
    """SIGKILL after so many file operations; the next write then completes."""
    content = {name: (package / name).read_bytes() for name in every_file(package)}
    source = tmp_path / "source"
    package.rename(source)
    program = """
import os, signal, sys
from pathlib import Path
from infra.clouds.folder import Folder
from pipelines.models.sealed_folder import write_sealed
source, folder, fatal = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
files = {p.relative_to(source).as_posix(): p.read_bytes() for p in source.rglob("*") if p.is_file()}
manifest, signature = files.pop("manifest.json"), files.pop("signature.json")
count = 0
def audit(event, arguments):
    global count
    if event in ("open", "os.mkdir", "os.rename", "os.remove", "os.link"):
        count += 1
        if count == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(audit)
write_sealed(Folder(folder), files, manifest, signature)
"""
    killed = 0
    for fatal in (1, 2, 3, 5, 8, 12, 16, 20, 22, 24, 26, 28, 30, 1000):
        run = subprocess.run(
            [sys.executable, "-c", program, source, package, str(fatal)], check=False
        )
        killed += run.returncode == -9
        if (package / "signature.json").exists():
            assert {name: (package / name).read_bytes() for name in content} == content
            opened(package, verify)
            shutil.rmtree(package)
    assert run.returncode == 0
    assert killed >= 8


def test_opening_plain_arrays_is_quick(package: Path, verify: Verify) -> None:
    """It is part of each cold start."""
    opened(package, verify)
    began = time.process_time()

    opened(package, verify)

    assert time.process_time() - began < 0.1


def test_the_manifest_of_a_package_knows_its_libraries(package: Path) -> None:
    libraries = Manifest.from_json((package / "manifest.json").read_bytes()).libraries

    assert {"numpy", "pyarrow", "scikit-learn", "skops"} <= set(libraries)
