from maskwright.reports.kept_files import KeptFiles, source_digest


def test_a_file_is_found_again_by_what_it_is_made_of_and_only_by_that(tmp_path):
    kept = KeptFiles(tmp_path / "page")
    path = kept.path("losses", b"1 2", ".svg")
    assert path is not None
    assert not path.parent.exists()
    kept.keep(path, b"<svg>")
    assert path.name.startswith("losses-")
    assert KeptFiles(tmp_path / "page").path("losses", b"1 2", ".svg") == path
    assert path.read_bytes() == b"<svg>"
    assert len({kept.path("losses", made, ".svg") for made in (b"1 2", b"1 3", b"")}) == 3


def test_what_nobody_asked_for_is_removed(tmp_path):
    kept = KeptFiles(tmp_path)
    for made in (b"1", b"2"):
        kept.keep(kept.path("losses", made, ".svg"), made)
    (tmp_path / "folder").mkdir()
    later = KeptFiles(tmp_path)
    wanted = later.path("losses", b"2", ".svg")
    assert wanted is not None
    later.remove_others()
    assert sorted(tmp_path.iterdir()) == sorted([wanted, tmp_path / "folder"])


def test_without_a_folder_nothing_is_kept_and_nothing_removed(tmp_path):
    for kept in (KeptFiles(), KeptFiles(tmp_path / "absent")):
        kept.remove_others()
    assert KeptFiles().path("losses", b"", ".svg") is None
    KeptFiles().keep(None, b"lost")


def test_the_digest_of_sources_is_that_of_their_code_whatever_their_order(tmp_path):
    (tmp_path / "a.py").write_text("a = 1")
    (tmp_path / "b.py").write_text("b = 1")
    first = source_digest(sorted(tmp_path.iterdir()))
    (tmp_path / "notes.txt").write_text("no code")
    assert source_digest(sorted(tmp_path.iterdir(), reverse=True)) == first
    (tmp_path / "b.py").write_text("b = 2")
    assert source_digest(tmp_path.iterdir()) != first
