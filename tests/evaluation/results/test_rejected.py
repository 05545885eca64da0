from maskwright.evaluation.results.rejected import REMEDIES, RejectedResults


def test_every_record_counts_and_the_first_are_named():
    left_out = RejectedResults()
    for position in range(7):
        left_out.add("bad_score", position, "has the score nan")
    left_out.add("bad_box", 9, "has bbox []")
    assert left_out.total == 8
    lines = left_out.lines("r.json")
    assert lines[0] == "r.json: record 9 has bbox []; not scored."
    assert "r.json: … and 2 more of bad_score." in lines
    assert sum("remedy" in line for line in lines) == 2
    assert left_out.to_json()["bad_score"]["count"] == 7
    assert left_out.to_json()["bad_score"]["remedy"] == REMEDIES["bad_score"]


def test_nothing_left_out_says_nothing():
    assert RejectedResults().lines("r.json") == []
    assert RejectedResults().to_json() == {}
